"""The inputs of a form: what each field of a record is edited with, and what the person entered."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from localorg import ids
from localorg.pages import columns, reading, soql, values
from localorg.pages.soql import Record, quoted
from localorg.pages.visit import Visit
from localorg.schema import Field, SObject, Value

RECORD_TYPE = "RecordTypeId"
ID = ".id"  # at the end of an input's name: the id behind the name that is shown
KINDS = {
    "base64": "file",
    "boolean": "checkbox",
    "combobox": "combobox",
    "date": "date",
    "datetime": "datetime-local",
    "email": "email",
    "multipicklist": "multiple",
    "phone": "tel",
    "picklist": "select",
    "reference": "lookup",
    "textarea": "lines",
    "url": "url",
}
MOST_LONG = 255  # characters that still go into one line


@dataclass(frozen=True)
class Input:
    field: Field
    text: str = ""
    record_id: str = ""  # of a lookup
    problem: str = ""
    choices: tuple[Value, ...] = ()
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)  # of choices that are not told by their value

    @property
    def kind(self) -> str:
        if self.field.name == RECORD_TYPE:
            return "select"
        if self.field.type in ("picklist", "multipicklist") and not self.choices:
            return "text"
        return KINDS.get(self.field.type, "text")

    def label_of(self, choice: str) -> str:
        return self.labels.get(choice) or values.LABELS.get((self.field.name, choice), choice)

    @property
    def is_on(self) -> bool:
        return self.text == "true"

    @property
    def chosen(self) -> list[str]:
        return self.text.split(";") if self.text else []


class Unresolved(Exception):
    """A lookup's text that means no record, or more than one; ``args[0]`` says so."""


def of_record(visit: Visit, sobject: SObject, field: Field, record: Record | None) -> Input:
    """The input with what the record holds; of a new record with what it would get."""
    choices = _choices(visit, sobject, field, record)
    if field.name == RECORD_TYPE:
        return _record_type(visit, sobject, field, record)
    if record is None:
        default = next((v.value for v in choices if v.default), field.default_value)
        return Input(field, default or "", choices=choices)
    value = record.get(field.name)
    if field.type == "boolean":
        return Input(field, "true" if value else "")
    if field.type == "reference" and value:
        name = columns.column(visit.schema, field).value(record)
        return Input(field, str(name or value), str(value))
    return Input(field, values.typed(value, field), choices=_with(choices, value))


def of_form(visit: Visit, sobject: SObject, field: Field, record: Record | None, problem: str) -> Input:
    """The input as the person left it."""
    text, record_id = visit.text(field.name), visit.text(field.name + ID)
    if field.name == RECORD_TYPE:
        return replace(_record_type(visit, sobject, field, record), text=text, problem=problem)
    if field.type == "boolean":
        text = "true" if "on" in visit.texts(field.name) else ""
    if field.type == "multipicklist":
        text = ";".join(v for v in visit.texts(field.name) if v)
    choices = _with(_choices(visit, sobject, field, record), text)
    return Input(field, text, record_id, problem, choices)


def entered(visit: Visit, field: Field) -> Any:
    """What the form says of a field, as JSON would. Raises Unresolved."""
    match field.type:
        case "boolean":
            return "on" in visit.texts(field.name)
        case "multipicklist":
            return ";".join(v for v in visit.texts(field.name) if v) or None
        case "base64":
            sent = visit.file(field.name)
            return sent[1] if sent else None
        case "reference":
            return _entered_record(visit, field)
    return values.written(visit.text(field.name), field)


def is_there(visit: Visit, field: Field) -> bool:
    """Whether the form has an input for the field."""
    return field.name in visit.form


def prefilled(visit: Visit, field: Field, given: Mapping[str, str]) -> Input | None:
    """From the address of the page: the parent that a new record hangs on."""
    text = given.get(field.name, "")
    if not text:
        return None
    if field.type != "reference":
        return Input(field, text, choices=field.values)
    record_id = ids.parse(text)
    name = reading.name_of(visit, record_id) if record_id else None
    return Input(field, name, record_id) if name and record_id else None


def _record_type(visit: Visit, sobject: SObject, field: Field, record: Record | None) -> Input:
    """The types that the person may give; a new record's default, another's own."""
    profile = visit.schema.access.profile if visit.schema.access else ""
    default = sobject.default_record_type(profile)
    now = record.get(RECORD_TYPE) if record else default and default.id
    offered = [r for r in sobject.record_types if r.is_available(profile) or r.id == now]
    choices = tuple(Value(r.id) for r in offered)
    return Input(field, now or "", choices=choices, labels={r.id: r.label for r in offered})


def _entered_record(visit: Visit, field: Field) -> str | None:
    text, record_id = visit.text(field.name), ids.parse(visit.text(field.name + ID))
    if not text:
        return None
    if field.name == RECORD_TYPE:
        return ids.parse(text)
    if record_id and reading.name_of(visit, record_id) in (text, None):
        return record_id
    return ids.parse(text) or _by_name(visit, field, text)


def _by_name(visit: Visit, field: Field, text: str) -> str:
    found = [match for name in field.targets if (match := _named(visit, name, text))]
    matches = [record_id for some in found for record_id in some]
    if len(matches) == 1:
        return matches[0]
    what = " or ".join(name for name in field.targets)
    raise Unresolved(f'No {what} is called "{text}"' if not matches else f'More than one record is called "{text}"')


def _named(visit: Visit, name: str, text: str) -> list[str]:
    sobject = visit.schema.find(name)
    if sobject is None or sobject.name_field is None:
        return []
    query = soql.select([], sobject.name, f"{sobject.name_field.name} = {quoted(text)}")
    return [row["Id"] for row in soql.records(visit, query, most=2)]


def _choices(visit: Visit, sobject: SObject, field: Field, record: Record | None) -> tuple[Value, ...]:
    """The values that a picklist offers; those of the record's type where it has one."""
    wanted = record.get("RecordTypeId") if record else None
    chosen = next((r for r in sobject.record_types if r.id == wanted), None)
    if record is None and visit.schema.access:
        chosen = sobject.default_record_type(visit.schema.access.profile)
    return chosen.values(field) if chosen and field.values else field.values


def _with(choices: tuple[Value, ...], text: Any) -> tuple[Value, ...]:
    """Also a value that is there but no longer offered."""
    there = str(text).split(";") if text else []
    return choices + tuple(Value(v) for v in there if choices and v not in {c.value for c in choices})
