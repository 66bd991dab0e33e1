"""When fields of ours were last changed, as the field history tells."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

from common.bulk import any_of
from common.models import Record
from integrations.sync.records import Field
from integrations.sync.scope import Scope

Times = dict[str, datetime]  # by remote field


def edited_at(scope: Scope, wanted: Sequence[tuple[Record, Sequence[str]]]) -> dict[int, Times]:
    """By record: when fields of it were changed here, in their clock. One query, however many records there are.

    A field that no change is known of is as old as its record.
    """
    if not wanted:
        return {}
    columns = _kept(scope)
    fields = {field for _, names in wanted for name in names if (field := scope.by_name[name].field).column in columns}
    events = _events(scope, [record.pk for record, _ in wanted], fields)
    history = {pk: list(rows) for pk, rows in groupby(events, attrgetter("pgh_obj_id"))}
    offset = scope.connection.clock_offset
    return {
        record.pk: {
            name: offset
            + (
                _last_change(scope, field, record, history.get(record.pk, []))
                if (field := scope.by_name[name].field) in fields
                else record.updated_at
            )
            for name in names
        }
        for record, names in wanted
    }


def _kept(scope: Scope) -> set[str]:
    """The columns that the history keeps; of another one nothing tells more than when its row last changed."""
    model: Any = scope.type.model
    return {column.name for column in model.pgh_event_model._meta.concrete_fields}


def _events(scope: Scope, ids: Iterable[int], fields: Iterable[Field]) -> Iterable[Any]:
    """The latest first. Each is the row as it was before a change."""
    model: Any = scope.type.model
    columns = {field.column for field in fields}
    if not columns.isdisjoint(scope.type.stage_fields):
        columns.add("stage")
    events = model.pgh_event_model._default_manager.filter(pgh_obj_id__in=any_of(ids, "bigint"))
    return events.order_by("pgh_obj_id", "-pgh_id").only("pgh_obj_id", "pgh_created_at", *columns)


def _last_change(scope: Scope, field: Field, record: Record, events: Sequence[Any]) -> datetime:
    for after, before in pairwise([record, *events]):
        if _said(scope, field, after) != _said(scope, field, before):
            return before.pgh_created_at
    return record.created_at


def _said(scope: Scope, field: Field, row: Any) -> tuple[Any, int | None]:
    """What a row holds, and the stage where that speaks for it."""
    return field.get(row), row.stage_id if scope.is_of_stage(row, field) else None
