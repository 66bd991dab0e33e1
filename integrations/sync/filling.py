"""Records of theirs that are new to us, as columns of ours: field by field, many records at once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from integrations.sync.mapping import MISSING, Pair, read_column, to_remote
from integrations.sync.provider import RemoteRecord, Value
from integrations.sync.records import Field, Type
from integrations.sync.scope import Scope

NAMELESS = "(no name)"
# Read back, these are what was set: nothing to compare.
FAITHFUL = {Type.TEXT, Type.LONG_TEXT, Type.BOOLEAN, Type.PICKLIST, Type.URL, Type.EMAIL, Type.PHONE, Type.REFERENCE}

Columns = dict[str, list[Any]]  # by the attribute of our model


class Filling:
    """Columns of ours for new records, and what differs in them from theirs because it does not fit here."""

    def __init__(self, scope: Scope, new: Sequence[RemoteRecord]) -> None:
        self.scope, self.new = scope, new
        self.vocabulary = scope.vocabulary(remote=[remote.values for remote in new])
        self.needed = {name: value.pk for name, value in scope.needed.items()}
        self.columns: Columns = {}
        self.ours: dict[int, dict[str, Value]] = defaultdict(dict)  # by position
        for name, pair in scope.by_name.items():
            self._fill(pair, [remote.values[name] for remote in new])
        for name in {"name", "last_name"} & {*scope.type.names}:
            self._name(name)
        for name, (source, follow) in scope.type.model.DERIVED.items():
            self.columns[name] = list(map(follow, self.column(source, "")))

    def column(self, attribute: str, otherwise: Any) -> list[Any]:
        return self.columns.get(attribute) or [otherwise] * len(self.new)

    def _fill(self, pair: Pair, theirs: Sequence[Value]) -> None:
        """Set one field of all records. Where they have nothing, ours is as a new record has it."""
        empty = self._empty(pair.field)
        column = read_column(pair, theirs, self.vocabulary, empty)
        if _is_unlike(pair) or MISSING in column:
            self._compare(pair, theirs, column, empty)
        if pair.field.is_custom:
            customs = self.columns.setdefault("custom", [{} for _ in self.new])
            for custom, value in zip(customs, column, strict=True):
                custom.update({} if value is None else {pair.field.key: value})
        else:
            self.columns[pair.field.attribute] = column

    def _compare(self, pair: Pair, theirs: Sequence[Value], column: list[Any], empty: Any) -> None:
        """Note what can't be had as it is, in ``column`` what is had instead."""
        scope, field, vocabulary = self.scope, pair.field, self.vocabulary
        stages = self.column("stage_id", self.needed.get("stage"))
        for number, (value, local, stage_id) in enumerate(zip(theirs, column, stages, strict=True)):
            if value is None or (not _is_unlike(pair) and local is not MISSING):
                continue
            column[number] = empty if local is MISSING else scope.as_kept(stage_id, field, local, vocabulary)
            said = scope.said(stage_id, field, column[number], vocabulary)
            ours = to_remote(pair, said, vocabulary)
            if ours is not MISSING and ours != value:
                self.ours[number][pair.name] = ours

    def _empty(self, field: Field) -> Any:
        column: Any = None if field.is_custom else self.scope.type.model._meta.get_field(field.name)
        return self.needed.get(field.name, column.get_default()) if column else None

    def _name(self, attribute: str) -> None:
        """Our records must have a name."""
        column = self.columns[attribute] = self.column(attribute, "")
        for number in (number for number, value in enumerate(column) if not value):
            column[number] = NAMELESS
            if attribute in self.scope.by_field:
                self.ours[number][self.scope.by_field[attribute]] = NAMELESS


def _is_unlike(pair: Pair) -> bool:
    """Whether a value, once it is here, may say something else than theirs."""
    return bool(pair.value_map) or pair.field.type not in FAITHFUL
