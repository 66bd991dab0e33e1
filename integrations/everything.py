"""The one-time push: every record, or activity, that is not in Salesforce and that the rules let through.

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
from integrations.models import ActivitySettings, Connection, Lane, ObjectSettings, Outbox, Run, SyncedKind
from integrations.services import Bell, Refused, pull_refusal, push_refusal, queue_push
from integrations.sync.activities.due import may_go_by
from integrations.sync.activities.objects import TASK
from integrations.sync.activities.passing import that_go
from integrations.sync.outbox import CREATE_AS
from integrations.sync.records import model_of
from integrations.sync.state import State, with_state
from users.models import User

CHUNK = 1_000
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
HELD = "The one-time push is paused."


Settings = ObjectSettings | ActivitySettings
ALL = tuple(SyncedKind)
NOTHING_ON = "No activities are pushed: turn on which are to go, and save."


def settings_of(connection: Connection, kinds: Sequence[str] = ALL) -> list[Settings]:
    """The settings of these kinds, as far as there are any; where a one-time push of each stands is kept with them."""
    rows: list[Settings] = list(
        connection.object_settings.filter(record_kind__in=kinds)
        .select_related("connection", "push_all_run")
        .order_by("pk")
    )
    if SyncedKind.ACTIVITY in kinds:
        rows += ActivitySettings.objects.filter(connection=connection).select_related("connection", "push_all_run")
    return rows


def refusal(connection: Connection | None, settings: Settings) -> str:
    """Why a one-time push of a kind can't be begun now; "" when it can."""
    if reason := push_refusal(settings.record_kind) or pull_refusal(connection):
        return reason
    return NOTHING_ON if isinstance(settings, ActivitySettings) and not settings.pushes else ""


def object_of(settings: Settings) -> str:
    """What new records of a kind become there; activities become several things, most of them tasks."""
    if isinstance(settings, ActivitySettings):
        return TASK
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
    for settings in settings_of(connection, kinds):
        if settings.creates:
            _start(connection, settings, user, preview, most)


@transaction.atomic
def _start(
    connection: Connection, row: Settings, user: User | None, preview: Run | None, most: Mapping[str, int] | None
) -> None:
    """One that is under way begins anew, under the same run."""
    settings = _locked(row)
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


def _locked(settings: Settings) -> Settings:
    return type(settings)._default_manager.select_for_update().get(pk=settings.pk)


def _of_kind(connection: Connection, kind: str) -> Settings:
    """Locked. Raises DoesNotExist."""
    rows = settings_of(connection, [kind])
    if not rows:
        raise ObjectSettings.DoesNotExist
    return _locked(rows[0])


def is_under_way(settings: Settings) -> bool:
    return settings.push_all_run is not None and settings.push_all_run.state == Run.State.RUNNING


@transaction.atomic
def hold(connection: Connection, kind: str) -> None:
    """Mark and send nothing more of a kind's one-time push, until ``resume``. What is edited goes all the same."""
    settings = _of_kind(connection, kind)
    if is_under_way(settings):
        _write(settings, push_all_held=True)
        _untouched(settings.push_all_run).update(next_attempt_at=NEVER, wait_reason=HELD)


@transaction.atomic
def resume(connection: Connection, kind: str) -> None:
    _go_on(_of_kind(connection, kind))
    Bell(Lane.BACKGROUND).ring()
    transaction.on_commit(lambda: async_task("integrations.tasks.mark_everything"))


def _write(settings: Settings, **values: Any) -> None:
    type(settings)._default_manager.filter(pk=settings.pk).update(**values)


def _go_on(settings: Settings) -> None:
    if settings.push_all_held:
        _write(settings, push_all_held=False)
        held = _untouched(settings.push_all_run).filter(next_attempt_at=NEVER)
        held.update(next_attempt_at=timezone.now(), wait_reason="")


@transaction.atomic
def cancel(connection: Connection, kinds: Sequence[str] = ALL) -> None:
    """Stop marking, and take back what was marked and not yet sent: it counts as skipped."""
    rows = settings_of(connection, kinds)
    for row in rows:
        _write(row, push_all_after=None, push_all_held=False)
    for run in _under_way(connection).filter(pk__in=[row.push_all_run_id for row in rows]):
        _untouched(run).filter(operation=Outbox.Operation.CREATE).delete()
        _finish(run, Run.State.CANCELLED, "It was cancelled.")


def _untouched(run: Run | None) -> models.QuerySet[Outbox]:
    """Rows of a run that nobody is at, and that were not sent before."""
    return Outbox.objects.filter(run=run, lane=Lane.BACKGROUND, claim_token=None, sent_at=None, job=None)


def end_finished(connection: Connection) -> None:
    """End the runs of which everything is marked and nothing waits any more."""
    marking = [row.push_all_run_id for row in settings_of(connection) if row.push_all_after is not None]
    for run in _under_way(connection).exclude(pk__in=[pk for pk in marking if pk]):
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
    return any(_mark_chunk(settings) for settings in settings_of(connection) if is_to_mark(settings))


def is_to_mark(settings: Settings) -> bool:
    """Whether there is something to be marked, and nobody holds it."""
    return settings.push_all_after is not None and not settings.push_all_held


@transaction.atomic
def _mark_chunk(row: Settings) -> bool:
    settings = _locked(row)
    if settings.push_all_after is None or settings.push_all_held:
        return False
    records = eligible(settings).filter(pk__gt=settings.push_all_after).order_by("pk")[:CHUNK]
    chunk = list(records)
    batch = chunk if isinstance(settings, ObjectSettings) else that_go(settings.connection, [one.pk for one in chunk])
    if (run := settings.push_all_run) and run.total + len(batch) > run.request.get("most", run.total + len(batch)):
        message = "Stopped: over a tenth more records than were shown would be pushed. Count or preview again."
        run.finish(Run.State.INCOMPLETE, message)
        settings.push_all_after = None
        settings.save(update_fields=["push_all_after"])
        return False
    queue_push(batch, user=settings.push_all_by, lane=Lane.BACKGROUND, run=settings.push_all_run)
    if settings.push_all_run:
        settings.push_all_run.count(total=len(batch))
    settings.push_all_after = chunk[-1].pk if chunk else None
    settings.save(update_fields=["push_all_after"])
    return bool(chunk)


def eligible(settings: Settings) -> models.QuerySet[Any]:
    """Records that the one-time push of a kind marks; of activities ``that_go`` sorts out which."""
    records = unlinked(settings.record_kind).filter(sync_state=State.NOT_ELIGIBLE)
    if isinstance(settings, ActivitySettings):
        return records.filter(may_go_by(settings))
    if not settings.push_by_stage:
        return records
    chosen = models.Q(stage__in=[stage for stage in settings.push_stages if stage is not None])
    return records.filter(chosen | models.Q(stage=None) if None in settings.push_stages else chosen)


def unlinked(kind: str) -> models.QuerySet[Any]:
    return with_state(model_of(kind)._default_manager.filter(crm_id=""), kind)
