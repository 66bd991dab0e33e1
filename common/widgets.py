"""Inputs that Django lacks: dates by the browser's own picker, and one record out of very many."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.urls import reverse
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe


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
        attributes = flatatt(self.build_attrs(self.attrs, {"name": name} | (attrs or {})))
        return format_html("<select{}>{}</select>", attributes, options(self.choices, self.format_value(value)))


def options(choices: Iterable[tuple[Any, Any]], chosen: Collection[str] = ()) -> SafeString:
    """Options, or groups of them, as they stand in a select."""
    return mark_safe("".join(_option(value, label, chosen) for value, label in choices))  # noqa: S308 - each is escaped


def _option(value: Any, label: Any, chosen: Collection[str]) -> str:
    if isinstance(label, list | tuple):
        return f'<optgroup label="{escape(value)}">{options(label, chosen)}</optgroup>'
    kept = "" if value is None else str(value)
    is_chosen = " selected" if kept in chosen else ""
    return f'<option value="{escape(kept)}"{is_chosen}>{escape(label)}</option>'


class RecordPicker(forms.Select):
    """Radio buttons for what is chosen and for what a search finds: a list of all accounts would be too long."""

    template_name = "common/widgets/picker.html"

    def __init__(self, kind: str, address: str = "record_options") -> None:
        super().__init__()
        self.kind, self.address = kind, address

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = forms.Widget.get_context(self, name, value, attrs)
        records: Any = self.choices  # of a ModelChoiceField
        chosen = records.queryset.filter(pk=value).first() if str(value or "").isdecimal() else None
        return context | {"chosen": chosen, "kind": self.kind, "url": reverse(self.address, args=[self.kind])}
