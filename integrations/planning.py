"""What a preview plans, and what it found: counts by object and direction, and lines of single records."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any

from django.db.models import F

from integrations import changes, everything, forecasting, shifting
from integrations.models import Connection, Outbox, RecordLink, RunLine, SyncedKind
from integrations.outlook import Part
from integrations.pulling import PULL_ORDER
from integrations.rehearsal import CLAIMED, Mark, Reading, Rehearsal, Told, due_in_parts, eligible_in_parts, marked
from integrations.sync.credentials import Logins
from integrations.sync.pull import EXPORT_FROM
from integrations.sync.records import KINDS, RECORD_TYPES

READ = 100_000  # records of an object that are read
PUSHED = 2_000  # rows of the queue that are planned
COMPARED = 1_000  # linked records that a changed mapping is tried on
SHOWN = 200  # lines that are kept of an object, direction and outcome
FOR_PULLS = 0.7  # of the time, where pushes are planned as well
ANYWAY = "anyway"
NEXT = "Pulls and pushes are the next ones under the change; what is due anyway is counted too, and said."
COMPARED_ANEW = (
    "Linked records are compared anew under the change: this is what would move when they are. What a newly mapped "
    "field would move of them is counted apart: saving moves nothing of it, applying it to existing records does."
)
Direction = RunLine.Direction


class Stopped(Exception):
    """A person cancelled the preview."""


@dataclass
class Planner:
    """Works a request off. ``report`` is called with what each piece came to; it raises Stopped."""

    connection: Connection
    request: dict[str, Any]
    seconds: float
    report: Callable[["Planner", Sequence[Told]], None]
    parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    pieces: int = 0
    kept: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    made: set[tuple[str, str]] = field(default_factory=set)
    spent: Counter[str] = field(default_factory=Counter)
    is_tried: bool = True  # whether the change is made before the planning

    def __post_init__(self) -> None:
        self.began_at = monotonic()
        self.links = self._linked() if self.request["what"] == "change" else []
        self.rehearsal = Rehearsal(self.connection, self._prepare)

    def work(self) -> None:
        """Raises ProviderError and Stopped."""
        request = self.request
        match request["what"]:
            case "pull":
                self._pull(request["names"], is_full=request["everything"])
            case "push":
                self._push_due(request["kinds"])
                if request["everything"]:
                    self._push_everything(request["kinds"])
            case "first_sync":
                self._pull(list(self._pulled()), is_full=True, share=FOR_PULLS)
                self._push_due(list(RECORD_TYPES))
            case "change":
                self._change(request["section"], request["name"])

    @property
    def is_estimate(self) -> bool:
        return any(part.share > 1 or part.is_estimated for part in self.parts.values())

    @property
    def calls(self) -> int:
        """API calls that carrying out will cost, about."""
        return sum(map(self._calls, (Direction.PULL, Direction.PUSH)))

    def _calls(self, direction: str) -> int:
        mine = [part for part in self.parts.values() if part.direction == direction]
        looked_at = sum(part.looked_at for part in mine)
        total = sum(part.expected for part in mine)
        if direction == Direction.PULL and any(part.total >= EXPORT_FROM for part in mine):
            return sum(forecasting.calls_of_pull(part.total) for part in mine)  # a preview reads page by page
        return round(self.spent[direction] * total / looked_at) if looked_at else self.spent[direction]

    # --- what is planned ----------------------------------------------------------------------------------------------

    def _pulled(self) -> Iterator[str]:
        names = set(self.connection.cursors.values_list("remote_object", flat=True))
        return (name for name in PULL_ORDER if name in names)

    def _is_late(self, share: float = 1.0) -> bool:
        return monotonic() > self.began_at + share * self.seconds

    def _pull(self, names: Sequence[str], *, is_full: bool, share: float = 1.0) -> None:
        readings = [Reading(name, is_full) for name in PULL_ORDER if name in names]
        while pending := [each for each in readings if self._goes_on(each)]:
            if self._is_late(share):
                self._note("The time for a preview was up before everything was read.")
                break
            told = self.rehearsal.pull_some(pending)
            for reading in pending[: len(told)]:
                self._of(Direction.PULL, reading.name).total = reading.total
            self._add(Direction.PULL, told)

    def _goes_on(self, reading: Reading) -> bool:
        return not reading.is_over and self._of(Direction.PULL, reading.name).looked_at < READ

    def _push_due(self, kinds: Sequence[str]) -> None:
        rows = Outbox.objects.due().filter(connection=self.connection, job=None, record_kind__in=kinds)
        total = Counter(rows.values_list("remote_object", flat=True))
        self._push(due_in_parts(self.connection, kinds), dict(total))

    def _push(self, marks: Iterator[Mark], total: dict[str, int]) -> None:
        planned = 0
        for name, count in total.items():
            self._of(Direction.PUSH, name).total += count if self.is_tried else 0
        for mark in marks:
            if planned >= PUSHED or self._is_late():
                break
            self._add(Direction.PUSH, self.rehearsal.push_some(mark))
            planned += CLAIMED

    def _push_everything(self, kinds: Sequence[str]) -> None:
        for told, settings in zip(
            forecasting.push(self.connection, kinds), everything.settings_of(self.connection, kinds), strict=True
        ):
            name, total = everything.object_of(settings), self._eligible_of(settings, told)
            self._of(Direction.PUSH, name).left_out += told.unlinked - sum(total.values())
            self.notes += [f"{number:,} skipped: {reason}." for reason, number in told.skipped.items()]
            self.notes += [f"Of those that are created, {note}" for note in told.notes]
            self.notes += [f"{told.unchanged:,} are linked and in step."] if told.unchanged else []
            self.notes += [f"{told.waiting:,} wait to be created already."] if told.waiting else []
            self._push(eligible_in_parts(self.connection, [told.kind]), total)
            for each in total:
                self._of(Direction.PUSH, each).is_estimated = told.is_estimate
            if told.kind != SyncedKind.ACTIVITY:
                self._scale_companions(self._of(Direction.PUSH, name))

    @staticmethod
    def _eligible_of(settings: everything.Settings, told: forecasting.Forecast) -> dict[str, int]:
        """How many records are marked, by what they become there. Of activities the forecast has judged each."""
        if told.kind == SyncedKind.ACTIVITY:
            return told.by_object
        return {everything.object_of(settings): everything.eligible(settings).count() if settings.creates else 0}

    def _scale_companions(self, asked: Part) -> None:
        """Of the accounts that people need only those were met that the planned ones need."""
        for part in self.parts.values():
            if part.direction == Direction.PUSH and part is not asked and part.total < part.looked_at:
                part.total = round(part.looked_at * asked.share)

    # --- changes ------------------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if self.request["what"] == "change" and self.is_tried:
            section, name = self.request["section"], self.request["name"]
            form = changes.bind(self.connection, section, name, changes.filled(self.request["data"]))
            if form.is_valid():
                changes.try_out(self.connection, section, name, form, RecordLink.objects.filter(pk__in=self.links))

    def _change(self, section: str, name: str) -> None:
        kind = KINDS.get(name, name)
        before = self._eligible(kind)
        after = self.rehearsal.play(partial(self._eligible, kind))
        if before != after:
            self.notes.append(
                f"Records that a one-time push would create: {after:,} instead of {before:,}. "
                "Saving alone creates none of them."
            )
        for shift in shifting.SHIFTS:
            if told := self.rehearsal.play(partial(shift, self.connection, kind)):
                self._add(Direction.HERE, [told])
        is_compared = section in {"mapping", "stages"}
        self.notes.append(COMPARED_ANEW if is_compared else NEXT)
        moves = self._compare if is_compared else self._pull_and_push
        moves(kind)
        if is_compared:
            self._apply_to_existing(name)
        self.is_tried = False
        moves(kind)

    def _apply_to_existing(self, name: str) -> None:
        login = Logins(self.connection).for_team().credential
        assert login is not None, "it was looked for before"
        links = RecordLink.objects.filter(pk__in=self.links)
        for each in changes.objects_of(name):
            apply = partial(shifting.existing, self.connection, each, links, self.rehearsal.provider_for(login))
            if told := self.rehearsal.play(apply):
                self._of(Direction.THEN, each).total = self._all_linked().filter(remote_object=each).count()
                self._add(Direction.THEN, [told])

    def _pull_and_push(self, kind: str) -> None:
        if self.connection.phase != Connection.Phase.SETUP:  # before that nothing is due
            self._pull([name for name in self._pulled() if KINDS.get(name) == kind], is_full=False)
            self._push_due([kind])

    def _eligible(self, kind: str) -> int:
        return sum(told.to_create for told in forecasting.push(self.connection, [kind]))

    def _linked(self) -> list[int]:
        """Some links of the objects that a change is about, evenly spread."""
        rows = self._all_linked()
        spread = -(-rows.count() // COMPARED) or 1
        return list(rows.annotate(turn=F("pk") % spread).filter(turn=0).values_list("pk", flat=True)[:COMPARED])

    def _all_linked(self) -> Any:
        names = changes.objects_of(self.request["name"])
        return RecordLink.objects.live().filter(connection=self.connection, remote_object__in=names, gone_at=None)

    def _compare(self, kind: str) -> None:
        """What would move of linked records that are compared anew under the change."""
        links = RecordLink.objects.filter(pk__in=self.links)
        ids = [pk for pk in links.values_list("record_id", flat=True) if pk]
        starts = range(0, len(ids), CLAIMED)
        marks = (partial(marked, kind, ids[start : start + CLAIMED]) for start in starts)
        names = Counter(self._all_linked().values_list("remote_object", flat=True))
        self._push(iter(marks), dict(names))

    # --- what was found -----------------------------------------------------------------------------------------------

    def _of(self, direction: str, name: str) -> Part:
        return self.parts.setdefault((direction, name), Part(direction, name))

    def _add(self, direction: str, told: Sequence[Told]) -> None:
        self.spent[direction if self.is_tried else ANYWAY] += self.rehearsal.calls - self.spent.total()
        if not self.is_tried:
            for one in told:
                self._of(direction, one.run.remote_object).anyway += one.run.moved
            self.report(self, [])
            return
        self.pieces += 1
        for one in told:
            self._leave_out_twice_made(direction, one)
            self._of(direction, one.run.remote_object).add(one.run, one.lines)
            self._note(one.run.message)
            one.lines = [line for line in one.lines if self._is_kept(line)]
        self.report(self, told)

    def _note(self, text: str) -> None:
        self.notes += [text] if text and text not in self.notes else []

    def _leave_out_twice_made(self, direction: str, told: Told) -> None:
        """An account that people of several pieces need is made once."""
        lines = []
        for line in told.lines:
            key = (line.remote_object, line.name)
            is_made = direction == Direction.PUSH and line.outcome == RunLine.Outcome.CREATED
            is_asked = (line.record_kind, line.record_id) in told.asked
            if is_made and not is_asked and key in self.made:
                told.run.created -= 1
                continue
            if is_made:
                self.made.add(key)
            lines.append(line)
        told.lines = lines

    def _is_kept(self, line: RunLine) -> bool:
        key = (line.direction, line.remote_object, line.outcome)
        self.kept[key] += 1
        return self.kept[key] <= SHOWN
