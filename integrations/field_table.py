"""The fields of a kind of record and what each is in Salesforce: rows to look through, by a few queries."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import Http404

from integrations.mapping_lines import MappingLine
from integrations.mappings import Choice, Fault, faults
from integrations.models import Connection, RecordLink
from integrations.suggesting import Suggestion, suggestions
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import KINDS, RECORD_TYPES, Field, Type

Mappings = Mapping[str, MappingLine]
PAGE = 30  # rows at a time
LOOKED_AT = 20  # newest records that examples are taken from
LONGEST = 60  # characters of an example
SHOWS = {
    "": "All",
    "mapped": "Mapped",
    "unmapped": "Not mapped",
    "suggested": "Suggested",
    "problems": "With problems",
    "waiting": "Not applied yet",
    "custom": "Custom",
}
# Values that are ids of ours say nothing to anybody.
UNSHOWN = {Type.OWNER, Type.STAGE, Type.REFERENCE}


@dataclass(frozen=True)
class ObjectFields:
    """One object of Salesforce: its fields, what is mapped to them, and what is wrong with that."""

    description: Description
    mappings: Mappings
    suggested: Mapping[str, Suggestion]
    faults: list[Fault]

    @property
    def table_faults(self) -> list[Fault]:
        return [fault for fault in self.faults if not fault.field]

    @property
    def waiting(self) -> list[MappingLine]:
        return [row for row in self.mappings.values() if not row.is_compared]


@dataclass(frozen=True)
class Cell:
    """What a field of ours is in one object. ``example``: a value from there."""

    description: Description
    mapping: MappingLine | None
    remote: RemoteField | None
    suggestion: Suggestion | None
    faults: list[Fault]
    example: str = ""

    @property
    def label(self) -> str:
        """What the field is called there; a field that is gone is named as it was."""
        return self.remote.label if self.remote else self.mapping.remote_field if self.mapping else ""

    @property
    def id(self) -> str:
        return f"cell-{self.description.name}"


@dataclass(frozen=True)
class Row:
    field: Field
    cells: list[Cell]
    examples: "Examples"

    @property
    def example(self) -> str:
        return self.examples.here(self.field)

    @property
    def id(self) -> str:
        return f"field-{self.field.name.replace('.', '-')}"

    def is_shown(self, show: str) -> bool:
        match show:
            case "mapped":
                return any(cell.mapping for cell in self.cells)
            case "unmapped":
                return not any(cell.mapping for cell in self.cells)
            case "suggested":
                return any(cell.suggestion for cell in self.cells)
            case "problems":
                return any(cell.faults for cell in self.cells)
            case "waiting":
                return any(cell.mapping and not cell.mapping.is_compared for cell in self.cells)
            case "custom":
                return self.field.is_custom
        return True

    def goes(self, direction: str) -> bool:
        return any(cell.mapping and cell.mapping.direction == direction for cell in self.cells)

    def mentions(self, text: str) -> bool:
        names = [self.field.label, self.field.name]
        names += [name for cell in self.cells if cell.mapping for name in (cell.label, cell.mapping.remote_field)]
        names += [cell.suggestion.remote.label for cell in self.cells if cell.suggestion]
        return any(text in name.casefold() for name in names)


@dataclass(frozen=True)
class Filter:
    """What somebody looks for in the table."""

    text: str = ""
    show: str = ""
    direction: str = ""

    @property
    def query(self) -> str:
        return urlencode({"q": self.text, "show": self.show, "direction": self.direction})

    def lets_through(self, row: Row) -> bool:
        is_named = not self.text or row.mentions(self.text.casefold())
        return is_named and row.is_shown(self.show) and (not self.direction or row.goes(self.direction))


@dataclass
class Examples:
    """What the newest records hold, here and, as far as it was ever agreed on, there."""

    records: list[Any] = field(default_factory=list)
    bases: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection, kind: str) -> "Examples":
        records = list(RECORD_TYPES[kind].model._default_manager.order_by("-pk")[:LOOKED_AT])
        links = RecordLink.objects.live().filter(connection=connection).of(kind, [record.pk for record in records])
        bases: dict[str, list[Mapping[str, Any]]] = {}
        for remote_object, base in links.order_by("-record_id").values_list("remote_object", "base"):
            bases.setdefault(remote_object, []).append(base)
        return cls(records, bases)

    def here(self, one: Field) -> str:
        if one.type in UNSHOWN:
            return ""
        return _first(one.get(record) for record in self.records)

    def there(self, remote_object: str, name: str) -> str:
        return _first(base.get(name) for base in self.bases.get(remote_object, ()))


def _first(values: Iterator[Any]) -> str:
    return next((shown(value) for value in values if value not in (None, "", [], {}, False)), "")


def shown(value: Any) -> str:
    """A value in a few words."""
    if value in (None, "", []):
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    text = " ".join(", ".join(map(str, value)).split() if isinstance(value, list) else str(value).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


@dataclass(frozen=True)
class FieldTable:
    connection: Connection
    kind: str
    fields: Mapping[str, Field]
    objects: list[ObjectFields]
    examples: Examples

    @classmethod
    def load(cls, connection: Connection, kind: str) -> "FieldTable":
        """Raises Http404."""
        names = [name for name, its_kind in KINDS.items() if its_kind == kind]
        rows = {row.remote_object: row for row in connection.descriptions.filter(remote_object__in=names)}
        if not rows:
            raise Http404(f"There are no fields of “{kind}”.")
        mapped: dict[str, dict[str, MappingLine]] = {name: {} for name in names}
        for one in MappingLine.all_of(connection.field_mappings.filter(remote_object__in=names)):
            mapped[one.remote_object][one.field] = one
        described = [(Description.from_json(rows[name].content), mapped[name]) for name in names if name in rows]
        fields = RECORD_TYPES[kind].fields
        declined: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for pair in connection.declined_pairs.all():
            declined[pair.remote_object].add((pair.field, pair.remote_field))
        objects = []
        for description, mappings in described:
            present = {name: row for name, row in mappings.items() if name in fields}  # a custom field may be deleted
            pairs = {name: row.remote_field for name, row in present.items()}
            found = faults(map(Choice.of, present.values()), fields, description)
            suggested = suggestions(fields, description, pairs, declined[description.name])
            objects.append(ObjectFields(description, present, suggested, found))
        return cls(connection, kind, fields, objects, Examples.of(connection, kind))

    @cached_property
    def rows(self) -> list[Row]:
        by_field: dict[tuple[str, str], list[Fault]] = {}
        for one in self.objects:
            for fault in (fault for fault in one.faults if not fault.is_minor):
                by_field.setdefault((one.description.name, fault.field), []).append(fault)
        return [self._row(field, by_field) for field in self.fields.values()]

    def _row(self, field: Field, faults: Mapping[tuple[str, str], list[Fault]]) -> Row:
        cells = [self._cell(field, one, faults.get((one.description.name, field.name), [])) for one in self.objects]
        return Row(field, cells, self.examples)

    def _cell(self, field: Field, one: ObjectFields, faults: list[Fault]) -> Cell:
        mapping = one.mappings.get(field.name)
        remote = one.description.fields.get(mapping.remote_field) if mapping else None
        example = self.examples.there(one.description.name, remote.name) if remote else ""
        is_id = field.type in UNSHOWN
        return Cell(one.description, mapping, remote, one.suggested.get(field.name), faults, "" if is_id else example)

    def row(self, name: str) -> Row:
        """Raises Http404."""
        found = next((row for row in self.rows if row.field.name == name), None)
        if found is None:
            raise Http404(f"There is no field “{name}”.")
        return found

    def page(self, wanted: Filter, after: int) -> tuple[list[Row], int]:
        """The rows after the first ``after`` that are looked for, and where the next ones begin; 0: nowhere."""
        found = [row for row in self.rows if wanted.lets_through(row)]
        end = after + PAGE
        return found[after:end], end if len(found) > end else 0

    @property
    def columns(self) -> int:
        return 1 + len(self.objects)

    @property
    def mapped(self) -> int:
        return sum(row.is_shown("mapped") for row in self.rows)

    @property
    def problems(self) -> int:
        return sum(row.is_shown("problems") for row in self.rows)

    @property
    def suggested(self) -> int:
        """How many pairs are suggested."""
        return sum(len(one.suggested) for one in self.objects)
