"""Field history: who or what changed which field of a record from what to what.

An event keeps the row as it was before an update, so a change leads from one event to the next, and from the newest
event to the row of today. ``pghistory.context`` says the rest: ``user`` and ``job`` by their ids, ``source`` whatever
else made the change, ``run`` its number there, ``rule`` why.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.urls import reverse

from common import custom
from common.acting import acting_user
from common.lines import Line, as_text
from common.models import CustomField, Job, Origin, Record
from common.records import kind_of
from common.timeline import Change, Entry, source

Row = Any  # an event or the record itself: both have the columns
UNTOLD = {"id", "created_at", "crm_id", "crm_object"}  # the sync tells of its ids itself

Told = tuple[str, str]  # what a run is called, and its page, "" where the acting user may not open it
RunTeller = Callable[[set[int]], Mapping[int, Told]]
_run_tellers: list[RunTeller] = []


def tells_of_runs(teller: RunTeller) -> RunTeller:
    """Register what knows the runs that contexts name."""
    _run_tellers.append(teller)
    return teller


@dataclass(frozen=True)
class Edit:
    """What one update of a record changed. ``pk``: of the event, newer ones are higher."""

    pk: int
    at: datetime
    changes: Sequence[Change]
    who: str = ""
    run: str = ""
    run_url: str = ""
    rule: str = ""

    @property
    def title(self) -> str:
        return f"{', '.join(change.label for change in self.changes)} changed"


@source(group="changes")
def field_changes(record: models.Model, until: datetime | None, limit: int) -> list[Entry]:
    if not isinstance(record, Record):
        return []
    edits = list(islice(edits_of(record, until=until, chunk=limit), limit))
    entries = [
        Entry(
            edit.at, "pencil", edit.title, who=edit.who, changes=edit.changes, run=edit.run, run_url=edit.run_url,
            rule=edit.rule,
        )
        for edit in edits
    ]  # fmt: skip
    return entries if len(edits) == limit else [*entries, *_arrival(record, edits, until)]


def _arrival(record: Record, edits: Sequence[Edit], until: datetime | None) -> list[Entry]:
    """How a record was made, no later than its first edit; who pulled it tells of that."""
    at = min([record.created_at, *(edit.at for edit in edits[-1:])])
    is_told = record.origin == Origin.CRM_PULL or (until and at > until)
    return [] if is_told else [Entry(at, "plus", f"Added: {record.get_origin_display()}")]


def made_at(record: Record) -> datetime:
    """When a record was made: no later than its first change, which is stamped when its transaction begins."""
    first = record.events.order_by("pgh_id").values_list("pgh_created_at", flat=True).first()  # type: ignore[attr-defined]
    return min(first or record.created_at, record.created_at)


def edits_of(
    record: models.Model,
    *,
    until: datetime | None = None,
    before: int | None = None,
    line: Line | None = None,
    chunk: int,
) -> Iterator[Edit]:
    """Edits of a record, or of one of its lines, newest first, read ``chunk`` events at a time."""
    events = record.events.select_related("pgh_context").order_by("-pgh_id")  # type: ignore[attr-defined]
    events = events.filter(pgh_created_at__lte=until) if until else events
    newer: Row = None if until or before else record
    while found := list((events.filter(pgh_id__lt=before) if before else events)[:chunk]):
        rows = [newer or _row_after(record, found[0]), *found]
        namer = _Namer(record, rows, found, line)
        yield from (edit for edit in (namer.edit(after, event) for after, event in pairwise(rows)) if edit.changes)
        if len(found) < chunk:
            return
        newer, before = found[-1], found[-1].pgh_id


def _row_after(record: models.Model, event: Row) -> Row:
    """The row as that event's update left it."""
    later = record.events.filter(pgh_id__gt=event.pgh_id)  # type: ignore[attr-defined]
    return later.order_by("pgh_id").first() or record


