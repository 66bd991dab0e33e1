"""Field history as timeline entries.

An event keeps the row as it was before an update, so a change leads from one event to the next, and from the newest
event to the row of today. ``pghistory.context(user=…)`` names a person; ``source=…`` whatever else made the change.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models

from common import custom
from common.lines import as_text
from common.models import CustomField, Record
from common.records import kind_of
from common.timeline import Change, Entry, source

Row = Any  # an event or the record itself: both have the columns


@source
def field_changes(record: models.Model, until: datetime | None, limit: int) -> list[Entry]:
    if not isinstance(record, Record):
        return []
    events = _events(record, until, limit)
    rows = [_row_after(record, events[0]) if until else record, *events] if events else []
    namer = _Namer(record, rows, [event.pgh_context.metadata for event in events if event.pgh_context])
    return [namer.entry(newer, older) for newer, older in pairwise(rows) if namer.changes(older, newer)]


def _events(record: Record, until: datetime | None, limit: int) -> list[Row]:
    events = record.events.select_related("pgh_context").order_by("-pgh_id")  # type: ignore[attr-defined]
    return list((events.filter(pgh_created_at__lte=until) if until else events)[:limit])


def _row_after(record: Record, event: Row) -> Row:
    """The row as that event's update left it."""
    later = record.events.filter(pgh_id__gt=event.pgh_id)  # type: ignore[attr-defined]
    return later.order_by("pgh_id").first() or record


class _Namer:
    """Knows the names behind ids, read once for all rows."""

    def __init__(self, record: Record, rows: Sequence[Row], contexts: Iterable[dict[str, Any]]) -> None:
        events = record.pgh_event_model._meta  # type: ignore[attr-defined]
        tracked = {column.name for column in events.fields} - {"id", "created_at"}
        self.columns = [column for column in record._meta.fields if column.name in tracked]
        self.names = self._names(rows) if rows else {}
        self.people = _people({context.get("user") for context in contexts})
        self.custom = custom.definitions(kind_of(record)) if rows else []

    def entry(self, newer: Row, older: Row) -> Entry:
        context = older.pgh_context.metadata if older.pgh_context else {}
        who = context.get("source") or self.people.get(context.get("user") or 0, "")
        changes = self.changes(older, newer)
        labels = ", ".join(change.label for change in changes)
        return Entry(older.pgh_created_at, "pencil", f"{labels} changed", who=who, changes=changes)

    def changes(self, older: Row, newer: Row) -> list[Change]:
        changed = [c for c in self.columns if getattr(older, c.attname) != getattr(newer, c.attname)]
        plain = [
            Change(_label(column), self._text(column, older), self._text(column, newer))
            for column in changed
            if column.name != "custom"
        ]
        return plain + [
            Change(definition.label, _custom_text(definition, older), _custom_text(definition, newer))
            for definition in self.custom
            if older.custom.get(definition.key) != newer.custom.get(definition.key)
        ]

    def _text(self, column: models.Field, row: Row) -> str:
        value = getattr(row, column.attname)
        if column.is_relation:
            return self.names[column.name].get(value, "") if value is not None else ""
        return as_text(dict(column.flatchoices).get(value, value) if column.choices and value else value)

    def _names(self, rows: Sequence[Row]) -> dict[str, dict[int, str]]:
        ids: dict[models.Field, set[int]] = defaultdict(set)
        for column in self.columns:
            if column.is_relation and len({getattr(row, column.attname) for row in rows}) > 1:
                ids[column] = {getattr(row, column.attname) for row in rows} - {None}
        return {column.name: dict(_names_of(column.related_model, found)) for column, found in ids.items()}


def _names_of(model: Any, ids: set[int]) -> Iterator[tuple[int, str]]:
    return ((pk, str(row)) for pk, row in model._base_manager.in_bulk(ids).items())


def _people(ids: set[Any]) -> dict[int, str]:
    users = get_user_model()._default_manager
    return {pk: str(user) for pk, user in users.in_bulk([pk for pk in ids if isinstance(pk, int)]).items()}


def _label(column: models.Field) -> str:
    name = str(column.verbose_name)
    return name[:1].upper() + name[1:]


def _custom_text(definition: CustomField, row: Row) -> str:
    return as_text(custom.from_json(definition, row.custom.get(definition.key)))
