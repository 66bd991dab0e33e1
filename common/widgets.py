"""Inputs that Django lacks: dates by the browser's own picker, and one record out of very many."""

from collections.abc import Collection
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


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


class LongSelect(forms.Select):
    """A select of hundreds of options: written at once, where Django renders a template for each."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        chosen = set(self.format_value(value))
        attributes = flatatt(self.build_attrs(self.attrs, {"name": name} | (attrs or {})))
        groups = ((self._written(value, label, chosen),) for value, label in self.choices)
        return format_html("<select{}>{}</select>", attributes, format_html_join("", "{}", groups))

    @classmethod
    def _written(cls, value: Any, label: Any, chosen: Collection[str]) -> SafeString:
        """An option, or a group of them."""
        if isinstance(label, list | tuple):
            options = format_html_join("", "{}", ((cls._written(kept, said, chosen),) for kept, said in label))
            return format_html('<optgroup label="{}">{}</optgroup>', value, options)
        kept = "" if value is None else str(value)
        is_chosen = " selected" if kept in chosen else ""
        return format_html('<option value="{}"{}>{}</option>', kept, is_chosen, label)


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