class _Namer:
    """Knows the names behind ids, read once for all rows."""

    def __init__(self, record: models.Model, rows: Sequence[Row], events: Sequence[Row], line: Line | None) -> None:
        tracked = {column.name for column in record.pgh_event_model._meta.fields} - UNTOLD  # type: ignore[attr-defined]
        columns = [column for column in record._meta.fields if column.name in tracked and column.name != "custom"]
        self.columns = [column for column in columns if line is None or column.name in line.names]
        has_custom = isinstance(record, Record) and _is_any_custom_changed(rows)
        definitions = custom.definitions(kind_of(record)) if has_custom else []  # type: ignore[arg-type]
        self.custom = [one for one in definitions if line is None or one == line.definition]
        self.names = self._names(rows)
        contexts = [event.pgh_context.metadata for event in events if event.pgh_context]
        self.people = _people(_ids(contexts, "user"))
        self.runs, self.jobs = _runs(_ids(contexts, "run")), _jobs(_ids(contexts, "job"))

    def edit(self, newer: Row, event: Row) -> Edit:
        context = event.pgh_context.metadata if event.pgh_context else {}
        who = context.get("source") or self.people.get(context.get("user") or 0, "")
        run, url = self.runs.get(context.get("run", 0)) or self.jobs.get(context.get("job", 0)) or ("", "")
        changes = self._changes(event, newer)
        return Edit(event.pgh_id, event.pgh_created_at, changes, who, run, url, context.get("rule") or "")

    def _changes(self, older: Row, newer: Row) -> list[Change]:
        plain = [
            Change(_label(column), self._text(column, older), self._text(column, newer))
            for column in self.columns
            if getattr(older, column.attname) != getattr(newer, column.attname)
        ]
        return plain + [
            Change(definition.label, _custom_text(definition, older), _custom_text(definition, newer))
            for definition in self.custom
            if older.custom.get(definition.key) != newer.custom.get(definition.key)
        ]

    def _text(self, column: models.Field, row: Row) -> str:
        value = getattr(row, column.attname)
        if column.is_relation:
            return self.names[column.name].get(value, "one that is gone") if value is not None else ""
        return as_text(dict(column.flatchoices).get(value, value) if column.choices and value else value)

    def _names(self, rows: Sequence[Row]) -> dict[str, dict[int, str]]:
        ids: dict[models.Field, set[int]] = defaultdict(set)
        for column in self.columns:
            if column.is_relation and len({getattr(row, column.attname) for row in rows}) > 1:
                ids[column] = {getattr(row, column.attname) for row in rows} - {None}
        return {column.name: dict(_names_of(column.related_model, found)) for column, found in ids.items()}


def _is_any_custom_changed(rows: Sequence[Row]) -> bool:
    return any(older.custom != newer.custom for newer, older in pairwise(rows))


def _ids(contexts: Iterable[Mapping[str, Any]], key: str) -> set[int]:
    return {pk for context in contexts if isinstance(pk := context.get(key), int)}


def _names_of(model: Any, ids: set[int]) -> Iterator[tuple[int, str]]:
    return ((pk, str(row)) for pk, row in model._base_manager.in_bulk(ids).items())


def _people(ids: set[int]) -> dict[int, str]:
    return dict(_names_of(get_user_model(), ids)) if ids else {}


def _runs(ids: set[int]) -> dict[int, Told]:
    return {pk: told for tell in _run_tellers for pk, told in tell(ids).items()} if ids else {}


def _jobs(ids: set[int]) -> dict[int, Told]:
    """A job's page is for who started it."""
    user = acting_user()
    jobs = Job.objects.in_bulk(ids).values() if ids else ()
    return {
        job.pk: (job.title, reverse("job", args=[job.pk]) if user and job.user_id == user.pk else "") for job in jobs
    }


def _label(column: models.Field) -> str:
    name = str(column.verbose_name)
    return name[:1].upper() + name[1:]


def _custom_text(definition: CustomField, row: Row) -> str:
    return as_text(custom.from_json(definition, row.custom.get(definition.key)))
