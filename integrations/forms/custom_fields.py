"""A field that the team adds to a kind of record, made after one of Salesforce's or from nothing."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from common.models import CustomField
from integrations.sync.provider import NUMBERS, RemoteField

LISTS = {CustomField.Type.PICKLIST, CustomField.Type.MULTI_PICKLIST}
MOST_CHOICES, MOST_DECIMALS = 1_000, 6
# What of ours holds what a field of theirs holds.
ALIKE = {
    "string": CustomField.Type.TEXT,
    "textarea": CustomField.Type.LONG_TEXT,
    "date": CustomField.Type.DATE,
    "datetime": CustomField.Type.DATETIME,
    "boolean": CustomField.Type.BOOLEAN,
    "picklist": CustomField.Type.PICKLIST,
    "combobox": CustomField.Type.PICKLIST,
    "multipicklist": CustomField.Type.MULTI_PICKLIST,
    "url": CustomField.Type.URL,
    "email": CustomField.Type.EMAIL,
    "phone": CustomField.Type.PHONE,
    **dict.fromkeys(NUMBERS, CustomField.Type.NUMBER),
}


class CustomFieldForm(forms.ModelForm):
    """``labels``: what the fields of the kind are called by now."""

    choices = forms.CharField(
        label="Values",
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text="Of a picklist: one a line, in their order.",
    )

    class Meta:
        model = CustomField
        fields = ["label", "type", "decimals", "choices"]
        labels = {"label": "Name", "decimals": "Decimal places"}
        help_texts = {
            "type": "It can't be changed later. Lists are not filtered by long texts, nor by date and time.",
            "decimals": "Of a number.",
        }

    def __init__(self, data: Any = None, *, labels: set[str], like: RemoteField | None = None) -> None:
        super().__init__(data)
        self.labels = {label.casefold() for label in labels}
        self.fields["decimals"].required = False
        self.fields["decimals"].widget.attrs |= {"min": 0, "max": MOST_DECIMALS}
        self.fields["type"].choices = CustomField.Type.choices  # type: ignore[attr-defined]
        if like:
            self.initial = {
                "label": like.label,
                "type": ALIKE.get(like.type, CustomField.Type.TEXT),
                "decimals": min(like.scale, MOST_DECIMALS),
                "choices": "\n".join(like.values),
            }

    def clean_label(self) -> str:
        label = self.cleaned_data["label"].replace("\x00", "").strip()
        if label.casefold() in self.labels:
            raise ValidationError(f"There is a field called “{label}” already.")
        return str(label)

    def clean_decimals(self) -> int:
        decimals = self.cleaned_data["decimals"] or 0
        if decimals > MOST_DECIMALS:
            raise ValidationError(f"At most {MOST_DECIMALS}.")
        return int(decimals)

    def clean_choices(self) -> list[str]:
        lines = self.cleaned_data["choices"].replace("\x00", "").splitlines()
        values = list(dict.fromkeys(line.strip() for line in lines if line.strip()))
        if len(values) > MOST_CHOICES:
            raise ValidationError(f"At most {MOST_CHOICES:,} values.")
        if any(";" in value for value in values):
            raise ValidationError("Salesforce separates values by semicolons, so none may hold one.")
        return values

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("type") in LISTS and not values.get("choices") and "choices" not in self.errors:
            self.add_error("choices", "Give at least one value.")
        if values.get("type") not in LISTS:
            values["choices"] = []
        if values.get("type") != CustomField.Type.NUMBER:
            values["decimals"] = 0
        return values
