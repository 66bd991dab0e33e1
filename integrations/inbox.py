"""What waits for a person: one page a kind of question, each with how many there are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, Count, QuerySet, Value, When
from django.db.models.functions import Cast
from django.urls import reverse

from common.models import DuplicatePair
from integrations.conflicts import told_of
from integrations.models import ErrorEntry, HeldDeletions, RecordLink, SyncEvent
from integrations.sync.records import SYNCED, model_of

MATCH, UNKNOWN = ErrorEntry.QUESTIONS


@dataclass(frozen=True)
class Counts:
    """How much of each kind waits. Potential duplicates are no fault of the sync: they are no part of ``total``."""

    errors: int
    matches: int
    unknown: int
    conflicts: int
    deletions: int

    @property
    def total(self) -> int:
        return self.errors + self.matches + self.unknown + self.conflicts + self.deletions


@dataclass(frozen=True)
class Box:
    name: str
    label: str
    url: str
    count: int | None = None


def counts_for(request: Any) -> Counts:
    """Asked once a request: every page of the integration shows them, and so does the menu beside it."""
    if not hasattr(request, "inbox"):
        request.inbox = counts()
    found: Counts = request.inbox
    return found


def counts() -> Counts:
    """With one query."""
    boxes = {MATCH: "matches", UNKNOWN: "unknown"}
    by_code = [When(code=code, then=Value(box)) for code, box in boxes.items()]
    parts = [
        _counted(ErrorEntry.objects.open(), Case(*by_code, default=Value("errors"))),
        _counted(RecordLink.objects.doubtful(), Value("matches")),
        _counted(SyncEvent.objects.conflicts(), Value("conflicts")),
        _counted(HeldDeletions.objects.filter(decided_at=None), Value("deletions")),
    ]
    found = Counter(dict.fromkeys(("errors", "matches", "unknown", "conflicts", "deletions"), 0))
    for box, number in parts[0].union(*parts[1:], all=True):
        found[box] += number
    return Counts(**found)


def _counted(rows: QuerySet[Any], box: Case | Value) -> QuerySet[Any]:
    """Pairs of a box's name and how many of these rows are in it."""
    named = rows.order_by().annotate(box=Cast(box, CharField())).values("box")
    return named.annotate(number=Count("pk")).values_list("box", "number")


def boxes(present: Counts) -> list[Box]:
    return [
        Box("errors", "Errors", reverse("integrations:errors"), present.errors),
        Box("conflicts", "Conflicts", reverse("integrations:conflicts"), present.conflicts),
        Box("matches", "Ambiguous matches", reverse("integrations:matches"), present.matches),
        Box("unknown", "Unknown outcomes", reverse("integrations:unknown"), present.unknown),
        Box("deletions", "Held deletions", reverse("integrations:held_deletions"), present.deletions),
        Box("duplicates", "Potential duplicates", reverse("integrations:duplicates")),
    ]


def records_of(pairs: Iterable[tuple[str, int | None]]) -> dict[tuple[str, int], Any]:
    """Records by kind and id, a query a kind; those that were deleted here are left out."""
    wanted: dict[str, set[int]] = {}
    for kind, pk in pairs:
        if pk:
            wanted.setdefault(kind, set()).add(pk)
    return {
        (kind, record.pk): record
        for kind, ids in wanted.items()
        if kind in SYNCED
        for record in model_of(kind)._default_manager.filter(pk__in=ids)
    }


@dataclass(frozen=True)
class Conflict:
    """A field that both sides changed, as the list shows it. ``record`` is None when it was deleted here."""

    event: SyncEvent
    record: Any
    field: str
    label: str
    ours: str
    theirs: str
    winner: str

    @property
    def can_be_restored(self) -> bool:
        return self.record is not None and bool(self.field)


def conflicts_of(events: Sequence[SyncEvent]) -> list[Conflict]:
    records = records_of((event.record_kind, event.record_id) for event in events)
    return [_conflict(event, records.get((event.record_kind, event.record_id))) for event in events]


def _conflict(event: SyncEvent, record: Any) -> Conflict:
    told = told_of(event)
    return Conflict(
        event=event,
        record=record,
        field=str(told.get("field", "")),
        label=next(iter(event.changes), "A field"),
        ours=_text(told.get("ours")),
        theirs=_text(told.get("theirs")),
        winner=str(told.get("winner", "")),
    )


def _text(value: Any) -> str:
    return "" if value is None else {True: "Yes", False: "No"}.get(value, str(value))


@dataclass(frozen=True)
class Twins:
    """Two records of ours that look like one."""

    pair: DuplicatePair
    first: Any
    second: Any


def twins_of(pairs: Sequence[DuplicatePair]) -> list[Twins]:
    """Pairs of which one was deleted here since say nothing any more."""
    ids = [(pair.record_kind, pk) for pair in pairs for pk in (pair.first_id, pair.second_id)]
    records = records_of(ids)
    found = (
        Twins(pair, records.get((pair.record_kind, pair.first_id)), records.get((pair.record_kind, pair.second_id)))
        for pair in pairs
    )
    return [twins for twins in found if twins.first and twins.second]
