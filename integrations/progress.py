"""How the sync is getting on, as the pages show it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count
from django.utils import timezone

from integrations.models import Connection, Cursor, Lane, Run
from integrations.sync.records import OBJECTS

LABELS = {
    "Account": "Accounts",
    "Contact": "Contacts",
    "Lead": "Leads",
    "Opportunity": "Deals",
    "OpportunityContactRole": "Contacts of deals",
    "CampaignMember": "Campaign members",
    "Task": "Tasks",
    "Event": "Meetings",
    "ContentNote": "Notes",
    "Note": "Notes of the old kind",
}
PLURALS = {"account": "accounts", "contact": "contacts", "deal": "deals", "activity": "activities"}


@dataclass(frozen=True)
class Progress:
    """One object of a pull under way."""

    label: str
    run: Run | None
    expected: int

    @property
    def done(self) -> int:
        return self.run.looked_at if self.run else 0

    @property
    def total(self) -> int:
        return max(self.run.total if self.run else 0, self.expected, self.done)

    @property
    def is_finished(self) -> bool:
        return bool(self.run and self.run.state == Run.State.DONE)

    @property
    def percent(self) -> int:
        if self.is_finished:
            return 100
        return self.done * 100 // self.total if self.total else 0

    @property
    def rate(self) -> int:
        """Records a second."""
        seconds = ((self.run.finished_at or timezone.now()) - self.run.started_at).total_seconds() if self.run else 0
        return round(self.done / seconds) if seconds >= 1 else 0

    @property
    def time_left(self) -> timedelta | None:
        """None when it can't be told yet."""
        if self.is_finished or not self.rate:
            return None
        return timedelta(seconds=(self.total - self.done) // self.rate)


def first_pull(connection: Connection) -> list[Progress]:
    runs: dict[str, Run] = {}
    for run in connection.runs.filter(kind=Run.Kind.PULL, is_first=True).order_by("id"):
        runs[run.remote_object] = run
    return [
        Progress(LABELS.get(name, name), runs.get(name), connection.waiting_counts.get(name, 0))
        for name in ordered(connection.cursors.values_list("remote_object", flat=True))
    ]


@dataclass(frozen=True)
class ObjectState:
    """When an object was pulled last and will be next. ``kind``: of its records, "" where these are activities."""

    name: str
    label: str
    kind: str
    last: Run | None
    due_at: datetime
    is_running: bool
    is_held: bool = False

    @property
    def is_due(self) -> bool:
        return self.due_at <= timezone.now()


def objects(connection: Connection) -> list[ObjectState]:
    cursors = {cursor.remote_object: cursor for cursor in connection.cursors.all()}
    newest = connection.runs.filter(kind=Run.Kind.PULL).order_by("remote_object", "-id").distinct("remote_object")
    last = {run.remote_object: run for run in newest}
    return [_state(name, cursors[name], last.get(name)) for name in ordered(cursors)]


def _state(name: str, cursor: Cursor, last: Run | None) -> ObjectState:
    is_running = bool(cursor.leased_until and cursor.leased_until > timezone.now())
    return ObjectState(
        name, LABELS.get(name, name), OBJECTS.get(name, ""), last, cursor.due_at, is_running, cursor.is_held
    )


def ordered(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: list(LABELS).index(name) if name in LABELS else len(LABELS))


def queue(connection: Connection) -> list[tuple[str, int]]:
    """How many records wait in each lane."""
    counts = dict(connection.outbox.values_list("lane").annotate(Count("pk")).order_by())
    return [(lane.label, counts.get(lane.value, 0)) for lane in Lane]
