"""What a name in a formula means: a field of the record, of a parent, of the user."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from localorg import clock
from localorg.formulas.errors import FormulaError
from localorg.formulas.kinds import Kind, Value
from localorg.formulas.record import Record, Row
from localorg.ids import SHORT
from localorg.schema import Field, Schema, SObject

Read = Callable[[Record], Value]
Step = Callable[[Record], Record | None]

DEEPEST = 10  # relationships from the record
KINDS = {
    "id": Kind.TEXT,
    "reference": Kind.TEXT,
    "boolean": Kind.BOOLEAN,
    "int": Kind.NUMBER,
    "double": Kind.NUMBER,
    "currency": Kind.NUMBER,
    "percent": Kind.NUMBER,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
    "picklist": Kind.PICKLIST,
    "multipicklist": Kind.MULTIPICKLIST,
}
GLOBALS = {"$user": (), "$profile": ("Profile",), "$userrole": ("UserRole",)}  # the way from the user
ORIGIN = datetime(1900, 1, 1, tzinfo=UTC)


def kind_of(field: Field) -> Kind:
    return KINDS.get(field.type, Kind.TEXT)


def own_field(sobject: SObject, name: str) -> Field:
    """A field of the record itself. Raises FormulaError."""
    return _field(sobject, name, name)


def resolve(schema: Schema, sobject: SObject, name: str) -> tuple[Kind, Read]:
    """The type of a field and how to read it. Raises FormulaError."""
    first, *rest = name.split(".")
    if first.startswith("$"):
        return _global(schema, sobject, name, first, rest)
    *relationships, last = [first, *rest]
    steps, target = _walk(schema, sobject, relationships, name)
    return _reading(steps, _field(target, last, name))


def value_of(field: Field, row: Row) -> Value:
    """A stored value as formulas see it: ids with 15 characters, percents as fractions."""
    stored = row.get(field.name)
    if field.type == "boolean":
        return bool(stored)
    return None if stored is None else _READERS.get(field.type, str)(stored)


def _global(schema: Schema, sobject: SObject, name: str, first: str, rest: list[str]) -> tuple[Kind, Read]:
    if name.lower() == "$system.origindatetime":
        return Kind.DATETIME, lambda record: ORIGIN
    if not rest:
        raise _unknown(name)
    *relationships, last = rest
    if first.lower() == "$recordtype":
        steps, target = _walk(schema, sobject, ["RecordType", *relationships], name)
        return _reading(steps, _field(target, last, name))
    through = GLOBALS.get(first.lower())
    if through is None:
        raise _unknown(name)
    steps, target = _walk(schema, schema["User"], [*through, *relationships], name)
    return _reading([Record.user, *steps], _field(target, last, name))


def _walk(schema: Schema, sobject: SObject, relationships: list[str], name: str) -> tuple[list[Step], SObject]:
    if len(relationships) > DEEPEST:
        raise _unknown(name)
    steps: list[Step] = []
    for relationship in relationships:
        stem, _, wanted = relationship.partition(":")
        reference = sobject.by_relationship.get(stem.lower())
        if reference is None or not reference.stored:
            raise _unknown(name)
        sobject = _target(schema, reference, wanted, name)
        steps.append(_step(reference.name, sobject))
    return steps, sobject


def _target(schema: Schema, reference: Field, wanted: str, name: str) -> SObject:
    """Of a lookup at several objects the formula says which it means: Owner:User, Owner:Queue."""
    wanted = "Group" if wanted.lower() == "queue" else wanted
    found = [t for t in reference.targets if t.lower() == wanted.lower()] if wanted else list(reference.targets)
    if len(found) != 1:
        raise _unknown(name)
    return schema[found[0]]


def _step(column: str, target: SObject) -> Step:
    return lambda record: record.parent(column, target)


def _reading(steps: list[Step], field: Field) -> tuple[Kind, Read]:
    blank = False if field.type == "boolean" else None  # a box is ticked or not, even of no record

    def read(record: Record) -> Value:
        for step in steps:
            parent = step(record)
            if parent is None:
                return blank
            record = parent
        return value_of(field, record.row)

    return kind_of(field), read


def _field(sobject: SObject, name: str, whole: str) -> Field:
    field = sobject.find("Name" if name.lower() == "queuename" and sobject.name == "Group" else name)
    if field is None:
        raise _unknown(whole)
    if not field.stored:
        raise FormulaError(f"Field {whole} may not be used in this type of formula")
    return field


def _unknown(name: str) -> FormulaError:
    return FormulaError(f"Field {name} does not exist. Check spelling.")


def _short_id(stored: Any) -> str:
    return str(stored)[:SHORT]


def _number(stored: Any) -> Decimal:
    return Decimal(repr(stored))


def _percent(stored: Any) -> Decimal:
    return Decimal(repr(stored)).scaleb(-2)


_READERS: dict[str, Callable[[Any], Value]] = {
    "id": _short_id,
    "reference": _short_id,
    "int": _number,
    "double": _number,
    "currency": _number,
    "percent": _percent,
    "date": date.fromisoformat,
    "datetime": clock.read,
}
