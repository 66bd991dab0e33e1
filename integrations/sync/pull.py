"""The pull engine: pages of changed records in the order of (changed_at, id), each applied in one transaction.

The cursor moves in the transaction of its page, so that a killed pull resumes at its page; pages may repeat and
overlap, for what equals its base falls out.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pghistory
from django.db import DataError, IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from integrations.models import Connection, Cursor, Run
from integrations.sync.apply import apply_page
from integrations.sync.outbox import lease
from integrations.sync.page import OVERLAP, Page
from integrations.sync.provider import CallFailed, ConnectionBroken, Position, Provider, RemoteRecord, RequestRefused
from integrations.sync.scope import Scope, refresh
from integrations.sync.settle import on_deadlock_again

logger = logging.getLogger(__name__)

PAGE = 2_000


class LeaseLost(Exception):
    """Another puller has taken the object over; this one stops and leaves the page to it."""


@dataclass(frozen=True)
class Lease:
    cursor: Cursor
    token: uuid.UUID


def take_lease(connection: Connection, remote_object: str) -> Lease | None:
    """Become the one puller of an object; None while another one is at it."""
    token = uuid.uuid4()
    free = Q(leased_until=None) | Q(leased_until__lt=timezone.now())
    cursors = Cursor.objects.filter(free, connection=connection, remote_object=remote_object)
    if not cursors.update(lease_token=token, leased_until=timezone.now() + lease()):
        return None
    return Lease(Cursor.objects.select_related("run").get(lease_token=token), token)


def give_back(lease_: Lease) -> None:
    Cursor.objects.filter(lease_token=lease_.token).update(lease_token=None, leased_until=None)


def pull(
    connection: Connection,
    lease_: Lease,
    provider: Provider,
    *,
    started_by_id: int | None = None,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Run:
    """Pull what changed since the last time, from the page where that stopped. Returns the run: done, or still running.

    Raises CallFailed and ConnectionBroken when no answer could be had; the run then stands at its page, incomplete.
    """
    scope = Scope.load(connection, lease_.cursor.remote_object)
    calls = provider.calls
    run = _run(connection, lease_.cursor, started_by_id)
    try:
        if run.is_first and not run.total:
            run.count(total=provider.count(scope.remote_object, None))
        try:
            _pages(scope, lease_, provider, run, may_go_on)
        except RequestRefused:
            if not refresh(scope, provider):
                raise
            # A mapped field is gone or hidden since the object was described: go on without it.
            _pages(Scope.load(connection, scope.remote_object), lease_, provider, run, may_go_on)
    except (CallFailed, ConnectionBroken, RequestRefused) as error:
        run.finish(Run.State.INCOMPLETE, error.reason)
        raise
    finally:
        run.count(api_calls=provider.calls - calls)
        give_back(lease_)
    return run


def _run(connection: Connection, cursor: Cursor, started_by_id: int | None) -> Run:
    """The run that was cut off, taken up again, or a new one."""
    run = cursor.run
    if run and run.state != Run.State.DONE and cursor.page_at:
        run.state, run.finished_at, run.message = Run.State.RUNNING, None, ""
        run.save(update_fields=["state", "finished_at", "message"])
        return run
    if run and run.state == Run.State.RUNNING:
        run.finish(Run.State.INCOMPLETE, "It was cut off before its first page.")
    run = Run.objects.create(
        connection=connection,
        kind=Run.Kind.PULL,
        remote_object=cursor.remote_object,
        is_first=cursor.position is None,
        started_by_id=started_by_id,
    )
    cursor.run = run
    cursor.save(update_fields=["run"])
    return run


def _pages(scope: Scope, lease_: Lease, provider: Provider, run: Run, may_go_on: Callable[[], bool]) -> None:
    started_at: datetime | None = None
    while True:
        read_at = timezone.now()
        records = provider.changes(scope.remote_object, scope.names, _start(lease_.cursor), PAGE)
        asked_at = provider.clock()
        started_at = started_at or asked_at
        is_last = len(records) < PAGE
        _apply(scope, lease_, Page(records, read_at, asked_at), run, started_at if is_last else None)
        if is_last:
            run.finish(Run.State.DONE, run.message)
            return
        if not may_go_on():
            return


def _start(cursor: Cursor) -> Position | None:
    if cursor.page_at:
        return Position(cursor.page_at, cursor.page_id)
    return Position(cursor.position - OVERLAP) if cursor.position else None


def _apply(scope: Scope, lease_: Lease, page: Page, run: Run, finished_at: datetime | None) -> None:
    """Apply a page and move the cursor in one transaction; a page with a bad record is halved down to that one."""
    try:
        counts = _apply_page(scope, lease_, page, run, finished_at)
    except (DataError, IntegrityError) as error:
        logger.exception("%s records of %s could not be stored", len(page.records), scope.remote_object)
        counts = _apply_halves(scope, lease_, page, run, finished_at, error)
    run.count(**counts)


def _apply_halves(
    scope: Scope, lease_: Lease, page: Page, run: Run, finished_at: datetime | None, error: Exception
) -> Counter[str]:
    if len(page.records) <= 1:
        name = page.records[0].id if page.records else ""
        run.message = f"{scope.remote_object} {name} could not be stored: {error}"
        run.save(update_fields=["message"])
        _move(lease_, page.records, finished_at)
        return Counter(failed=len(page.records))
    middle = len(page.records) // 2
    counts: Counter[str] = Counter()
    for part, end in ((page.part(0, middle), None), (page.part(middle, None), finished_at)):
        try:
            counts += _apply_page(scope, lease_, part, run, end)
        except (DataError, IntegrityError) as deeper:
            counts += _apply_halves(scope, lease_, part, run, end, deeper)
    return counts


@on_deadlock_again
@transaction.atomic
def _apply_page(scope: Scope, lease_: Lease, page: Page, run: Run, finished_at: datetime | None) -> Counter[str]:
    with pghistory.context(source="Salesforce", run=run.pk):
        counts = apply_page(scope, page, run)
    _move(lease_, page.records, finished_at)
    return counts


def _move(lease_: Lease, records: Sequence[RemoteRecord], finished_at: datetime | None) -> None:
    """Move the cursor past a page, if the lease is still ours. ``finished_at``: the other side's clock as the run
    began.
    """
    cursor = lease_.cursor
    if records:
        cursor.page_at, cursor.page_id = records[-1].changed_at, records[-1].id
    if finished_at:
        cursor.position = max(filter(None, [cursor.position, finished_at]))
        cursor.page_at, cursor.page_id = None, ""
    moved = Cursor.objects.filter(pk=cursor.pk, lease_token=lease_.token).update(
        position=cursor.position,
        page_at=cursor.page_at,
        page_id=cursor.page_id,
        leased_until=timezone.now() + lease(),
    )
    if not moved:
        raise LeaseLost(cursor.remote_object)
