"""Custom fields: the form field of each type, and values as they stand in ``Record.custom``."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import chain, count
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import slugify

from common.models import CustomField, RecordKind
from common.widgets import CheckboxList, DateInput, DateTimeInput

Type = CustomField.Type
EMPTY: tuple[Any, ...] = (None, "", [])


def definitions(kind: RecordKind) -> list[CustomField]:
    return list(CustomField.objects.filter(record_kind=kind))


def key_for(label: str, taken: Collection[str]) -> str:
    """A key that no field has yet, after what the field is called."""
    stem = re.sub(r"[^a-z0-9]+", "_", slugify(label).lower()).strip("_")[:50]
    stem = stem if stem[:1].isalpha() else f"field_{stem}".rstrip("_")
    return next(key for key in chain([stem], (f"{stem}_{number}" for number in count(2))) if key not in taken)


@transaction.atomic
def add(definition: CustomField) -> CustomField:
    """Add a field to its kind of record, last, under a key of its own. Two at once get two keys."""
    rows = CustomField.objects.select_for_update().filter(record_kind=definition.record_kind)
    taken = dict(rows.values_list("key", "position"))
    definition.key = key_for(definition.label, taken)
    definition.position = max(taken.values(), default=0) + 1
    definition.save(force_insert=True)
    return definition


def form_field(definition: CustomField, present: Any = None) -> forms.Field:
    """What asks for a value of this field. A picklist keeps a ``present`` value that is not, or no more, a choice."""
    common: dict[str, Any] = {"label": definition.label, "required": False}
    kept = present if isinstance(present, list) else [present] if present else []
    options = [(choice, choice) for choice in dict.fromkeys([*definition.choices, *kept])]
    match definition.type:
        case Type.LONG_TEXT:
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), **common)
        case Type.NUMBER:
            return forms.DecimalField(max_digits=18, decimal_places=definition.decimals, **common)
        case Type.DATE:
            return forms.DateField(widget=DateInput, **common)
        case Type.DATETIME:
            return forms.DateTimeField(widget=DateTimeInput, **common)
        case Type.BOOLEAN:
            return forms.NullBooleanField(**common)
        case Type.PICKLIST:
            return forms.ChoiceField(choices=[("", "—"), *options], **common)
        case Type.MULTI_PICKLIST:
            return forms.MultipleChoiceField(choices=options, widget=CheckboxList, **common)
        case Type.URL:
            return forms.URLField(assume_scheme="https", **common)
        case Type.EMAIL:
            return forms.EmailField(**common)
    return forms.CharField(max_length=40 if definition.type == Type.PHONE else 255, **common)


def cleaned(kind: RecordKind, values: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values as JSON keeps them; None for what is emptied. ``present``: the record's own. Raises ValidationError."""
    known = definitions(kind) if values else []
    fields = {definition.key: form_field(definition, (present or {}).get(definition.key)) for definition in known}
    errors, clean = [], {}
    for key, value in values.items():
        try:
            clean[key] = as_json(fields[key].clean(value))
        except KeyError:
            errors.append(f"There is no custom field “{key}”.")
        except OverflowError:  # a moment in the year 1 or 9999 may have none in UTC
            errors.append(f"{fields[key].label}: Enter a valid date/time.")
        except ValidationError as error:
            errors += [f"{fields[key].label}: {message}" for message in error.messages]
    if errors:
        raise ValidationError({"custom": errors})
    return clean


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """``old`` with ``new`` laid over it; keys that became empty go."""
    return {key: value for key, value in {**old, **new}.items() if value not in EMPTY}


def from_json(definition: CustomField, value: Any) -> Any:
    """A stored value as Python has it; one that does not fit its type is shown as it is."""
    match definition.type, value:
        case Type.DATE, str():
            return parse_date(value) or value
        case Type.DATETIME, str():
            return parse_datetime(value) or value
    return value


def as_json(value: Any) -> Any:
    match value:
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
    return None if value in EMPTY else value
