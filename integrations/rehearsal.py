"""A pull or push that only says what it would do: the real engines, in transactions that are rolled back.

No transaction is open while Salesforce is asked. An engine that asks what was not asked before is stopped, its
transaction rolled back and the question asked; then it begins again, and finds the answer. So locks are held only for
as long as a page or a claim takes to be planned, as in a real pull or push.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import sleep
from typing import Any, TypeVar

from django.db import OperationalError, transaction
from django.db import connection as database

from integrations.everything import eligible, settings_of
from integrations.models import Connection, Credential, Cursor, Lane, Outbox, RecordLink, Run, RunLine, SyncedKind
from integrations.providers import provider_for
from integrations.rehearsed import NotAsked, Rehearsed
from integrations.services import queue_push
from integrations.sync.activities.objects import TASK
from integrations.sync.activities.passing import that_go
from integrations.sync.credentials import Logins
from integrations.sync.deadlocks import DEADLOCK
from integrations.sync.departed import carry_out
from integrations.sync.leases import take_lease
from integrations.sync.picking import claims_of
from integrations.sync.provider import CallFailed, RequestRefused
from integrations.sync.pull import pull as pull_object
from integrations.sync.push import push as push_claim
from integrations.sync.records import KINDS, SYNCED, model_of
from integrations.sync.scope import Scope
from integrations.sync.telling import lines_of

TOGETHER = 2_000  # records that are planned in one transaction, so that they may depend on one another
CLAIMED = 200  # rows of the queue that are planned in one transaction
LOCK_WAIT = 200  # milliseconds; PostgreSQL looks for deadlocks after 1,000
PATIENCE = 100  # tries
GIVE_WAY = {DEADLOCK, "55P03"}  # a lock was not had in time
Result = TypeVar("Result")
Mark = Callable[[], Iterable[int]]  # names, or makes, the rows of the queue to be planned


@dataclass
class Told:
    """What some planning came to: ``run`` holds its counts and was rolled back."""

    run: Run
    lines: list[RunLine] = field(default_factory=list)
    asked: frozenset[tuple[str, int]] = frozenset()  # records that were to be pushed: others go because these need them


@dataclass
class Reading:
    """Where the rehearsed pull of an object is. ``is_full``: from its beginning."""

    name: str
    is_full: bool
    at: Any = None
    id: str = ""
    total: int = 0
    is_begun: bool = False
    is_over: bool = False


@dataclass
class Rehearsal:
    """One preview. ``prepare`` is done first in every transaction: the change that is tried."""

    connection: Connection
    prepare: Callable[[], Any] = lambda: None
    providers: dict[int, Rehearsed] = field(default_factory=dict)
    writes: int = 0

    @property
    def calls(self) -> int:
        """API calls that carrying out will cost, as far as it was planned: what was asked, and what would be sent."""
        return self.writes + sum(provider.calls for provider in self.providers.values())

    def provider_for(self, login: Credential) -> Rehearsed:
        if login.pk not in self.providers:
            self.providers[login.pk] = Rehearsed(provider_for(login))
        return self.providers[login.pk]

    def play(self, act: Callable[[], Result]) -> Result:
        """What ``act`` answers, with nothing of it left. Raises ProviderError when Salesforce does not answer."""
        while True:
            for provider in self.providers.values():
                provider.begin()
            try:
                result = self._rolled_back(act)
            except NotAsked as question:
                question.ask()  # no transaction is open here
                continue
            for provider in self.providers.values():
                self.writes += provider.writes
                provider.forget()
            return result

    def _rolled_back(self, act: Callable[[], Result]) -> Result:
        """A preview gives way: it never waits long for a lock, since whoever holds that may wait for one of ours."""
        for _ in range(PATIENCE):
            try:
                with transaction.atomic():
                    database.cursor().execute(f"SET LOCAL lock_timeout TO {LOCK_WAIT}")
                    self.prepare()
                    result = act()
                    transaction.set_rollback(True)
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", "") not in GIVE_WAY:
                    raise
                sleep(LOCK_WAIT / 1000)
            else:
                return result
        raise CallFailed("These records are being changed all the time: try again later.")

    # --- pulls --------------------------------------------------------------------------------------------------------

    def pull_some(self, readings: Sequence[Reading]) -> list[Told]:
        """Plan the next pages of what is not over yet, several objects together as long as they are small."""
        ends, told = self.play(partial(self._pages, readings))
        for reading, end in zip(readings, ends, strict=False):
            reading.at, reading.id, reading.total, reading.is_over = end
            reading.is_begun = True
        return told

    def _pages(self, readings: Sequence[Reading]) -> tuple[list[tuple[Any, str, int, bool]], list[Told]]:
        ends, told = [], []
        for reading in readings:
            end, one = self._page(reading)
            ends.append(end)
            told.append(one)
            if sum(each.run.looked_at for each in told) >= TOGETHER:
                break
        return ends, told

    def _page(self, reading: Reading) -> tuple[tuple[Any, str, int, bool], Told]:
        login = Logins(self.connection).for_team().credential
        assert login is not None, "a connected org has a login"
        self._set_cursor(reading)
        newest = RecordLink.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        lease = take_lease(self.connection, reading.name)
        assert lease is not None, "it was freed before"
        try:
            run = pull_object(self.connection, lease, self.provider_for(login), login=login, may_go_on=lambda: False)
        except RequestRefused as refusal:
            run = Run(kind=Run.Kind.PULL, remote_object=reading.name, state=Run.State.INCOMPLETE)
            run.message = refusal.reason
            return (reading.at, reading.id, reading.total, True), Told(run)
        is_over = run.state == Run.State.DONE
        if not is_over and reading.name in KINDS:
            carry_out(Scope.load(self.connection, reading.name), run)
        lines = lines_of([run], "pull", after_link=newest)
        cursor = lease.cursor
        return (cursor.page_at, cursor.page_id, run.total or reading.total, is_over), Told(run, lines)

    def _set_cursor(self, reading: Reading) -> None:
        cursor = Cursor.objects.select_for_update().get(connection=self.connection, remote_object=reading.name)
        if reading.is_begun or reading.is_full or cursor.export_id:
            cursor.start_over()
            cursor.page_at, cursor.page_id = reading.at, reading.id
        cursor.is_full = cursor.is_full or reading.is_full
        cursor.run = cursor.lease_token = cursor.leased_until = None
        cursor.save()

    # --- pushes -------------------------------------------------------------------------------------------------------

    def push_some(self, mark: Mark) -> list[Told]:
        """Plan the rows of the queue that ``mark`` names, or makes; and what they wait for."""
        return self.play(partial(self._push, mark))

    def _push(self, mark: Mark) -> list[Told]:
        runs: dict[str, Run] = {}
        ids = list(mark())
        records = list(Outbox.objects.filter(pk__in=ids).values_list("record_kind", "record_id"))
        _lock(records)  # before their rows, as an edit does
        for claim in claims_of(ids):
            name = claim.remote_object
            if name not in runs:
                runs[name] = Run.objects.create(
                    connection=self.connection, kind=Run.Kind.PUSH, remote_object=name, credential=claim.credential
                )
            try:
                push_claim(claim, self.provider_for(claim.credential), runs[name])
            except RequestRefused as refusal:
                Outbox.objects.filter(claim_token=claim.token).delete()
                runs[name].count(failed=len(claim.rows))
                runs[name].message = refusal.reason
        lines = lines_of(list(runs.values()), "push", records=records)
        asked = frozenset(records)
        return [Told(run, [line for line in lines if line.run is run], asked) for run in runs.values()]


def _lock(records: Sequence[tuple[str, int]]) -> None:
    for kind in sorted({kind for kind, _ in records}):
        rows = model_of(kind)._default_manager.filter(pk__in=[pk for one, pk in records if one == kind])
        list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk"))


def pull(connection: Connection, names: Sequence[str], *, everything: bool) -> list[Run]:
    """What a pull of these objects would change here."""
    rehearsal = Rehearsal(connection)
    readings = [Reading(name, everything) for name in names]
    runs: dict[str, Run] = {}
    while pending := [reading for reading in readings if not reading.is_over]:
        for told in rehearsal.pull_some(pending):
            runs[told.run.remote_object] = added(runs.get(told.run.remote_object), told.run)
    last = runs[names[-1]]
    last.api_calls = rehearsal.calls
    return list(runs.values())


def push(connection: Connection, everything: Sequence[str] = ()) -> Run:
    """What pushing all that is due would change there; and, of these kinds, the one-time push."""
    rehearsal = Rehearsal(connection)
    total = Run(kind=Run.Kind.PUSH, state=Run.State.DONE)
    for mark in (*due_in_parts(connection), *eligible_in_parts(connection, everything)):
        for told in rehearsal.push_some(mark):
            added(total, told.run)
    total.api_calls = rehearsal.calls
    return total


def due_in_parts(connection: Connection, kinds: Sequence[str] = tuple(SYNCED)) -> Iterator[Mark]:
    """What is due, as many rows as are planned together: accounts before the people who need them."""
    rows = Outbox.objects.due().filter(connection=connection, job=None, record_kind__in=kinds)
    ids = list(rows.order_by("record_kind", "operation", "pk").values_list("pk", flat=True))
    yield from (partial(list, ids[start : start + CLAIMED]) for start in range(0, len(ids), CLAIMED))


LAST_OF_ALL = ["account", "contact", "deal", "activity"]


def eligible_in_parts(connection: Connection, kinds: Sequence[str]) -> Iterator[Mark]:
    """What the one-time push of these kinds would mark."""
    found = sorted(settings_of(connection, kinds), key=lambda row: LAST_OF_ALL.index(row.record_kind))
    for settings in found:
        ids = list(eligible(settings).order_by("pk").values_list("pk", flat=True)) if settings.creates else []
        for start in range(0, len(ids), CLAIMED):
            yield partial(marked, settings.record_kind, ids[start : start + CLAIMED])


def marked(kind: str, ids: Sequence[int]) -> list[int]:
    """Mark records as due, as a one-time push does; answers their rows."""
    records = list(model_of(kind)._default_manager.filter(pk__in=ids))
    run = None
    if kind == SyncedKind.ACTIVITY:  # of these the run says that it does not matter how old they are
        connection = Connection.objects.exclude(org_id="").get()
        run = Run.objects.create(connection=connection, kind=Run.Kind.EVERYTHING, remote_object=TASK)
        records = that_go(connection, ids)
    queue_push(records, lane=Lane.BACKGROUND, run=run)
    return list(Outbox.objects.of(kind, list(ids)).values_list("pk", flat=True))


def added(total: Run | None, run: Run) -> Run:
    """``total`` with what another part of the same came to."""
    if total is None:
        return run
    for name in (*Run.OUTCOMES, "conflicts"):
        setattr(total, name, getattr(total, name) + getattr(run, name))
    total.reasons = {**total.reasons, **{why: total.reasons.get(why, 0) + n for why, n in run.reasons.items()}}
    total.state = run.state if run.state != Run.State.RUNNING else total.state
    total.message = run.message or total.message
    return total
