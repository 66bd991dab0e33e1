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
from integrations.models import Connection, Lane, ObjectSettings, Outbox, RecordLink
from integrations.services import Refused, pull_refusal, queue_push
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
    if not settings.push_new:
        told.skipped[f"Pushing new {settings.get_record_kind_display().lower()}s is off"] = free.count()
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
    connection.object_settings.filter(record_kind__in=kinds, push_new=True).update(
        push_all_after=0, push_all_by=user.pk if user else None
    )


def cancel(connection: Connection) -> None:
    """Stop marking, and take back what was marked and not yet sent."""
    connection.object_settings.update(push_all_after=None)
    background = Outbox.objects.filter(connection=connection, lane=Lane.BACKGROUND, claim_token=None, sent_at=None)
    background.filter(operation=Outbox.Operation.CREATE).delete()


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
    records = _eligible(settings).filter(pk__gt=settings.push_all_after).order_by("pk")[:CHUNK]
    batch = list(records)
    queue_push(batch, user=settings.push_all_by, lane=Lane.BACKGROUND)
    settings.push_all_after = batch[-1].pk if batch else None
    settings.save(update_fields=["push_all_after"])
    return bool(batch)


def _eligible(settings: ObjectSettings) -> models.QuerySet[Any]:
    records = _unlinked(settings.record_kind).filter(sync_state=State.NOT_ELIGIBLE)
    if not settings.push_by_stage:
        return records
    chosen = models.Q(stage__in=[stage for stage in settings.push_stages if stage is not None])
    return records.filter(chosen | models.Q(stage=None) if None in settings.push_stages else chosen)


def _unlinked(kind: str) -> models.QuerySet[Any]:
    return with_state(RECORD_TYPES[kind].model._default_manager.filter(crm_id=""), kind)
