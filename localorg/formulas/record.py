"""The record that a formula is evaluated for, with its parents and the user in reach."""

from collections.abc import Mapping
from typing import Any, Protocol

from localorg.schema import Schema, SObject

Row = Mapping[str, Any]


class Source(Protocol):
    """Where parents come from, who asks and when."""

    schema: Schema
    user_id: str
    now: str  # as stored

    def fetch(self, sobject: SObject, record_id: str) -> Row | None:
        """A whole row, deleted ones included."""


class Record:
    """``row`` as it is about to be stored; ``prior`` as it was, None while it is being created."""

    def __init__(self, source: Source, row: Row, prior: Row | None = None) -> None:
        self.source = source
        self.row = row
        self.prior = prior
        self._parents: dict[tuple[str, str], Record | None] = {}

    @property
    def is_new(self) -> bool:
        return self.prior is None

    def parent(self, column: str, target: SObject) -> "Record | None":
        """The record that a lookup points at, if it is of this object."""
        key = (column, target.name)
        if key not in self._parents:
            self._parents[key] = self._find(target, self.row.get(column))
        return self._parents[key]

    def user(self) -> "Record | None":
        """Who saves the record."""
        key = ("", "User")
        if key not in self._parents:
            self._parents[key] = self._find(self.source.schema["User"], self.source.user_id)
        return self._parents[key]

    def _find(self, target: SObject, record_id: Any) -> "Record | None":
        if not record_id or not str(record_id).startswith(target.prefix):
            return None
        row = self.source.fetch(target, str(record_id))
        return None if row is None else Record(self.source, row)
