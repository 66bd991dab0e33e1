"""Jobs that Salesforce works off by itself: how they are getting on, and what became of their records.

A job that was never filled, failed or was given up leaves its records as they were: they are planned again and go by
batches. The records of one that is over are settled part by part; whatever is cut off goes on with those that are left.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice

from django.db import connection as database
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from common.bulk import any_of
from integrations.models import IngestJob, Outbox, RecordLink, Run, SyncEvent
from integrations.sync import outbox
from integrations.sync.creating import payload_of
from integrations.sync.ingest import ID
from integrations.sync.items import items_of, login_reasons
from integrations.sync.lost import follow_lost
from integrations.sync.orphans import bury
from integrations.sync.outbox import BATCH, lease
from integrations.sync.outcomes import Item, Linked, Outcome, Waits, rejected, tried_again
from integrations.sync.own import created
from integrations.sync.plan import Base, Plan
from integrations.sync.provider import Accepted, Answer, Ingest, Later, Provider, Refused, RequestRefused
from integrations.sync.scope import Scope
from integrations.sync.settle import settle
from integrations.sync.writing import withhold

PART = 1_000
LOOKS = (1, 2, 4, 8, 15, 30, 60)  # seconds between looks at a job that is under way
PATIENCE = timedelta(hours=2)  # then a job is given up, and what it has not done goes by batches


def take(lane: str, only: Sequence[str] = ()) -> IngestJob | None:
    """A job of the lane that is due to be looked at, for this worker alone while the lease lasts."""
    sql = """
        UPDATE integrations_ingestjob SET leased_until = clock_timestamp() + %s::interval WHERE id = (
            SELECT id FROM integrations_ingestjob
            WHERE lane = %s AND due_at <= clock_timestamp()
              AND (leased_until IS NULL OR leased_until < clock_timestamp())
              AND (%s::varchar[] IS NULL OR remote_object = ANY(%s))
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
        ) RETURNING id
    """
    with database.cursor() as cursor:
        cursor.execute(sql, [f"{lease().total_seconds()} s", lane, list(only) or None, list(only) or None])
        found = cursor.fetchone()
    jobs = IngestJob.objects.select_related("connection", "credential__connection")
    return jobs.get(pk=found[0]) if found else None


def next_look(lane: str) -> float | None:
    """Seconds until a job of the lane is to be looked at; None when there is none, or others are at it."""
    jobs = IngestJob.objects.filter(lane=lane, leased_until=None)
    due_at = jobs.order_by("due_at").values_list("due_at", flat=True).first()
    return max(0.0, (due_at - timezone.now()).total_seconds()) if due_at else None


def give_back(job: IngestJob, seconds: float) -> None:
    IngestJob.objects.filter(pk=job.pk).update(
        leased_until=None, due_at=timezone.now() + timedelta(seconds=seconds), looks=job.looks + 1
    )


def look(job: IngestJob, provider: Provider) -> Ingest | None:
    """How a job is getting on; None when there is nothing more to learn of it, and its rows are free."""
    try:
        state = provider.ingest(job.remote_id)
        is_given_up = not state.is_over and timezone.now() - job.begun_at > PATIENCE
        if state.is_open or is_given_up:  # open: its worker was cut off before it was filled
            provider.end_ingest(job.remote_id)
    except RequestRefused:  # it is kept for some days only
        free(job)
        return None
    if state.is_open:
        job.rows.update(sent_at=None, sent=None)
        free(job)
        return None
    if not state.is_over:
        give_back(job, LOOKS[min(job.looks, len(LOOKS) - 1)])
    return state


@transaction.atomic
def free(job: IngestJob) -> None:
    """Forget a job. What is left of its rows goes by batches; creates are looked for first, as after a lost answer."""
    job.rows.update(
        job=None, batch_limit=BATCH // 2, next_attempt_at=timezone.now(), claim_token=None, claimed_until=None
    )
    job.delete()


def settle_job(job: IngestJob, state: Ingest, provider: Provider, run: Run) -> None:
    """Store what became of the records of a job that is over."""
    assert job.credential is not None, "only jobs with a login are looked at"
    scope = Scope.load(job.connection, job.remote_object, job.credential)
    for answers in _parts(provider.ingest_answers(state, job.key)):
        _settle(job, scope, answers, provider, run)
        IngestJob.objects.filter(pk=job.pk).update(leased_until=timezone.now() + lease())
    free(job)


def _parts(answers: Iterator[tuple[str, Answer]]) -> Iterator[dict[str, Answer]]:
    while part := dict(islice(answers, PART)):
        yield part


def _settle(job: IngestJob, scope: Scope, answers: dict[str, Answer], provider: Provider, run: Run) -> None:
    claim = outbox.claim_these(_rows(job, list(answers)))
    if claim is None:
        return
    items = items_of(claim, scope, claim.rows)
    for item in items:
        item.outcome = _outcome(scope, item, answers[_key(job, item)])
    follow_lost(scope, items, provider)
    settle(claim, scope, items, run, login_reasons(claim, items))
    present = {item.row.pk for item in items}
    for row in claim.rows:
        if row.pk not in present:  # deleted here meanwhile
            answer = answers.get(str(row.external_id))
            bury(claim, scope, row, [answer.remote_id] if isinstance(answer, Accepted) else [])


def _rows(job: IngestJob, keys: list[str]) -> QuerySet[Outbox]:
    if job.key != ID:
        return job.rows.filter(external_id__in=any_of(keys, "uuid"))
    links = RecordLink.objects.live().filter(connection=job.connection, remote_id__in=any_of(keys))
    return job.rows.filter(record_id__in=links.values("record_id"), operation=Outbox.Operation.UPDATE)


def _key(job: IngestJob, item: Item) -> str:
    if job.key != ID:
        return str(item.row.external_id)
    assert item.link is not None, "rows of updates were found by their links"
    return item.link.remote_id


def _outcome(scope: Scope, item: Item, answer: Answer) -> Outcome:
    sent = item.row.sent or {}
    match answer:
        case Accepted(remote_id):
            withhold(scope, item)
            return _made(scope, item, remote_id) if item.row.sent_at else _changed(scope, item)
        case Later(code, message):
            return tried_again(item.row, code, message, sent)
        case Refused(of_fields=True):  # goes without them, by a batch
            return Waits(f"{answer.code}: {answer.message}", is_counted=True)
        case Refused():
            return rejected(answer, sent)


def _changed(scope: Scope, item: Item) -> Linked:
    """What was sent is agreed; what differs from that by now is an edit made since."""
    assert item.link is not None, "rows of updates were found by their links"
    sent, base = item.row.sent or {}, item.base or Base()
    agreed = Plan(theirs={**base.theirs, **sent}, ours={k: v for k, v in base.ours.items() if k not in sent})
    is_stale = any(name in agreed.theirs and value != agreed.base.our(name) for name, value in item.local.items())
    link = item.link
    return Linked(link.remote_id, link.remote_object, agreed, SyncEvent.Kind.PUSHED, sent=sent, is_stale=is_stale)


def _made(scope: Scope, item: Item, remote_id: str) -> Linked:
    sent = item.row.sent or {}
    made = created(scope, item, remote_id, sent)
    if payload_of(scope, item) | {scope.external_id: str(item.row.external_id)} == sent:
        return made
    made.plan.ours.clear()
    return replace(made, is_stale=True)
