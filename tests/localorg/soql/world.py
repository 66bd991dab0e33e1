"""What is in an org, as anybody reads it by REST: descriptions of its objects, and all their rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.localorg.client import Caller

Row = dict[str, Any]

TEXT = {"string", "picklist", "phone", "email", "url", "textarea", "combobox", "multipicklist"}
NUMBERS = {"int", "double", "currency", "percent"}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    filterable: bool
    sortable: bool
    groupable: bool
    parent: str | None  # relationship name
    targets: tuple[str, ...]

    @cached_property
    def family(self) -> str:
        """Types that compare alike."""
        if self.type == "multipicklist" or self.type not in TEXT:
            return "number" if self.type in NUMBERS else "id" if self.type == "reference" else self.type
        return "text"


@dataclass
class Table:
    name: str
    columns: dict[str, Column]
    children: dict[str, tuple[str, str]]  # relationship name -> object and its field
    rows: list[Row] = field(default_factory=list)

    @cached_property
    def parents(self) -> dict[str, Column]:
        return {column.parent: column for column in self.columns.values() if column.parent}

    @cached_property
    def by_id(self) -> dict[str, Row]:
        return {row["Id"]: row for row in self.rows}


class World:
    """The objects by name; rows in the recycle bin and archived ones are left out, as queries leave them out."""

    def __init__(self, caller: Caller, names: tuple[str, ...]) -> None:
        self.version = "62.0"
        self.tables = {name: _described(caller, name) for name in names}
        for table in self.tables.values():
            table.rows = [row for row in _read(caller, table) if not row.get("IsDeleted") and not row.get("IsArchived")]

    def __getitem__(self, name: str) -> Table:
        return self.tables[name]

    def find(self, record_id: str) -> tuple[Table, Row] | None:
        """A row of any object, and its table."""
        found = ((table, table.by_id.get(record_id)) for table in self.tables.values())
        return next(((table, row) for table, row in found if row is not None), None)

    def target(self, column: Column) -> Table | None:
        """Where a lookup leads, if it leads to one object, and that is known here."""
        return self.tables.get(column.targets[0]) if len(column.targets) == 1 else None


def _described(caller: Caller, name: str) -> Table:
    found = caller.ask("GET", f"sobjects/{name}/describe").json()
    columns = {f["name"]: _column(f) for f in found["fields"]}
    children = {
        c["relationshipName"]: (c["childSObject"], c["field"])
        for c in found["childRelationships"]
        if c["relationshipName"]
    }
    return Table(name, columns, children)


def _column(told: Row) -> Column:
    flags = (told[flag] for flag in ("filterable", "sortable", "groupable"))
    return Column(told["name"], told["type"], *flags, told["relationshipName"], tuple(told["referenceTo"]))


def _read(caller: Caller, table: Table) -> Iterator[Row]:
    ids = [row["Id"] for row in caller.rows(f"SELECT Id FROM {table.name}", "queryAll")]
    for start in range(0, len(ids), 200):
        body = {"ids": ids[start : start + 200], "fields": list(table.columns)}
        rows = caller.ask("POST", f"composite/sobjects/{table.name}", body).json()
        yield from (row for row in rows if row is not None)
