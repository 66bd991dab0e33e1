"""Carrying out what is due, once: by any number of workers, each of which may be killed at any moment.

A worker claims enrolments in batches under a lease. What is done here (tasks, refusals, what comes next) goes in one
transaction a batch. Of an e-mail it is first written down that it is being sent, then it is sent, then what became of
it is stored. Whoever finds one that was being sent when its worker died does not send it again: it may have gone, and a
person decides.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from time import monotonic
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from activities import placeholders
from activities.models import Activity, Enrolment, SequenceStep, StepRun
from activities.sequences import advancing
from activities.sequences.advancing import COLUMNS, Plan
from activities.sequences.mailing import mail
from activities.sequences.timing import due_at
from activities.sequences.verdicts import Act, Judge, Verdict
from common import custom
from common.bulk import copy_in, write_columns
from common.models import RecordKind
from contacts.models import Contact

SLICE = 20.0  # seconds that a worker stays with it before it takes its turn again
LEASE = timedelta(minutes=5)  # longer than a worker lets one task run
BATCH = 200
State = Enrolment.State


def run(seconds: float = SLICE) -> bool:
    """Carry out what is due; answers whether something may be left."""
    until = monotonic() + seconds
    while monotonic() < until:
        token = uuid4()
        if not _claim(token):
            return False
        _work_off(token, until)
    return True


@transaction.atomic
def release_waiting() -> int:
    """Give a time to whoever waited for a task that is done, or gone; returns how many."""
    rows = Enrolment.objects.waited_for().select_related("sequence", "owner", "next_step").order_by("pk")
    waiting = list(rows.select_for_update(skip_locked=True, of=("self",))[: BATCH * 10])
    now = timezone.now()
    for row in waiting:
        zone = row.owner.time_zone if row.owner else "UTC"
        row.due_at = due_at(row.next_step, now, row.sequence.hours, zone) if row.next_step else now
        row.waits_for = None
    write_columns(waiting, ["due_at", "waits_for"])
    return len(waiting)


@transaction.atomic
def _claim(token: UUID) -> int:
    rows = Enrolment.objects.due().select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "pk")
    ids = list(rows.values_list("pk", flat=True)[:BATCH])
    return Enrolment.objects.filter(pk__in=ids).update(claim_token=token, claimed_until=timezone.now() + LEASE)


def _work_off(token: UUID, until: float) -> None:
    claimed = Enrolment.objects.filter(claim_token=token).order_by("due_at", "pk")
    rows = list(claimed.select_related("sequence", "contact__account", "contact__stage", "owner", "next_step"))
    plan = advancing.plan_for(rows)
    fields, labels = custom.definitions(RecordKind.CONTACT), placeholders.names()
    judge = Judge(plan, _begun(rows), _unseen(rows), labels, fields)
    verdicts = [judge.verdict(row) for row in rows]
    _settle(token, plan, [verdict for verdict in verdicts if verdict.act != Act.LETTER])
    mail(token, plan, [verdict for verdict in verdicts if verdict.act == Act.LETTER], until)
    claimed.update(claim_token=None, claimed_until=None)  # what the time did not suffice for


def _begun(rows: Sequence[Enrolment]) -> dict[int, str]:
    """What there is already of the next steps."""
    next_steps = {row.pk: row.next_step_id for row in rows}
    runs = StepRun.objects.filter(enrolment__in=list(next_steps), step__isnull=False)
    found = runs.values_list("enrolment_id", "step_id", "state")
    return {pk: state for pk, step_id, state in found if next_steps[pk] == step_id}


def _unseen(rows: Sequence[Enrolment]) -> frozenset[int]:
    """Whose owner does not see the contact: one query for each owner who does not see everything."""
    owners = {row.owner_id: row.owner for row in rows if row.owner}
    unseen: set[int] = set()
    for pk, owner in owners.items():
        if owner.sees_everything:
            continue
        own = [row for row in rows if row.owner_id == pk]
        ids = [row.contact_id for row in own]
        seen = set(Contact.objects.visible_to(owner).filter(pk__in=ids).values_list("pk", flat=True))
        unseen |= {row.pk for row in own if row.contact_id not in seen}
    return frozenset(unseen)


@transaction.atomic
def _settle(token: UUID, plan: Plan, verdicts: Sequence[Verdict]) -> None:
    """Make the tasks and move everybody on, but for those who were changed or taken away meanwhile."""
    verdicts = _still_ours(token, verdicts)
    tasks = {verdict.enrolment.pk: _task(verdict) for verdict in verdicts if verdict.act == Act.TASK}
    copy_in(list(tasks.values()))
    StepRun.objects.bulk_create(
        StepRun(
            enrolment=verdict.enrolment,
            step=verdict.step,
            state=StepRun.State.DONE,
            activity_id=tasks[verdict.enrolment.pk].pk,
        )
        for verdict in verdicts
        if verdict.act == Act.TASK
    )
    for verdict in verdicts:
        _apply(verdict, plan, tasks.get(verdict.enrolment.pk))
    write_columns([verdict.enrolment for verdict in verdicts], COLUMNS)


def _still_ours(token: UUID, verdicts: Iterable[Verdict]) -> list[Verdict]:
    """Contacts are locked before enrolments, as whoever deletes them does."""
    by_pk = {verdict.enrolment.pk: verdict for verdict in verdicts}
    contacts = Contact.objects.filter(pk__in={verdict.enrolment.contact_id for verdict in by_pk.values()})
    list(contacts.select_for_update(no_key=True, of=("self",)).order_by("pk").values_list("pk"))
    rows = Enrolment.objects.filter(pk__in=list(by_pk), claim_token=token).select_for_update().order_by("pk")
    return [
        by_pk[pk]
        for pk, contact_id, step_id in rows.values_list("pk", "contact_id", "next_step_id")
        if (contact_id, step_id) == (by_pk[pk].enrolment.contact_id, by_pk[pk].enrolment.next_step_id)
    ]


def _apply(verdict: Verdict, plan: Plan, task: Activity | None) -> None:
    row = verdict.enrolment
    match verdict.act:
        case Act.TASK:
            waits_for = task.pk if task and verdict.step.waits_for_task else None
            advancing.go_on(row, plan, verdict.step, waits_for=waits_for)
            return
        case Act.MOVE_ON:
            advancing.go_on(row, plan, verdict.step)
            return
        case Act.FINISH:
            row.state, row.due_at, row.ended_at = State.FINISHED, None, timezone.now()
        case Act.PAUSE:
            row.state = State.PAUSED
    row.reason, row.detail = verdict.reason, verdict.detail
    row.claim_token = row.claimed_until = None
    row.updated_at = timezone.now()


def _task(verdict: Verdict) -> Activity:
    row, contact = verdict.enrolment, verdict.enrolment.contact
    is_call = verdict.step.kind == SequenceStep.Kind.CALL
    numbers = " · ".join(filter(None, [contact.phone, contact.mobile_phone])) if is_call else ""
    now = timezone.now()
    zone = ZoneInfo(row.owner.time_zone if row.owner else "UTC")
    return Activity(
        kind=Activity.Kind.TASK,
        subject=f"Call: {verdict.subject}"[:255] if is_call else verdict.subject,
        body="\n\n".join(filter(None, [verdict.body, f"Phone: {numbers}" if numbers else ""])),
        owner=row.owner,
        contact=contact,
        account_id=contact.account_id,
        happened_at=now,
        due_on=now.astimezone(zone).date(),
    )
