"""Pulling single records, past the cursor."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from django.db import transaction
from django.utils import timezone

from common.bulk import any_of
from integrations.models import Credential, RecordLink, Run
from integrations.sync.applying import apply_in_one, leave_out
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.departed import carry_out
from integrations.sync.fates import fates_of
from integrations.sync.page import Page, is_gone
from integrations.sync.provider import Provider
from integrations.sync.references import resolve_waiting
from integrations.sync.scope import Scope
from integrations.sync.unstorable import BAD_RECORD, in_halves

Apply = Callable[[Scope, Page, Run], Counter[str]]


def pull_records(
    scope: Scope, ids: Sequence[str], provider: Provider, login: Credential | None = None, *, is_wanted: bool = False
) -> Run:
    """Bring single records up to date, whatever the cursor says; what is gone there is followed.

    ``is_wanted``: what was deleted here is made anew, as a person asked for. Raises CallFailed, ConnectionBroken and
    RequestRefused; then nothing has changed.
    """
    read_at, calls = timezone.now(), provider.calls
    found = provider.retrieve(scope.remote_object, ids, scope.names)
    gone = [remote_id for remote_id, record in zip(ids, found, strict=True) if record is None]
    fates = fates_of(scope.remote_object, gone, provider)
    records = [record for record in [*found, *fates.values()] if record]
    run = Run.objects.create(
        connection=scope.connection,
        kind=Run.Kind.PULL,
        remote_object=scope.remote_object,
        total=len(ids),
        credential=login,
    )
    apply = _bring_back if is_wanted else apply_in_one
    page = Page(records, read_at, provider.clock())
    try:
        counts = apply(scope, page, run)
    except BAD_RECORD:
        counts = in_halves(page, partial(_apply_piece, apply, scope, run), partial(leave_out, scope, run))
    resolve_waiting(scope.connection)
    carry_out(scope, run)
    counts["failed"] += len(ids) - len(records)
    run.count(**counts, api_calls=provider.calls - calls)
    run.finish(Run.State.DONE, run.message)
    return run


def _apply_piece(apply: Apply, scope: Scope, run: Run, piece: Page, is_last: bool) -> Counter[str]:
    return apply(scope, piece, run)


@on_deadlock_again
@transaction.atomic
def _bring_back(scope: Scope, page: Page, run: Run) -> Counter[str]:
    """Drop the tombstones of what is there, and pull it."""
    ids = any_of(record.id for record in page.records if not is_gone(record))
    RecordLink.objects.tombstones().filter(connection=scope.connection, remote_id__in=ids).delete()
    return apply_in_one(scope, page, run)
