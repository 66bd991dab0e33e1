"""What became of records that a login does not find any more: followed, where it is known, else hidden from it."""

from collections.abc import Sequence
from datetime import datetime

from integrations.models import Run
from integrations.sync.applying import apply_in_one
from integrations.sync.departed import carry_out
from integrations.sync.page import Page
from integrations.sync.provider import Provider, RemoteRecord
from integrations.sync.scope import Scope


def fates_of(remote_object: str, ids: Sequence[str], provider: Provider) -> dict[str, RemoteRecord]:
    """By id; records that are hidden from the login are left out. Of what was erased nothing but that is known."""
    fates = provider.fates(remote_object, ids) if ids else {}
    lost = [id_ for id_ in ids if id_ not in fates]
    gone = provider.erased(remote_object, lost) if lost else ()
    return fates | {id_: erased(remote_object, id_, provider.clock()) for id_ in gone}


def erased(remote_object: str, id_: str, now: datetime) -> RemoteRecord:
    """A record that left no trace. ``now``: theirs."""
    return RemoteRecord(remote_object, id_, {}, now, now, is_deleted=True, is_erased=True)


def note_fates(scope: Scope, fates: Sequence[RemoteRecord], asked_at: datetime, read_at: datetime) -> None:
    """Note ends as a pull does, which follows at its end. ``asked_at``: by their clock, ``read_at`` by ours."""
    if fates:
        run = _noted(scope, Page(fates, read_at, asked_at))
        run.finish(Run.State.DONE, run.message)


def follow_erased(scope: Scope, gone: Sequence[RemoteRecord], asked_at: datetime, read_at: datetime) -> None:
    """Go by the rules of deletions at once: no pull will tell of these any more."""
    if gone:
        run = _noted(scope, Page(gone, read_at, asked_at))
        carry_out(scope, run)
        run.finish(Run.State.DONE, run.message)


def _noted(scope: Scope, page: Page) -> Run:
    run = Run.objects.create(
        connection=scope.connection,
        kind=Run.Kind.PULL,
        remote_object=scope.remote_object,
        total=len(page.records),
    )
    run.count(**apply_in_one(scope, page, run))
    return run
