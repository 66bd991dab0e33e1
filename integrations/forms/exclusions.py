"""A rule that keeps e-mails out of Salesforce, and the e-mail with which rules are tried."""

import re
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.forms.utils import ErrorDict

from common.folding import fold
from integrations.activity_rules.addresses import addresses_in, plain_address, plain_domain
from integrations.models import ExclusionRule
from integrations.models.activities import CONDITIONS

MOST = 200  # values of one kind
LONGEST = 255
DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+")


def _domain(text: str) -> str:
    if not DOMAIN.fullmatch(plain_domain(text)):
        raise ValidationError(f"“{text}” is not a domain. Write it like acme.com.")
    return text.removeprefix("*").lstrip("@.").rstrip(".").lower()


def _address(text: str) -> str:
    try:
        validate_email(plain_address(text))
    except ValidationError:
        raise ValidationError(f"“{text}” is not an e-mail address.") from None
    return text


def _words(text: str) -> str:
    if not re.search(r"\w", text):
        raise ValidationError(f"“{text}” has no letter or digit.")
    return " ".join(text.split())


class Lines(forms.CharField):
    """Several values, one a line, each once."""

    def __init__(self, check: Callable[[str], str], key: Callable[[str], str], **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 2, "placeholder": "One per line", "spellcheck": "false"})
        super().__init__(required=False, max_length=60_000, widget=widget, **kwargs)
        self.check, self.key = check, key

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        lines = [line.strip() for line in (super().to_python(value) or "").splitlines()]
        if len(lines) > MOST:
            raise ValidationError(f"{MOST} are the most. Make a second rule for the rest.")
        if long := [line for line in lines if len(line) > LONGEST]:
            raise ValidationError(f"“{long[0][:40]}…” is longer than {LONGEST} characters.")
        checked = [self.check(line) for line in lines if line]
        return list({self.key(one): one for one in reversed(checked)}.values())[::-1]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def _line_fields(side: str) -> dict[str, Lines]:
    return {
        f"{side}_domains": Lines(_domain, plain_domain, label="Domains"),
        f"{side}_addresses": Lines(_address, plain_address, label="Addresses"),
        f"{side}_keywords": Lines(_words, fold, label="Words of the subject"),
    }


class ExclusionForm(forms.ModelForm):
    """``seen``: when the rule was changed last, as the form shows it."""

    join = forms.ChoiceField(
        label="When both From and To are filled in, the rule keeps an e-mail out if",
        choices=ExclusionRule.Join,
        widget=forms.RadioSelect,
        initial=ExclusionRule.Join.AND,
    )
    seen = forms.DateTimeField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = ExclusionRule
        fields = ("name", "join")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in {**_line_fields("from"), **_line_fields("to")}.items():
            self.fields[name] = field
            self.initial[name] = getattr(self.instance, name)
        self.fields["name"].help_text = "Shown where it keeps an e-mail out."
        is_kept = not self.instance._state.adding
        self.initial["seen"] = self.instance.updated_at.isoformat() if is_kept else ""

    def as_draft(self) -> "ExclusionForm":
        self.is_valid()
        self._errors = ErrorDict()
        return self

    @property
    def sides(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [
            ("From", [self[name] for name in CONDITIONS if name.startswith("from")]),
            ("To", [self[name] for name in CONDITIONS if name.startswith("to")]),
        ]

    def clean_name(self) -> str:
        name = " ".join(str(self.cleaned_data["name"]).split())
        others = self.instance.connection.exclusion_rules.exclude(pk=self.instance.pk)
        if others.filter(name=name).exists():
            raise ValidationError("There is a rule of this name already.")
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for name in CONDITIONS:
            setattr(self.instance, name, values.get(name, []))
        if not self.errors and not any(values.get(name) for name in CONDITIONS):
            raise ValidationError("Fill in at least one domain, address or word: a rule without any keeps nothing out.")
        return values


class TesterForm(forms.Form):
    """An e-mail that may or may not exist."""

    sender = forms.CharField(label="From", required=False, max_length=1_000)
    recipients = forms.CharField(
        label="To",
        required=False,
        max_length=10_000,
        help_text="Several with commas between them. Cc and Bcc don’t count.",
    )
    subject = forms.CharField(label="Subject", required=False, max_length=1_000)
    belongs_here = forms.BooleanField(label="Sent in Tandem, or the answer to an e-mail that was", required=False)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "sender" in values and not plain_address(values["sender"]):
            self.add_error("sender", "Give the address of whoever sends it.")
        found = addresses_in(values.get("recipients", ""))
        if "recipients" in values and not any(map(plain_address, found)):
            self.add_error("recipients", "Give the address of somebody who gets it.")
        values["recipients"] = found
        return values
