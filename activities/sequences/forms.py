from typing import Any

from django import forms

from activities.models import RecordList, Sequence, SequenceStep
from common.acting import acting_user
from common.models import RecordKind
from common.widgets import RecordPicker
from contacts.models import Contact

Kind = SequenceStep.Kind
LABELS = {
    Kind.EMAIL: {"subject": "Subject", "body": "Text"},
    Kind.CALL: {"subject": "What the call is about", "body": "Notes for the call"},
    Kind.TASK: {"subject": "What is to do", "body": "Notes"},
}


class SequenceForm(forms.ModelForm):
    class Meta:
        model = Sequence
        fields = ["name", "description", "hours"]
        widgets = {"description": forms.Textarea(attrs={"rows": 2})}
        help_texts = {
            "description": "What it is for. Everybody in the team sees the sequence.",
            "hours": "By the clock of whoever enrolled the person.",
        }


class StepForm(forms.ModelForm):
    """What is asked of a step depends on its kind."""

    class Meta:
        model = SequenceStep
        fields = ["wait", "unit", "subject", "body", "waits_for_task"]
        labels = {"wait": "Wait", "unit": "Unit"}

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        for name, label in LABELS[Kind(kind)].items():
            self.fields[name].label = label
        self.fields["wait"].widget.attrs["min"] = 0
        self.fields["body"].widget.attrs["rows"] = 8 if kind == Kind.EMAIL else 3
        self.fields["body"].required = kind == Kind.EMAIL
        if kind == Kind.EMAIL:
            del self.fields["waits_for_task"]

    def _post_clean(self) -> None:
        """The service checks; the instance that the page shows stays as it is."""


class EnrolForm(forms.Form):
    contact = forms.ModelChoiceField(
        Contact.objects.none(),
        label="A contact",
        widget=RecordPicker(RecordKind.CONTACT),
        error_messages={"required": "Choose a contact.", "invalid_choice": "The contact is not there any more."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        contacts: Any = self.fields["contact"]
        contacts.queryset = Contact.objects.visible_to(acting_user())


class EnrolListForm(forms.Form):
    list = forms.ModelChoiceField(
        RecordList.objects.of_kind(RecordKind.CONTACT).order_by("sort_name"),
        label="Everybody on a list",
        empty_label="Choose a list",
        error_messages={"required": "Choose a list.", "invalid_choice": "The list is not there any more."},
    )


class ChooseSequenceForm(forms.Form):
    """The sequence that a contact is taken into; one without steps takes nobody."""

    sequence = forms.ModelChoiceField(
        Sequence.objects.filter(steps__isnull=False).distinct().order_by("sort_name"),
        label="Sequence",
        empty_label="Choose a sequence",
        error_messages={"required": "Choose a sequence.", "invalid_choice": "It is not there any more."},
    )
