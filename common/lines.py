"""The lines of a record's page: which fields are read and edited together, and how a value is shown."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html, format_html_join, linebreaks
from django.utils.safestring import SafeString, mark_safe

from common.custom import from_json
from common.models import CustomField, Record


def custom_name(definition: CustomField) -> str:
    """The form field of a custom field."""
    return f"custom_{definition.key}"


@dataclass(frozen=True)
class Line:
    key: str
    label: str
    names: tuple[str, ...]
    glue: str = " "
    definition: CustomField | None = None
    about: str = ""  # the field without which the others say nothing: a currency without an amount

    @classmethod
    def custom(cls, definition: CustomField) -> "Line":
        name = custom_name(definition)
        return cls(name, definition.label, (name,), definition=definition)

    def values(self, record: Record) -> tuple[Any, ...]:
        """What is stored behind this line."""
        if self.definition:
            return (record.custom.get(self.definition.key),)
        return tuple(record.serializable_value(name) for name in self.names)

    def shown(self, record: Record) -> SafeString:
        """What the record says here, "" for nothing."""
        if self.definition:
            return as_html(from_json(self.definition, record.custom.get(self.definition.key)), self.definition.type)
        if self.about and getattr(record, self.about) is None:
            return SafeString("")
        parts = [part for name in self.names if (part := _column_as_html(record, name))]
        return format_html_join(mark_safe(self.glue), "{}", ((part,) for part in parts))  # noqa: S308 - ours


@dataclass(frozen=True)
class Section:
    title: str
    lines: tuple[Line, ...]


def line(label: str, *names: str, glue: str = " ", about: str = "") -> Line:
    return Line(names[0], label, names, glue, about=about)


def as_text(value: Any) -> str:
    """A value for people, on one line."""
    match value:
        case None | "":
            return ""
        case bool():
            return "Yes" if value else "No"
        case Decimal() | int() | float():
            return f"{value:,}"
        case datetime():
            return date_format(timezone.localtime(value) if timezone.is_aware(value) else value, "j M Y H:i")
        case date():
            return date_format(value, "j M Y")
        case list() | tuple():
            return ", ".join(map(as_text, value))
    return str(value)


def as_html(value: Any, kind: str = "") -> SafeString:
    """A value for a page: addresses become links."""
    text = as_text(value)
    if not text:
        return SafeString("")
    if url := getattr(value, "get_absolute_url", None):
        return format_html('<a href="{}">{}</a>', url(), text)
    match kind:
        case "email":
            return format_html('<a href="mailto:{}">{}</a>', text, text)
        case "phone":
            return format_html('<a href="tel:{}">{}</a>', "".join(text.split()), text)
        case "url" if text.startswith(("http://", "https://")):
            return format_html('<a href="{}" target="_blank" rel="noopener noreferrer">{}</a>', text, text)
        case "long_text":
            return mark_safe(linebreaks(text, autoescape=True))  # noqa: S308 - escaped there
    return conditional_escape(text)


def _column_as_html(record: Record, name: str) -> SafeString:
    column: Any = record._meta.get_field(name)
    value = getattr(record, name)
    if column.choices:
        return as_html(record._get_FIELD_display(column) if value else "")  # type: ignore[attr-defined]
    if name == "website" and value and "://" not in value:
        return format_html('<a href="https://{}" target="_blank" rel="noopener noreferrer">{}</a>', value, value)
    return as_html(value, _kind(column))


def _kind(column: models.Field) -> str:
    match column:
        case models.EmailField():
            return "email"
        case models.URLField():
            return "url"
        case models.TextField() if column.name == "description":
            return "long_text"
    if column.name == "website":
        return "url"
    return "phone" if column.name.endswith("phone") else ""
