from typing import Any

from django import forms

from activities.models import Activity
from common.widgets import DateInput, DateTimeInput

Kind = Activity.Kind
FIELDS: dict[str, list[str]] = {
    Kind.NOTE: ["body"],
    Kind.CALL: ["subject", "body", "happened_at"],
    Kind.MEETING: ["subject", "body", "happened_at"],
    Kind.TASK: ["subject", "due_on", "owner", "body"],
}


class ActivityForm(forms.ModelForm):
    """What is asked of an activity depends on its kind."""

    class Meta:
        model = Activity
        fields = ["subject", "due_on", "owner", "happened_at", "body"]
        labels = {"happened_at": "When", "due_on": "Due", "body": "Notes"}
        help_texts = {"happened_at": ""}
        widgets = {"due_on": DateInput, "happened_at": DateTimeInput, "body": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wanted = FIELDS.get(kind, ["subject", "body", "happened_at"])
        for name in set(self.fields) - set(wanted):
            del self.fields[name]
        for name, field in self.fields.items():
            field.show_hidden_initial = bool(self.instance.pk)
            field.required = name == (wanted[0]) or name == "happened_at"
        if owner := self.fields.get("owner"):
            owner.empty_label = "Nobody"  # type: ignore[attr-defined]
            owner.queryset = owner.queryset.filter(is_active=True)  # type: ignore[attr-defined]

    def changes(self) -> dict[str, Any]:
        values = {name: self.cleaned_data[name] for name in self.changed_data}
        return {name: v.replace("\r\n", "\n") if isinstance(v, str) else v for name, v in values.items()}
