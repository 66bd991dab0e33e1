"""How one kind of record is pulled and pushed."""

from collections.abc import Mapping
from typing import Any

from django import forms

from integrations.models import ObjectSettings
from integrations.sync.provider import Description, RemoteField

NO_STAGE = "none"


class ObjectSettingsForm(forms.ModelForm):
    """How one kind of record is pulled and pushed."""

    pull_every = forms.IntegerField(label="Minutes between pulls", min_value=1, max_value=24 * 60)

    class Meta:
        model = ObjectSettings
        fields = (
            "push_new",
            "push_by_stage",
            "push_stages",
            "create_as",
            "source_field",
            "source_value",
            "push_unverified_emails",
            "push_automatic_owner",
            "without_account",
            "is_visible",
            "match_accounts",
            "pull_every",
        )
        widgets = {
            "push_by_stage": forms.RadioSelect(
                choices=[(False, "All new records"), (True, "Only those in chosen stages")]
            )
        }

    CONTACTS_ONLY = ("create_as", "push_unverified_emails", "without_account", "match_accounts")

    def __init__(
        self, *args: Any, stages: list[tuple[int, str]], descriptions: Mapping[str, Description], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.descriptions = descriptions
        self.fields["push_stages"] = forms.MultipleChoiceField(
            label="Stages",
            required=False,
            choices=[(NO_STAGE, "No stage"), *((str(pk), name) for pk, name in stages)],
            widget=forms.CheckboxSelectMultiple,
        )
        self.initial["push_stages"] = [NO_STAGE if pk is None else str(pk) for pk in self.instance.push_stages]
        if self.instance.record_kind == "contact":
            self.fields["create_as"] = forms.ChoiceField(
                label="New people become",
                choices=[(name, f"{name}s") for name in ("Lead", "Contact") if name in descriptions],
            )
        else:
            for name in self.CONTACTS_ONLY:
                del self.fields[name]
        if self.instance.record_kind != "account":
            del self.fields["push_automatic_owner"]
        self._offer_sources()

    def _offer_sources(self) -> None:
        described = [self.descriptions[name] for name in self._created() if name in self.descriptions]
        writable = {
            remote.name: remote.label
            for description in described
            for remote in description.fields.values()
            if remote.is_createable and remote.type in {"picklist", "string", "combobox"} and not remote.is_required
        }
        choices = sorted(writable.items(), key=lambda pair: pair[1].lower())
        self.fields["source_field"] = forms.ChoiceField(
            label="Source field", required=False, choices=[("", "Write no source"), *choices]
        )
        self.values = self._known_values(described)

    def _created(self) -> tuple[str, ...]:
        return ("Lead", "Contact") if self.instance.record_kind == "contact" else ("Account",)

    def _known_values(self, described: list[Description]) -> list[str]:
        """The values that the org knows for the source, as suggestions."""
        fields = [one.fields.get(self.instance.source_field) for one in described]
        return sorted({value for field in fields if field for value in field.values})

    def clean_push_stages(self) -> list[int | None]:
        return [None if value == NO_STAGE else int(value) for value in self.cleaned_data["push_stages"]]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("push_new") and values.get("push_by_stage") and not values.get("push_stages"):
            self.add_error("push_stages", "Choose at least one stage, or push all new records.")
        created = values.get("create_as") or self._created()[-1]
        description = self.descriptions.get(created)
        remote = description.fields.get(values.get("source_field", "")) if description else None
        if remote and (fault := source_fault(remote, values.get("source_value", ""))):
            self.add_error("source_value", fault)
        return values


def source_fault(remote: RemoteField, value: str) -> str:
    """Why the source can't be written, "" when it can."""
    if not value:
        return "Say what to write, or choose to write no source."
    if remote.is_restricted and value not in remote.values:
        return f"“{remote.label}” allows only: {', '.join(remote.values)}."
    if remote.length and len(value) > remote.length:
        return f"“{remote.label}” holds {remote.length} characters at most."
    return ""
