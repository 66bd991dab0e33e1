"""The one-time push: every record that is not in Salesforce and that the rules let through.

Marking a million records takes a while, so it goes on in the background: where it stands is kept with the settings,
and moves in the transaction that marks the records.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.db.models import Count

from common.models import RecordKind
from integrations.models import Connection, Lane, ObjectSettings, Outbox, RecordLink, Run
from integrations.services import Refused, pull_refusal, queue_push
from integrations.sync.eligibility import takes_no_new
from integrations.sync.outbox import CREATE_AS
from integrations.sync.records import RECORD_TYPES
from integrations.sync.state import State, with_state
from users.models import User

CHUNK = 1_000


@dataclass
class Forecast:
    """What the one-time push of a kind would do: ``skipped`` counts records by what keeps them out."""

    kind: RecordKind
    to_create: int = 0
    to_update: int = 0
    unchanged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


def forecast(connection: Connection, kinds: Sequence[str]) -> list[Forecast]:
    """Counts without marking anything, by a few queries a kind."""
    return [_forecast(settings) for settings in connection.object_settings.filter(record_kind__in=kinds)]


def _forecast(settings: ObjectSettings) -> Forecast:
    kind = RecordKind(settings.record_kind)
    told = Forecast(kind)
    told.to_update = Outbox.objects.filter(record_kind=kind, operation=Outbox.Operation.UPDATE).count()
    told.unchanged = RecordLink.objects.live().filter(record_kind=kind).count() - told.to_update
    told.skipped["Kept out of the sync by a person"] = _unlinked(kind).filter(sync_state=State.SKIPPED).count()
    told.skipped["Refused before: see the error log"] = _unlinked(kind).filter(sync_state=State.FAILED).count()
    free = _unlinked(kind).exclude(sync_state__in=[State.SKIPPED, State.FAILED])
    if reason := takes_no_new(settings):
        told.skipped[reason.removesuffix(".")] = free.count()
    else:
        for stage_id, count in free.values_list("stage_id").annotate(Count("pk")).order_by():
            if settings.lets_stage_through(stage_id):
                told.to_create += count
            else:
                told.skipped["Their stage is not among those that are pushed"] += count
    told.skipped = +told.skipped
    return told


def start(connection: Connection, kinds: Sequence[str], user: User | None) -> None:
    """Begin to push everything of these kinds. Raises Refused."""
    if reason := pull_refusal(connection):
        raise Refused(reason)
    for settings in connection.object_settings.filter(record_kind__in=kinds).order_by("pk"):
        if settings.creates:
            _start(connection, settings.pk, user)


@transaction.atomic
def _start(connection: Connection, settings_id: int, user: User | None) -> None:
    """One that is under way begins anew, under the same run."""
    settings = ObjectSettings.objects.select_for_update().get(pk=settings_id)
    if settings.push_all_after is None or settings.push_all_run is None:
        remote_object = settings.create_as or CREATE_AS.get(RecordKind(settings.record_kind), "Contact")
        settings.push_all_run = Run.objects.create(
            connection=connection, kind=Run.Kind.EVERYTHING, remote_object=remote_object, started_by=user
        )
    settings.push_all_after, settings.push_all_by = 0, user
    settings.save(update_fields=["push_all_after", "push_all_by", "push_all_run"])


def cancel(connection: Connection) -> None:
    """Stop marking, and take back what was marked and not yet sent: it counts as skipped."""
    connection.object_settings.update(push_all_after=None)
    background = Outbox.objects.filter(connection=connection, lane=Lane.BACKGROUND, claim_token=None, sent_at=None)
    background.filter(operation=Outbox.Operation.CREATE).delete()
    for run in _under_way(connection):
        _finish(run, Run.State.CANCELLED, "It was cancelled.")


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
    for settings in connection.object_settings.exclude(push_all_after=None).order_by("pk"):
        if _mark_chunk(settings):
            return True
    return False


@transaction.atomic
def _mark_chunk(settings: ObjectSettings) -> bool:
    settings = ObjectSettings.objects.select_for_update().get(pk=settings.pk)
    if settings.push_all_after is None:
        return False
    records = eligible(settings).filter(pk__gt=settings.push_all_after).order_by("pk")[:CHUNK]
    batch = list(records)
    queue_push(batch, user=settings.push_all_by, lane=Lane.BACKGROUND, run=settings.push_all_run)
    if settings.push_all_run:
        settings.push_all_run.count(total=len(batch))
    settings.push_all_after = batch[-1].pk if batch else None
    settings.save(update_fields=["push_all_after"])
    return bool(batch)


def eligible(settings: ObjectSettings) -> models.QuerySet[Any]:
    """Records that the one-time push of a kind marks."""
    records = _unlinked(settings.record_kind).filter(sync_state=State.NOT_ELIGIBLE)
    if not settings.push_by_stage:
        return records
    chosen = models.Q(stage__in=[stage for stage in settings.push_stages if stage is not None])
    return records.filter(chosen | models.Q(stage=None) if None in settings.push_stages else chosen)


def _unlinked(kind: str) -> models.QuerySet[Any]:
    return with_state(RECORD_TYPES[kind].model._default_manager.filter(crm_id=""), kind)
