"""Taking back the value that lost a conflict: one click, an edit like any other."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from common.acting import acting_as
from common.models import Record
from common.records import locked
from integrations.models import FieldMapping, RecordLink, SyncedKind, SyncEvent
from integrations.models.journal import SyncEventQuerySet
from integrations.services import Refused
from integrations.sync.mapping import MISSING, Pair, to_local, to_remote
from integrations.sync.records import SYNCED, model_of
from integrations.sync.scope import Scope
from users.models import User


@transaction.atomic
def restore_value(event: SyncEvent, user: User) -> bool:
    """Give the record the value that lost this conflict, as an edit by ``user``: it is pushed like any other.

    Returns whether that changed anything: the second time it does not. Raises Refused, with the reason, when the field
    was changed since, and when the value can't be taken back.
    """
    event = SyncEvent.objects.select_for_update(of=("self",)).get(pk=event.pk)
    told = _told(event)
    model = model_of(event.record_kind)
    if not model._default_manager.filter(pk=event.record_id).exists():
        raise Refused("The record was deleted here.")
    record = locked(model, event.record_id)
    scope, pair = _pair(record, event, told["field"])
    won, lost = (told["ours"], told["theirs"]) if told["winner"] == "ours" else (told["theirs"], told["ours"])
    vocabulary = scope.vocabulary([record], [{pair.name: lost}])
    present = to_remote(pair, scope.value_of(record, pair.field, vocabulary), vocabulary)
    is_changing = present != lost
    if is_changing and present != won:
        raise Refused(f"“{pair.field.label}” was changed since: it is “{_text(present)}” now.")
    if is_changing:
        _write(record, pair, to_local(pair, lost, vocabulary, pair.field.get(record)), user)
    if event.restored_at is None:
        event.restored_at = event.settled_at = timezone.now()
        event.restored_by = user
        event.save(update_fields=["restored_at", "restored_by", "settled_at"])
    return is_changing


@transaction.atomic
def leave(events: SyncEventQuerySet) -> int:
    """The values that won are right: these conflicts are settled. Returns how many."""
    return events.conflicts().update(settled_at=timezone.now())


@transaction.atomic
def always(event: SyncEvent, winner: str) -> str:
    """From now on one side wins whenever both changed this field, or one of its unit; returns the field's label.

    Raises Refused when the field is not mapped any more.
    """
    told = _told(event)
    link = RecordLink.objects.live().filter(record_kind=event.record_kind, record_id=event.record_id).first()
    mappings = FieldMapping.objects.select_for_update().filter(connection=link.connection_id) if link else None
    own = mappings.filter(remote_object=link.remote_object, field=told["field"]).first() if mappings and link else None
    if mappings is None or own is None:
        raise Refused("The field is not mapped any more.")
    if winner not in (FieldMapping.Winner.THEIRS, FieldMapping.Winner.OURS, FieldMapping.Winner.LATEST):
        raise Refused("Choose which side wins.")
    unit = mappings.filter(remote_object=own.remote_object, unit=own.unit) if own.unit else mappings.filter(pk=own.pk)
    for mapping in unit:
        mapping.winner = winner
        mapping.save(update_fields=["winner"])
    return SYNCED[event.record_kind].fields[told["field"]].label


def told_of(event: SyncEvent) -> dict[str, Any]:
    """What a conflict was about: ``field``, ``winner``, and the values ``base``, ``ours`` and ``theirs``."""
    return next((told for told in event.changes.values() if isinstance(told, dict)), {})


def _told(event: SyncEvent) -> dict[str, Any]:
    told = told_of(event)
    if event.kind != SyncEvent.Kind.CONFLICT or "field" not in told:
        raise Refused("There is no value here that could be taken back.")
    return told


def _pair(record: Record, event: SyncEvent, field: str) -> tuple[Scope, Pair]:
    link = RecordLink.objects.live().filter(record_kind=event.record_kind, record_id=event.record_id).first()
    if link is None:
        raise Refused("The record is not in Salesforce any more.")
    if link.record_kind == SyncedKind.ACTIVITY:
        raise Refused("A task is edited on its own page: what it says then holds on both sides.")
    scope = Scope.load(link.connection, link.remote_object)
    name = scope.by_field.get(field)
    if name is None:
        raise Refused("The field is not mapped any more.")
    return scope, scope.by_name[name]


def _write(record: Record, pair: Pair, value: Any, user: User) -> None:
    if value is MISSING:
        raise Refused(f"“{pair.field.label}” can’t hold that value any more.")
    pair.field.set(record, value)
    with acting_as(user):
        record.save(update_fields=[pair.field.column])


def _text(value: Any) -> str:
    return "" if value is None or value is MISSING else str(value)
