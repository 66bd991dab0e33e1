"""The pull engine: what changed there, read in pages and applied page by page, each in one transaction.

What is new comes in the order of (changed_at, id); everything there is, when it is much, as an export that the other
side works off. The cursor moves in the transaction of its page, so that a killed pull resumes at its page; pages may
repeat and overlap, for what is known already falls out.
"""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import sleep

import pghistory
from django.db import DatabaseError, transaction
from django.db import connection as database
from django.utils import timezone

from common.logs import about
from integrations.models import Connection, Credential, Cursor, Run
from integrations.sync import absences
from integrations.sync.activities.scope import ActivityScope
from integrations.sync.activities.unseen import unseen_tasks
from integrations.sync.applying import apply, apply_in_one, leave_out, scope_of
from integrations.sync.casting import cast_waiting
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.departed import carry_out
from integrations.sync.leases import Lease, give_back, hold
from integrations.sync.page import OVERLAP, Page
from integrations.sync.provider import (
    CallFailed,
    ConnectionBroken,
    Export,
    Position,
    Provider,
    Question,
    RemoteRecord,
    RequestRefused,
)
from integrations.sync.references import resolve_waiting
from integrations.sync.roles import RoleScope
from integrations.sync.scope import Scope, refresh
from integrations.sync.unstorable import BAD_RECORD, in_halves

logger = logging.getLogger(__name__)

PAGE = 2_000  # records that are read and applied at once
PART = 5_000  # records of an export in one call
EXPORT_FROM = 20_000  # records; fewer come faster page by page, and cost no more calls
LONG_AGO = timedelta(days=1)  # after so long without a pull there may be that many
WHERE_IT_IS = ["position", "is_full", "page_at", "page_id"]
WHERE_IT_IS += ["export_id", "export_part", "export_at", "export_position"]
EXPORT_POLLS = (0.1, 0.2, 0.5, 1, 2, 4)  # seconds between looks at an export, the last one again and again


def question_of(connection: Connection, cursor: Cursor) -> Question:
    """What a pull of an object asks first."""
    scope = scope_of(connection, cursor.remote_object)
    return Question(scope.remote_object, scope.names, _start(cursor), PAGE, is_first=_since(cursor) is None)


@dataclass(frozen=True)
class FirstPage:
    """The answer to ``question_of``, asked together with those of other objects, and when it was asked."""

    answer: list[RemoteRecord] | RequestRefused
    read_at: datetime
    asked_at: datetime


def pull(
    connection: Connection,
    lease_: Lease,
    provider: Provider,
    *,
    started_by_id: int | None = None,
    login: Credential | None = None,
    may_go_on: Callable[[], bool] = lambda: True,
    first: FirstPage | None = None,
) -> Run:
    """Pull what changed since the last time, from the page where that stopped. Returns the run: done, or still running.

    Raises CallFailed and ConnectionBroken when no answer could be had; the run then stands at its page, incomplete.
    """
    scope = scope_of(connection, lease_.cursor.remote_object)
    calls = provider.calls
    run = _run(connection, lease_.cursor, started_by_id, login)
    puller = _Puller(scope, lease_, provider, run, may_go_on)
    try:
        with about(run_id=run.pk):
            puller.pull_or_refresh(first)
    except (CallFailed, ConnectionBroken, RequestRefused) as error:
        run.finish(Run.State.INCOMPLETE, error.reason)
        raise
    finally:
        run.count(api_calls=provider.calls - calls)
        give_back(lease_)
    return run


def _run(connection: Connection, cursor: Cursor, started_by_id: int | None, login: Credential | None) -> Run:
    """The run that was cut off, taken up again, or a new one."""
    run = cursor.run
    if run and run.state in (Run.State.RUNNING, Run.State.INCOMPLETE) and cursor.is_under_way:
        run.state, run.finished_at, run.message = Run.State.RUNNING, None, ""
        run.credential, run.seen_at = login, timezone.now()
        run.save(update_fields=["state", "finished_at", "message", "credential", "seen_at"])
        return run
    if run and run.state == Run.State.RUNNING:
        run.finish(Run.State.INCOMPLETE, "It was cut off before its first page.")
    run = Run.objects.create(
        connection=connection,
        kind=Run.Kind.PULL,
        remote_object=cursor.remote_object,
        is_first=cursor.position is None or cursor.is_full,
        started_by_id=started_by_id,
        credential=login,
    )
    cursor.run = run
    cursor.save(update_fields=["run"])
    return run


