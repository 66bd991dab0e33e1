"""A pull or push that only says what it would do: the real engines, a provider that writes nothing, a rolled-back
transaction.

Until it ends it holds the locks of what it would have written, while Salesforce is asked: edits of those records wait,
and workers pass the claimed rows over. It is for a quiet hour, and for trying things out. A token that was renewed
inside would be lost with the transaction, so logins are tried, and renewed, before.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from django.db import transaction

from integrations.models import Connection, Credential, Cursor, Lane, Run
from integrations.providers import provider_for
from integrations.sync import outbox
from integrations.sync.credentials import Logins
from integrations.sync.leases import take_lease
from integrations.sync.provider import Accepted, Answer, ProviderError, Values
from integrations.sync.pull import pull as pull_object
from integrations.sync.push import push as push_claim

MADE_UP = count()  # ids that no record has


class ReadOnly:
    """A provider that reads for real and pretends to write."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def create(self, remote_object: str, payloads: Sequence[Values], **options: Any) -> list[Answer]:
        return [Accepted(f"rehearsed{next(MADE_UP):09}") for _ in payloads]

    def upsert(self, remote_object: str, field: str, payloads: Sequence[Values], **options: Any) -> list[Answer]:
        return self.create(remote_object, payloads)

    def update_many(
        self, remote_object: str, batches: Iterable[Sequence[tuple[str, Values]]], **options: Any
    ) -> Iterator[list[Answer]]:
        for changes in batches:
            yield [Accepted(remote_id) for remote_id, _ in changes]

    def erased(self, remote_object: str, ids: Sequence[str]) -> set[str]:
        return set()  # it takes the try of a write to find out

    def delete(self, remote_object: str, ids: Sequence[str]) -> list[Answer]:
        return [Accepted(remote_id) for remote_id in ids]


def freshen(logins: Iterable[Credential]) -> None:
    """Have tokens that expired renewed, and kept. A login that can't be used says so later."""
    for login in logins:
        with suppress(ProviderError):
            provider_for(login).ask_usage()


def pull(connection: Connection, names: Sequence[str], *, everything: bool) -> list[Run | None]:
    """What a pull of these objects would change here."""
    credential = Logins(connection).for_team().credential
    assert credential is not None, "a connected org has a login"
    freshen([credential])
    credential.refresh_from_db()
    with transaction.atomic():
        runs = _pull(connection, names, credential, everything=everything)
        transaction.set_rollback(True)
    return runs


def _pull(
    connection: Connection, names: Sequence[str], credential: Credential, *, everything: bool
) -> list[Run | None]:
    if everything:
        cursors = Cursor.objects.filter(connection=connection, remote_object__in=names)
        cursors.update(is_full=True, page_at=None, page_id="", export_id="", export_part="")
    leases = [take_lease(connection, name) for name in names]
    return [pull_object(connection, lease, provider_for(credential)) if lease else None for lease in leases]


def push(connection: Connection) -> Run:
    """What pushing all that is due would change there; the caller has called ``freshen``, and rolls back."""
    run = Run.objects.create(connection=connection, kind=Run.Kind.PUSH)
    for lane in Lane:
        while claim := outbox.claim(lane):
            push_claim(claim, ReadOnly(provider_for(claim.credential)), run)
    run.finish(Run.State.DONE)
    return run
