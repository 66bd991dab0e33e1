"""The one-time push: every record that is not in Salesforce and that the rules let through.

Marking a million records takes a while, so it goes on in the background: where it stands is kept with the settings,
and moves in the transaction that marks the records.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django_q.tasks import async_task

from common.models import RecordKind
from integrations.models import Connection, Lane, ObjectSettings, Outbox, Run
from integrations.services import Bell, Refused, pull_refusal, push_refusal, queue_push
from integrations.sync.outbox import CREATE_AS
from integrations.sync.records import RECORD_TYPES
from integrations.sync.state import State, with_state
from users.models import User

CHUNK = 1_000
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
HELD = "The one-time push is paused."


def refusal(connection: Connection | None, settings: ObjectSettings) -> str:
    """Why a one-time push of a kind can't be begun now; "" when it can."""
    return push_refusal(settings.record_kind) or pull_refusal(connection)


def object_of(settings: ObjectSettings) -> str:
    """What new records of a kind become there."""
    return settings.create_as or CREATE_AS.get(RecordKind(settings.record_kind), "Contact")


def start(
    connection: Connection,
    kinds: Sequence[str],
    user: User | None,
    *,
    preview: Run | None = None,
    most: Mapping[str, int] | None = None,
) -> None:
    """Begin to push everything of these kinds. ``most``: more records than that, by object, stop it. Raises Refused."""
    if reason := pull_refusal(connection):
        raise Refused(reason)
    for settings in connection.object_settings.filter(record_kind__in=kinds).order_by("pk"):
        if settings.creates:
            _start(connection, settings.pk, user, preview, most)


@transaction.atomic
def _start(
    connection: Connection, settings_id: int, user: User | None, preview: Run | None, most: Mapping[str, int] | None
) -> None:
    """One that is under way begins anew, under the same run."""
    settings = ObjectSettings.objects.select_for_update().get(pk=settings_id)
    _go_on(settings)
    if not is_under_way(settings):
        settings.push_all_run = Run.objects.create(
            connection=connection,
            kind=Run.Kind.EVERYTHING,
            remote_object=object_of(settings),
            started_by=user,
            preview=preview,
            request={"most": most[object_of(settings)]} if most and object_of(settings) in most else {},
        )
    settings.push_all_after, settings.push_all_by = 0, user
    settings.save(update_fields=["push_all_after", "push_all_by", "push_all_run"])


def is_under_way(settings: ObjectSettings) -> bool:
    return settings.push_all_run is not None and settings.push_all_run.state == Run.State.RUNNING


@transaction.atomic
def hold(connection: Connection, kind: str) -> None:
    """Mark and send nothing more of a kind's one-time push, until ``resume``. What is edited goes all the same."""
    settings = connection.object_settings.select_for_update().get(record_kind=kind)
    if is_under_way(settings):
        ObjectSettings.objects.filter(pk=settings.pk).update(push_all_held=True)
        _untouched(settings.push_all_run).update(next_attempt_at=NEVER, wait_reason=HELD)


@transaction.atomic
def resume(connection: Connection, kind: str) -> None:
    _go_on(connection.object_settings.select_for_update().get(record_kind=kind))
    Bell(Lane.BACKGROUND).ring()
    transaction.on_commit(lambda: async_task("integrations.tasks.mark_everything"))


def _go_on(settings: ObjectSettings) -> None:
    if settings.push_all_held:
        ObjectSettings.objects.filter(pk=settings.pk).update(push_all_held=False)
        held = _untouched(settings.push_all_run).filter(next_attempt_at=NEVER)
        held.update(next_attempt_at=timezone.now(), wait_reason="")


@transaction.atomic
def cancel(connection: Connection, kinds: Sequence[str] = tuple(RecordKind)) -> None:
    """Stop marking, and take back what was marked and not yet sent: it counts as skipped."""
    rows = connection.object_settings.filter(record_kind__in=kinds)
    rows.update(push_all_after=None, push_all_held=False)
    for run in _under_way(connection).filter(pk__in=rows.values("push_all_run")):
        _untouched(run).filter(operation=Outbox.Operation.CREATE).delete()
        _finish(run, Run.State.CANCELLED, "It was cancelled.")


def _untouched(run: Run | None) -> models.QuerySet[Outbox]:
    """Rows of a run that nobody is at, and that were not sent before."""
    return Outbox.objects.filter(run=run, lane=Lane.BACKGROUND, claim_token=None, sent_at=None, job=None)


def end_finished(connection: Connection) -> None:
    """End the runs of which everything is marked and nothing waits any more."""
    marking = connection.object_settings.exclude(push_all_after=None).exclude(push_all_run=None).values("push_all_run")
    for run in _under_way(connection).exclude(pk__in=marking):
        if not Outbox.objects.filter(run=run).exists():
            _finish(run, Run.State.DONE)


def _under_way(connection: Connection) -> models.QuerySet[Run]:
    return connection.runs.filter(kind=Run.Kind.EVERYTHING, state=Run.State.RUNNING)


def _finish(run: Run, state: Run.State, message: str = "") -> None:
    """What was marked and neither counted nor waits was taken back, or deleted here."""
    run.refresh_from_db()
    run.count(skipped=max(0, run.total - run.looked_at - Outbox.objects.filter(run=run).count()))
    run.finish(state, message)


def mark_some(connection: Connection) -> bool:
    """Mark the next records; False when there are none left."""
    for settings in connection.object_settings.exclude(push_all_after=None).filter(push_all_held=False).order_by("pk"):
        if _mark_chunk(settings):
            return True
    return False


@transaction.atomic
def _mark_chunk(settings: ObjectSettings) -> bool:
    settings = ObjectSettings.objects.select_for_update().get(pk=settings.pk)
    if settings.push_all_after is None or settings.push_all_held:
        return False
    records = eligible(settings).filter(pk__gt=settings.push_all_after).order_by("pk")[:CHUNK]
    batch = list(records)
    if (run := settings.push_all_run) and run.total + len(batch) > run.request.get("most", run.total + len(batch)):
        message = "Stopped: over a tenth more records than were shown would be pushed. Count or preview again."
        run.finish(Run.State.INCOMPLETE, message)
        settings.push_all_after = None
        settings.save(update_fields=["push_all_after"])
        return False
    queue_push(batch, user=settings.push_all_by, lane=Lane.BACKGROUND, run=settings.push_all_run)
    if settings.push_all_run:
        settings.push_all_run.count(total=len(batch))
    settings.push_all_after = batch[-1].pk if batch else None
    settings.save(update_fields=["push_all_after"])
    return bool(batch)


def eligible(settings: ObjectSettings) -> models.QuerySet[Any]:
    """Records that the one-time push of a kind marks."""
    records = unlinked(settings.record_kind).filter(sync_state=State.NOT_ELIGIBLE)
    if not settings.push_by_stage:
        return records
    chosen = models.Q(stage__in=[stage for stage in settings.push_stages if stage is not None])
    return records.filter(chosen | models.Q(stage=None) if None in settings.push_stages else chosen)


def unlinked(kind: str) -> models.QuerySet[Any]:
    return with_state(RECORD_TYPES[kind].model._default_manager.filter(crm_id=""), kind)
