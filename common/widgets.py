"""Inputs that Django lacks: dates by the browser's own picker, and one record out of very many."""

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
        context = self.get_context(name, value, attrs)["widget"]
        groups = ((self._group(label, options),) for label, options, _ in context["optgroups"])
        attributes = flatatt({"name": name} | context["attrs"])
        return format_html("<select{}>{}</select>", attributes, format_html_join("", "{}", groups))

    @staticmethod
    def _group(label: str | None, options: list[dict[str, Any]]) -> SafeString:
        rows = ((option["value"], flatatt(option["attrs"]), option["label"]) for option in options)
        html = format_html_join("", '<option value="{}"{}>{}</option>', rows)
        return format_html('<optgroup label="{}">{}</optgroup>', label, html) if label else html


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