def _start(cursor: Cursor) -> Position | None:
    if cursor.page_at:
        return Position(cursor.page_at, cursor.page_id)
    since = _since(cursor)
    return Position(since) if since else None


def _since(cursor: Cursor) -> datetime | None:
    return cursor.position - OVERLAP if cursor.position and not cursor.is_full else None


@dataclass
class _Puller:
    """One object's pull, for as long as it may go on."""

    scope: Scope | RoleScope
    lease: Lease
    provider: Provider
    run: Run
    may_go_on: Callable[[], bool]

    @property
    def cursor(self) -> Cursor:
        return self.lease.cursor

    def pull_or_refresh(self, first: FirstPage | None) -> None:
        try:
            self.pull(first)
        except RequestRefused:
            if not refresh(self.scope, self.provider):
                raise
            # A mapped field is gone or hidden since the object was described: go on without it.
            self.scope = scope_of(self.scope.connection, self.scope.remote_object)
            self.pull(None)

    def pull(self, first: FirstPage | None) -> None:
        if not self.cursor.is_under_way:
            is_large = self._is_large()
            self._look_for_unseen()
            if is_large:
                self._begin_export()
        if self.cursor.export_id:
            self._export()
        else:
            self._pages(first)

    def _look_for_unseen(self) -> None:
        """What the cursor tells nothing of comes first."""
        if isinstance(self.scope, ActivityScope):
            pages = unseen_tasks(self.scope, self.cursor, self.provider, self._store)
        elif isinstance(self.scope, Scope) and absences.are_possible(self.cursor, self.provider.clock()):
            pages = absences.absent(self.scope, self.provider, self._store)
        else:
            return
        for page in pages:
            self.run.count(**apply_in_one(self.scope, page, self.run))

    # --- page by page -------------------------------------------------------------------------------------------------

    def _pages(self, first: FirstPage | None) -> None:
        started_at: datetime | None = None
        while True:
            page = self._first_page(first) if first else self._next_page()
            first = None
            started_at = started_at or page.asked_at
            is_last = len(page.records) < PAGE
            self._apply(page, started_at if is_last else None)
            if is_last:
                self._finish()
            if is_last or not self.may_go_on():
                return

    def _first_page(self, first: FirstPage) -> Page:
        if isinstance(first.answer, RequestRefused):
            raise first.answer
        return Page(first.answer, first.read_at, first.asked_at)

    def _next_page(self) -> Page:
        read_at = timezone.now()
        first = _since(self.cursor) is None
        question = Question(self.scope.remote_object, self.scope.names, _start(self.cursor), PAGE, is_first=first)
        records = self.provider.changes(question)
        return Page(records, read_at, self.provider.clock())

    def _finish(self) -> None:
        resolve_waiting(self.scope.connection)
        cast_waiting(self.scope.connection)
        if isinstance(self.scope, Scope):
            carry_out(self.scope, self.run)
        message = self.run.message
        if self.run.is_first and self.run.looked_at < self.run.total:
            message = f"{message} Salesforce counted {self.run.total} records, {self.run.looked_at} came.".strip()
            logger.warning("%s: %s", self.scope.remote_object, message)
        self.run.finish(Run.State.DONE, message)

    # --- as an export -------------------------------------------------------------------------------------------------

    def _is_large(self) -> bool:
        """Whether so much is to be read that the other side had better work it off as one query."""
        since = _since(self.cursor)
        if since and since > timezone.now() - LONG_AGO:
            return False
        if not self.run.total:
            self.run.count(total=self.provider.count(self.scope.remote_object, since))
        return self.run.total >= EXPORT_FROM

    def _begin_export(self) -> None:
        cursor, read_at = self.cursor, timezone.now()
        try:
            begun = self.provider.start_export(self.scope.remote_object, self.scope.names, _since(cursor))
        except RequestRefused as error:
            logger.info("%s is read page by page: %s", self.scope.remote_object, error.reason)
            return
        cursor.export_id, cursor.export_part, cursor.export_at = begun.id, "", read_at
        cursor.export_position = self.provider.clock()
        self._store(*WHERE_IT_IS)

    def _export(self) -> None:
        ready = self._wait_for_export()
        if ready is None:
            return
        if ready.error:
            # The run goes on from its beginning, page by page: what was applied falls out.
            logger.warning("The export of %s failed: %s", self.scope.remote_object, ready.error)
            self.cursor.start_over()
            self._store(*WHERE_IT_IS)
            self._pages(None)
            return
        self._parts()

    def _wait_for_export(self) -> Export | None:
        """The export when it is ready or has failed; None when this worker's time is up."""
        polls = [*EXPORT_POLLS]
        while True:
            try:
                export = self.provider.export(self.cursor.export_id)
            except RequestRefused as error:  # it was thrown away there
                return Export(self.cursor.export_id, error=error.reason)
            if export.is_ready or export.error:
                return export
            if not self.may_go_on():
                return None
            self._store()
            sleep(polls.pop(0) if len(polls) > 1 else polls[0])

    def _parts(self) -> None:
        cursor = self.cursor
        assert cursor.export_at is not None, "an export that began has its times"
        assert cursor.export_position is not None, "an export that began has its times"
        name, fields = self.scope.remote_object, [pair.remote for pair in self.scope.pairs]
        with closing(self.provider.export_parts(name, fields, cursor.export_id, cursor.export_part, PART)) as parts:
            for records, after in parts:
                page = Page(records, cursor.export_at, cursor.export_position)
                self._apply(page, None if after else cursor.export_position, after)
                if not after:
                    self._finish()
                elif not self.may_go_on():
                    return

    # --- applying -----------------------------------------------------------------------------------------------------

    def _apply(self, page: Page, finished_at: datetime | None, part: str | None = None) -> None:
        """Apply a page and move the cursor in one transaction; a page with a bad record is halved down to that one."""

        def apply_piece(piece: Page, is_last: bool) -> Counter[str]:
            return self._apply_page(piece, finished_at if is_last else None, part if is_last else None)

        def left_out(piece: Page, is_last: bool, error: Exception) -> Counter[str]:
            counts = leave_out(self.scope, self.run, piece, is_last, error)
            self._move(piece.records, finished_at if is_last else None, part if is_last else None)
            return counts

        try:
            counts = apply_piece(page, True)
        except BAD_RECORD:
            counts = in_halves(page, apply_piece, left_out)
        self.run.count(**counts)

    @on_deadlock_again
    def _apply_page(self, page: Page, finished_at: datetime | None, part: str | None) -> Counter[str]:
        before = {name: getattr(self.cursor, name) for name in WHERE_IT_IS}
        try:
            with transaction.atomic(), pghistory.context(source="Salesforce", run=self.run.pk):
                # What a crash of the database loses is read again: the cursor is lost with it.
                database.cursor().execute("SET LOCAL synchronous_commit TO off")
                counts = apply(self.scope, page, self.run)
                self._move(page.records, finished_at, part)
        except (DatabaseError, *BAD_RECORD):
            for name, value in before.items():
                setattr(self.cursor, name, value)
            raise
        return counts

    def _move(self, records: Sequence[RemoteRecord], finished_at: datetime | None, part: str | None) -> None:
        """Move the cursor past a page. ``finished_at``: the other side's clock as the run began."""
        cursor = self.cursor
        if cursor.export_id:
            cursor.export_part = cursor.export_part if part is None else part
        elif records:
            cursor.page_at, cursor.page_id = records[-1].changed_at, records[-1].id
        if finished_at:
            cursor.position = max(filter(None, [cursor.position, finished_at]))
            cursor.is_full = False
            cursor.start_over()
        self._store(*WHERE_IT_IS)

    def _store(self, *names: str) -> None:
        """Write fields of the cursor, which holds the lease for another while."""
        hold(self.lease, *names)
