"""One unit of work: who writes, in which transaction, at which second."""

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any

from localorg import clock
from localorg.errors import RecordRefused
from localorg.rules import EMPTY, Rulebook
from localorg.schema import Schema, SObject

Row = dict[str, Any]
Says = Callable[[str, str], RecordRefused | None]


@dataclass
class Work:
    db: sqlite3.Connection
    schema: Schema  # all there is
    view: Schema  # what the user may touch of it
    user_id: str
    next_id: Callable[[SObject], tuple[int, str]]
    refusal: Says | None = None  # what faults have against a row, by object and id ("": a new row), if there are faults
    held: Says = lambda *_: None  # the same for a row locked with its child
    view_of: Callable[[str], Schema | None] = lambda _: None  # what somebody else may touch; None for who has left
    options: Mapping[str, str] = field(default_factory=dict)  # request headers that steer writing, in lower case
    now: str = field(default_factory=lambda: clock.stored(clock.now()))
    rulebook: Rulebook = EMPTY
    minds_duplicates: bool = True  # whether duplicate rules run
    created: set[str] = field(default_factory=set)  # ids of this unit of work's own records
    _seen: dict[str, bool | None] = field(default_factory=dict)

    def unrestricted(self) -> "Work":
        """The same work by the org itself, which may do all: what follows from a user's deed, not the deed."""
        return replace(self, view=self.schema)

    def fetch(self, sobject: SObject, record_id: str) -> Row | None:
        """A whole row, deleted ones included."""
        columns = select_columns(sobject)
        found = self.db.execute(f'SELECT {columns} FROM "{sobject.name}" WHERE "Id" = ?', (record_id,)).fetchone()
        return None if found is None else dict(zip(sobject.columns, found, strict=True))

    @cached_property
    def profile(self) -> str:
        """The name of the user's profile."""
        sql = 'SELECT p."Name" FROM "User" u JOIN "Profile" p ON p."Id" = u."ProfileId" WHERE u."Id" = ?'
        found = self.db.execute(sql, (self.user_id,)).fetchone()
        return str(found[0]) if found else ""

    def is_deleted(self, record_id: str) -> bool | None:
        """Whether a record is in the recycle bin; None if there is no such record."""
        if record_id not in self._seen:
            self._seen[record_id] = self._look_up(record_id)
        return self._seen[record_id]

    def forget(self, record_id: str) -> None:
        self._seen.pop(record_id, None)

    def insert(self, sobject: SObject, values: Row) -> str:
        """Store a new row with its id and audit fields; returns the id, which is a new one unless given."""
        number, new_id = self.next_id(sobject)
        stamps = self._stamps(sobject, created=True).items()
        row = {"_n": number, "Id": new_id, **_columns(sobject, values)}
        row |= {name: value for name, value in stamps if values.get(name) is None}
        record_id: str = row["Id"]
        names = tuple(row)
        self.db.execute(_insert_sql(sobject.name, names), tuple(row.values()))
        self._seen[record_id] = False
        self.created.add(record_id)
        return record_id

    def update(self, sobject: SObject, record_id: str, values: Row) -> None:
        """Change a row and its audit fields; even no change at all moves them, as in a real org."""
        self.store(sobject, record_id, _columns(sobject, values) | self._stamps(sobject, created=False))

    def touch(self, sobject: SObject, record_id: str, values: Row) -> None:
        """A change by the system: only SystemModstamp moves."""
        self.store(sobject, record_id, values | ({"SystemModstamp": self.now} if sobject.has("SystemModstamp") else {}))

    def store(self, sobject: SObject, record_id: str, values: Row) -> None:
        if values:
            sql = _update_sql(sobject.name, tuple(values))
            self.db.execute(sql, (*values.values(), record_id))

    def _look_up(self, record_id: str) -> bool | None:
        sobject = self.schema.of_id(record_id)
        if sobject is None:
            return None
        flag = '"IsDeleted"' if sobject.has("IsDeleted") else "0"
        found = self.db.execute(f'SELECT {flag} FROM "{sobject.name}" WHERE "Id" = ?', (record_id,)).fetchone()
        return None if found is None else bool(found[0])

    def _stamps(self, sobject: SObject, created: bool) -> Row:
        stamps = {"LastModifiedDate": self.now, "LastModifiedById": self.user_id, "SystemModstamp": self.now}
        if created:
            stamps |= {"CreatedDate": self.now, "CreatedById": self.user_id}
        return {name: value for name, value in stamps.items() if name in sobject.fields}


def _columns(sobject: SObject, values: Row) -> Row:
    """Without what the object's rules have put elsewhere."""
    return {name: v for name, v in values.items() if name not in sobject.apart} if sobject.apart else values


@lru_cache(maxsize=256)
def _insert_sql(table: str, names: tuple[str, ...]) -> str:
    columns = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join("?" * len(names))})'


@lru_cache(maxsize=256)
def _update_sql(table: str, names: tuple[str, ...]) -> str:
    changes = ", ".join(f'"{name}" = ?' for name in names)
    return f'UPDATE "{table}" SET {changes} WHERE "Id" = ?'


def select_columns(sobject: SObject) -> str:
    return ", ".join(f'"{name}"' for name in sobject.columns)
