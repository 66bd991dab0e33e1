"""Currencies, by their three letters. Amounts are never converted."""

from typing import Any

from django import forms
from django.core.validators import RegexValidator

FALLBACK = "USD"  # until one is chosen, or a connected CRM has one

validate_currency = RegexValidator(r"^[A-Z]{3}\Z", "Give the three letters of a currency: EUR.")


class CurrencyField(forms.CharField):
    """Takes small letters for capitals."""

    def to_python(self, value: Any) -> str:
        return (super().to_python(value) or "").upper()

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"autocapitalize": "characters", "spellcheck": "false"}
