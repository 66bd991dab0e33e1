from typing import Any

from django import forms

from activities.models import RecordList
from common.acting import acting_user
from common.records import record_model
from common.visibility import seen_of
from common.widgets import RecordPicker


class ListForm(forms.ModelForm):
    """What a list holds is said when it is made: its records would not fit another kind."""

    class Meta:
        model = RecordList
        fields = ["name", "record_kind", "description"]
        labels = {"record_kind": "Holds"}
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}
        help_texts = {"description": "What it is for. Everybody in the team sees the list."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kind: Any = self.fields["record_kind"]
        kind.choices = [(value, f"{label}s") for value, label in kind.choices if value]
        if self.instance.pk:
            del self.fields["record_kind"]


class MemberForm(forms.Form):
    """One record that the user sees, to put on a list."""

    def __init__(self, kind: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["record"] = forms.ModelChoiceField(
            seen_of(record_model(kind), acting_user()),
            label=f"Add a {kind}",
            widget=RecordPicker(kind),
            error_messages={"required": "Choose one.", "invalid_choice": "It is not there any more."},
        )


class ListNameForm(forms.Form):
    """The name of a list, there already or new."""

    name = forms.CharField(max_length=120, label="List", error_messages={"required": "Type the name of a list."})
