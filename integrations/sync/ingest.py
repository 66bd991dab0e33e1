"""A large backlog as one job that Salesforce works off by itself: fewer calls, and no worker waits for it.

Only plain changes travel so: what also writes here, settles a conflict or has a note goes by batches beside it. The
job is stored with its rows, and what they send, before it is filled; ``ingested.py`` goes on, whoever filled it.
"""

from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from common.models import RecordKind
from integrations.models import IngestJob, Lane, Outbox
from integrations.sync import outbox
from integrations.sync.outbox import BATCH, Claim
from integrations.sync.outcomes import Item, Linked
from integrations.sync.provider import Provider, Value, Values
from integrations.sync.scope import Scope
from integrations.sync.writing import insists

ID = "Id"
NULL = "#N/A"  # as text it would empty the field
LARGEST = 90_000_000  # characters; Salesforce takes 100 MB
FIRST_LOOK = timedelta(seconds=1)
WORKING = "Salesforce works it off with many others."


class FillingIngest:
    """Gathers what a job will carry. ``key``: the remote field by which its rows are told apart."""

    def __init__(self, claim: Claim, scope: Scope) -> None:
        self.claim, self.scope = claim, scope
        self.key = ID if claim.operation == Outbox.Operation.UPDATE else scope.external_id
        self.payloads: dict[int, dict[str, Value]] = {}
        self.size = 0

    def take_changes(self, items: Sequence[Item]) -> list[Item]:
        """Take compared records; returns those that go by themselves."""
        return [item for item in items if not (self._may_take(item) and self._take(item, _change(item)))]

    def take_new(self, items: Sequence[Item], payloads: dict[int, dict[str, Value]]) -> list[Item]:
        """Take named creates; returns those that go by themselves."""
        return [
            item
            for item in items
            if item.note or insists(self.scope, item) or not self._take(item, payloads[item.row.pk])
        ]

    def _may_take(self, item: Item) -> bool:
        return _is_plain(item) and not insists(self.scope, item)  # a job has no way to say so

    def _take(self, item: Item, payload: dict[str, Value]) -> bool:
        self.size += sum(len(str(value)) + len(name) for name, value in payload.items())
        if self.size > LARGEST or NULL in payload.values():
            return False
        self.payloads[item.row.pk] = payload
        return True

    def send(self, provider: Provider) -> None:
        """Hand the job over; the rows wait until it is over. Where few are left, they go by batches next time."""
        if len(self.payloads) < _smallest() // 2:
            outbox.release(self.claim.token)
            return
        job, kept = self._store(provider.start_ingest(self.scope.remote_object, self.key), provider)
        try:
            provider.fill_ingest(job.remote_id, [payload for pk, payload in self.payloads.items() if pk in kept])
        finally:  # whoever looks at it next sees how far this came
            IngestJob.objects.filter(pk=job.pk).update(leased_until=None, due_at=timezone.now() + FIRST_LOOK)
        outbox.release(self.claim.token, reason=WORKING)

    @transaction.atomic
    def _store(self, remote_id: str, provider: Provider) -> tuple[IngestJob, set[int]]:
        job = IngestJob.objects.create(
            remote_id=remote_id,
            connection=self.scope.connection,
            credential=self.claim.credential,
            lane=self.claim.rows[0].lane,
            remote_object=self.scope.remote_object,
            key=self.key,
            leased_until=timezone.now() + outbox.lease(),
        )
        ids = {row.pk: row.external_id for row in self.claim.rows}
        intents = {pk: (_without_id(payload), ids[pk]) for pk, payload in self.payloads.items()}
        return job, outbox.note_sent(self.claim, intents, None if self.key == ID else provider.clock(), job)


def begin_ingest(claim: Claim, scope: Scope) -> FillingIngest | None:
    """For a claim that is large enough. Creates need an external id, by which a lost one is found again."""
    if len(claim.rows) < _smallest() or claim.rows[0].lane == Lane.PEOPLE:
        return None
    if any(row.batch_limit < BATCH for row in claim.rows) or scope.kind == RecordKind.DEAL:  # whose people go with it
        return None
    is_told_apart = claim.operation == Outbox.Operation.UPDATE or scope.external_id
    return FillingIngest(claim, scope) if is_told_apart else None


def _smallest() -> int:
    """Rows of a claim from a large backlog, at least; what is left of one goes by batches."""
    return min(settings.SYNC_BULK_FROM, outbox.LARGE_CLAIM)


def _is_plain(item: Item) -> bool:
    """Whether nothing but the change has to be remembered until it is through."""
    outcome = item.outcome
    assert isinstance(outcome, Linked), "only compared records are sent"
    return bool(item.base) and not (outcome.plan.to_local or outcome.plan.conflicts or item.left_out or outcome.note)


def _change(item: Item) -> dict[str, Value]:
    outcome = item.outcome
    assert isinstance(outcome, Linked), "only compared records are sent"
    return {ID: outcome.remote_id, **outcome.plan.to_remote}


def _without_id(payload: Values) -> dict[str, Value]:
    return {name: value for name, value in payload.items() if name != ID}
