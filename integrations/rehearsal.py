"""A pull or push that only says what it would do: the real engines, a provider that writes nothing, a rolled-back
transaction.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from typing import Any

from django.db import transaction

from integrations.models import Connection, Cursor, Lane, Run
from integrations.providers import provider_for
from integrations.sync import outbox
from integrations.sync.credentials import Logins
from integrations.sync.provider import Accepted, Answer, Values
from integrations.sync.pull import pull as pull_object
from integrations.sync.pull import take_lease
from integrations.sync.push import push as push_claim

MADE_UP = count()  # ids that no record has


class ReadOnly:
    """A provider that reads for real and pretends to write."""

    def __init__(self, provider: Any) -> None:
        self._provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._provider, name)

    def create(self, remote_object: str, payloads: Sequence[Values]) -> list[Answer]:
        return [Accepted(f"rehearsed{next(MADE_UP):09}") for _ in payloads]

    def upsert(self, remote_object: str, field: str, payloads: Sequence[Values]) -> list[Answer]:
        return self.create(remote_object, payloads)

    def update_many(
        self, remote_object: str, batches: Iterable[Sequence[tuple[str, Values]]]
    ) -> Iterator[list[Answer]]:
        for changes in batches:
            yield [Accepted(remote_id) for remote_id, _ in changes]

    def delete(self, remote_object: str, ids: Sequence[str]) -> list[Answer]:
        return [Accepted(remote_id) for remote_id in ids]


@transaction.atomic
def pull(connection: Connection, names: Sequence[str], *, everything: bool) -> list[Run | None]:
    """What a pull of these objects would change here."""
    credential = Logins(connection).for_team().credential
    assert credential is not None, "a connected org has a login"
    if everything:
        cursors = Cursor.objects.filter(connection=connection, remote_object__in=names)
        cursors.update(is_full=True, page_at=None, page_id="", export_id="", export_part="")
    leases = [take_lease(connection, name) for name in names]
    runs = [pull_object(connection, lease, provider_for(credential)) if lease else None for lease in leases]
    transaction.set_rollback(True)
    return runs


def push(connection: Connection) -> Run:
    """What pushing all that is due would change there; the caller rolls back."""
    run = Run.objects.create(connection=connection, kind=Run.Kind.PUSH)
    for lane in Lane:
        while claim := outbox.claim(lane):
            push_claim(claim, ReadOnly(provider_for(claim.credential)), run)
    run.finish(Run.State.DONE)
    return run
