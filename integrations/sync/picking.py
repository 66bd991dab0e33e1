"""Claims of chosen rows, and of those that they wait for, until nothing of them is left to be tried."""

from collections import Counter
from collections.abc import Iterable, Iterator

from django.db.models import Exists, OuterRef, Q, QuerySet

from integrations.models import Lane, Outbox
from integrations.sync import outbox
from integrations.sync.outbox import BATCH, CLAIM, Claim

TRIES = 3  # a row that still has something to do then is left to the queue


def claims_of(ids: Iterable[int]) -> Iterator[Claim]:
    """The caller sends each claim before it asks for the next."""
    chosen, tries = set(ids), Counter[int]()
    while True:
        chosen |= _waited_for(chosen)
        rows = [row for row in _claimable(chosen) if tries[row.pk] < TRIES]
        if not rows:
            return
        head = rows[0]
        alike = [row.pk for row in rows if _group(row) == _group(head)]
        batch = alike[: CLAIM if head.operation == Outbox.Operation.UPDATE else BATCH]
        tries.update(batch)
        mine = Outbox.objects.filter(pk__in=batch, claim_token=None)
        mine.update(lane=Lane.PEOPLE)  # somebody waits for these: they go at once, and never as a job
        if claim := outbox.claim_these(mine):
            yield claim


def _waited_for(chosen: set[int]) -> set[int]:
    waiting = Outbox.objects.filter(pk__in=chosen).exclude(parent_id=None)
    parents = Q(pk__in=[])
    for kind, pk in waiting.values_list("parent_kind", "parent_id"):
        parents |= Q(record_kind=kind, record_id=pk)
    return set(Outbox.objects.filter(parents).values_list("pk", flat=True)) if parents else set()


def _claimable(chosen: set[int]) -> QuerySet[Outbox]:
    parents = Outbox.objects.filter(record_kind=OuterRef("parent_kind"), record_id=OuterRef("parent_id"))
    rows = Outbox.objects.due().filter(pk__in=chosen, job=None, claim_token=None, credential__broken_reason="")
    return rows.filter(~Exists(parents.exclude(pk=OuterRef("pk")))).order_by("next_attempt_at", "pk")


def _group(row: Outbox) -> tuple[int | None, str, str, bool]:
    """What the rows of a claim have in common."""
    return row.credential_id, row.remote_object, row.operation, row.sent_at is None
