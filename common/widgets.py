"""Inputs that Django lacks: dates by the browser's own picker, and one record out of very many."""

from typing import Any

from django import forms
from django.urls import reverse


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%d")


class DateTimeInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, format="%Y-%m-%dT%H:%M:%S")


class CheckboxList(forms.CheckboxSelectMultiple):
    template_name = "common/widgets/checkboxes.html"


class RecordPicker(forms.Select):
    """Radio buttons for what is chosen and for what a search finds: a list of all accounts would be too long."""

    template_name = "common/widgets/picker.html"

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = forms.Widget.get_context(self, name, value, attrs)
        records: Any = self.choices  # of a ModelChoiceField
        chosen = records.queryset.filter(pk=value).first() if str(value or "").isdecimal() else None
        return context | {"chosen": chosen, "kind": self.kind, "url": reverse("record_options", args=[self.kind])}
