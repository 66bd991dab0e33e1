"""Runs in plain words: what each was, what came of it, and what it did to each record."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from common.lines import as_text
from common.models import DeletedRecord, Record, RecordKind
from common.timeline import Change
from integrations.models import Connection, RecordLink, Run, SyncEvent, UserMapping
from integrations.progress import LABELS, PLURALS
from integrations.sync.activities.objects import TASK
from integrations.sync.records import KINDS, RECORD_TYPES, model_of

SHOWN_CHANGES = 8  # of one record; the others are behind its link
WORDS = {
    "created": "new",
    "updated": "changed",
    "unchanged": "as before",
    "skipped": "left out",
    "failed": "refused",
    "deleted": "deleted",
}
SHOWS = {
    "": "Everything",
    "created": "New",
    "updated": "Changed",
    "conflicts": "Changed on both sides",
    "failed": "Refused",
    "others": "Other news",
}
ID_LENGTH = 18
Kind = SyncEvent.Kind
EVENTS: dict[str, set[str]] = {
    "created": {Kind.CREATED, Kind.IMPORTED},
    "updated": {Kind.PUSHED, Kind.PULLED, Kind.LINKED, Kind.RELINKED, Kind.UNDONE},
    "conflicts": {Kind.CONFLICT},
    "failed": {Kind.REFUSED},
    "others": {Kind.UNLINKED, Kind.MERGED, Kind.RESTORED},
}


def title(run: Run) -> str:
    """What a run is, as a person would say it."""
    what = LABELS.get(run.remote_object, run.remote_object).lower() or "records"
    match run.kind:
        case Run.Kind.PULL:
            return f"{'Full pull' if run.is_first else 'Pull'} of {what}"
        case Run.Kind.PUSH:
            return f"Push of {what}"
        case Run.Kind.EVERYTHING:
            return f"One-time push of {'activities' if run.remote_object == TASK else what}"
        case Run.Kind.MERGE:
            return f"Merge of two {what}"
        case Run.Kind.UNDO:
            return f"Undo of changes of {what}"
        case Run.Kind.PREVIEW | Run.Kind.CARRIED:
            return f"{run.get_kind_display()}: {what_of(run)[0].lower()}{what_of(run)[1:]}"
    return f"{run.get_kind_display()}: {what}"


def what_of(run: Run) -> str:
    """What a preview is of, in words."""
    wanted = run.request
    labels = ", ".join(LABELS.get(name, name).lower() for name in wanted.get("names", ()))
    match wanted.get("what"):
        case "change":
            name = wanted["name"]
            of_what = LABELS.get(name) or f"{RecordKind(name).label}s"
            return f"{of_what}: changed {wanted['section']}"
        case "first_sync":
            return "First sync"
        case "pull":
            return f"Pull of {labels}{', from the beginning' if wanted['everything'] else ''}"
        case "push":
            kinds = ", ".join(PLURALS[kind] for kind in wanted["kinds"])
            return f"One-time push of {kinds}" if wanted["everything"] else "Push of what waits"
        case "trial":
            return "Trial of a few records"
    return "Preview"


def outcome(run: Run) -> str:
    """What became of the records: the parts add up to the whole."""
    if not run.looked_at:
        return "Nothing new" if run.state == Run.State.DONE else "Nothing yet"
    parts = [f"{getattr(run, name):,} {WORDS[name]}" for name in Run.OUTCOMES if getattr(run, name)]
    said = f"{run.looked_at:,} {'record' if run.looked_at == 1 else 'records'}: {', '.join(parts)}"
    if run.enriched:
        said += f"; {run.enriched:,} enriched from the directory"
    return f"{said}; {run.conflicts:,} fields changed on both sides" if run.conflicts else said


def duration(run: Run) -> timedelta:
    return (run.finished_at or timezone.now()) - run.started_at


@dataclass(frozen=True)
class Told:
    """A run with its words."""

    run: Run

    @property
    def title(self) -> str:
        return title(self.run)

    @property
    def outcome(self) -> str:
        return outcome(self.run)

    @property
    def seconds(self) -> float:
        return duration(self.run).total_seconds()


def tell(runs: Iterable[Run]) -> list[Told]:
    return [Told(run) for run in runs]


# --- the records of a run ---------------------------------------------------------------------------------------------


def events_of(run: Run) -> QuerySet[SyncEvent]:
    """What a run did, record by record, and what the pushes did that worked it off."""
    return SyncEvent.objects.filter(Q(run=run) | Q(part_of=run))


def arrivals_of(run: Run) -> QuerySet[Any]:
    """The records that a pull made here and that are still here."""
    model = RECORD_TYPES[KINDS[run.remote_object]].model
    ids = RawSQL("SELECT unnest(record_ids) FROM integrations_arrivals WHERE run_id = %s", [run.pk])
    return model._default_manager.filter(pk__in=ids)


@dataclass(frozen=True)
class Line:
    """What a run did to one record. ``url`` is empty where the record is not here any more."""

    name: str
    url: str
    what: str
    summary: str
    changes: Sequence[Change]
    more: int = 0


def lines(events: Sequence[SyncEvent]) -> list[Line]:
    """Events with the names of their records, by one query for each kind."""
    names, behind = _names(events), names_behind(events)
    return [_line(event, behind, *names.get((event.record_kind, event.record_id), ("", ""))) for event in events]


def _line(event: SyncEvent, behind: Mapping[str, str], name: str, url: str) -> Line:
    changes = changes_of(event, behind)
    what = event.get_kind_display()
    return Line(
        name or f"A record that is gone ({event.record_kind} {event.record_id})",
        url,
        what,
        event.summary,
        changes[:SHOWN_CHANGES],
        len(changes[SHOWN_CHANGES:]),
    )


def changes_of(event: SyncEvent, behind: Mapping[str, str]) -> list[Change]:
    """What an event says of fields: of a conflict what lost, and what won. ``behind``: names for ids."""
    return [
        Change(label, *(_text(behind.get(value, value) if isinstance(value, str) else value) for value in pair))
        for label, told in event.changes.items()
        if (pair := _pair(told))
    ]


def _pair(told: Any) -> Sequence[Any]:
    if isinstance(told, dict) and "winner" in told:
        sides = (told.get("ours"), told.get("theirs"))
        return sides if told["winner"] == "theirs" else sides[::-1]
    return told if isinstance(told, list) and len(told) == 2 else ()  # noqa: PLR2004 - before and after


def names_behind(events: Iterable[SyncEvent]) -> dict[str, str]:
    """Who and what the ids are that events tell of: owners and records, by two queries and one for each kind."""
    values = {value for event in events for told in event.changes.values() for value in _pair(told)}
    ids = {value for value in values if isinstance(value, str) and len(value) == ID_LENGTH and value.isalnum()}
    if not ids:
        return {}
    owners = UserMapping.objects.filter(remote_id__in=ids).select_related("user")
    links = RecordLink.objects.filter(connection__in=Connection.objects.all(), remote_id__in=ids, record_id__gt=0)
    keys = {link.remote_id: (link.record_kind, link.record_id) for link in links}
    names = {row.remote_id: str(row.user or row.name or row.remote_id) for row in owners}
    for kind in {kind for kind, _ in keys.values()}:
        records = model_of(kind)._default_manager.in_bulk([pk for own, pk in keys.values() if own == kind])
        names |= {one: str(records[pk]) for one, (own, pk) in keys.items() if own == kind and pk in records}
    return names


def _text(value: Any) -> str:
    return "" if value is None else as_text(value)


def _names(events: Sequence[SyncEvent]) -> dict[tuple[str, int], tuple[str, str]]:
    ids: dict[str, set[int]] = defaultdict(set)
    for event in events:
        ids[event.record_kind].add(event.record_id)
    names: dict[tuple[str, int], tuple[str, str]] = {}
    gone = Q(pk__in=[])
    for kind, found in ids.items():
        records: dict[int, Record] = model_of(kind)._default_manager.in_bulk(found)
        names |= {(kind, pk): (str(record), record.get_absolute_url()) for pk, record in records.items()}
        gone |= Q(record_kind=kind, record_id__in=found - set(records))
    kept = DeletedRecord.objects.filter(gone).values_list("record_kind", "record_id", "name")
    return names | {(kind, pk): (f"{name} (deleted)", "") for kind, pk, name in kept}
