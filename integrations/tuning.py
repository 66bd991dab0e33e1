"""Changing settings, mappings and stages, with what follows from a change."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from integrations import deletions
from integrations.models import (
    Connection,
    Cursor,
    DeletionSettings,
    ObjectSettings,
    Outbox,
    PullCondition,
)
from integrations.sync import showing
from integrations.sync.conditions import Unfit, condition
from integrations.sync.records import KINDS, OBJECTS, RECORD_TYPES


@transaction.atomic
def save_settings(settings: ObjectSettings, changed: Collection[str]) -> list[str]:
    """Save the named columns; answers what that did, in words."""
    if not changed:
        return ["Nothing had changed."]
    settings.save(update_fields=list(changed))
    said = ["Saved. It counts from now on."]
    if "is_visible" in changed:
        show_again(settings)
        said.append(f"Pulled records are being {'shown' if settings.is_visible else 'hidden'}.")
    if "sync" in changed:
        said += _follow_direction(settings)
    if "pull_every" in changed:
        _pull_sooner(settings)
    return said


@transaction.atomic
def save_deletions(settings: DeletionSettings, changed: Collection[str]) -> list[str]:
    """Save the named columns; answers what that did, in words."""
    if not changed:
        return ["Nothing had changed."]
    DeletionSettings.objects.update_or_create(
        connection=settings.connection,
        remote_object=settings.remote_object,
        defaults={name: getattr(settings, name) for name in changed},
    )
    said = ["Saved. It counts from now on."]
    if "sync_deletes" in changed and not settings.sync_deletes:
        count = deletions.turn_off(settings.connection, settings.remote_object)
        said += [f"{count:,} deletions that waited are taken back: the records stay."] if count else []
    return said


def show_again(settings: ObjectSettings) -> None:
    """Have the pulled records of a kind shown and hidden anew, in the background."""
    showing.look_again(ObjectSettings.objects.filter(pk=settings.pk))
    transaction.on_commit(lambda: async_task("integrations.tasks.show_records"))


@dataclass(frozen=True)
class Asked:
    """A pull condition as an admin gives it."""

    field: str
    operator: str
    values: Sequence[str] = ()


@transaction.atomic
def save_conditions(connection: Connection, remote_object: str, asked: Sequence[Asked]) -> None:
    """Replace the pull conditions of one object; existing records follow in the background. Raises ValidationError."""
    settings = connection.object_settings.select_for_update().get(record_kind=KINDS[remote_object])
    mapped = set(connection.field_mappings.filter(remote_object=remote_object).values_list("field", flat=True))
    fields = RECORD_TYPES[settings.record_kind].fields
    faults = []
    for one in asked:
        if one.field not in mapped or one.field not in fields:
            faults.append(f"“{one.field}” is not mapped to a field of {remote_object}.")
            continue
        try:
            condition(fields[one.field], one.operator, one.values)
        except Unfit as fault:
            faults.append(str(fault))
    if faults:
        raise ValidationError(faults)
    connection.pull_conditions.filter(remote_object=remote_object).delete()
    PullCondition.objects.bulk_create(
        PullCondition(
            connection=connection,
            remote_object=remote_object,
            field=one.field,
            operator=one.operator,
            values=list(one.values),
        )
        for one in asked
    )
    show_again(settings)


def follow_direction(settings: ObjectSettings) -> None:
    """Pull the objects of a kind from now on, or pull them no more: what is here stays, and their cursors go."""
    names = [name for name, kind in OBJECTS.items() if kind == settings.record_kind]
    cursors = settings.connection.cursors.filter(remote_object__in=names)
    if not settings.pulls:
        cursors.delete()
        return
    for described in settings.connection.descriptions.filter(remote_object__in=names):
        Cursor.objects.get_or_create(connection=settings.connection, remote_object=described.remote_object)


def _follow_direction(settings: ObjectSettings) -> list[str]:
    """What was off goes on where it stopped: what changed meanwhile on either side moves then."""
    follow_direction(settings)
    if settings.pushes:
        return []
    waiting = Outbox.objects.filter(record_kind=settings.record_kind, claim_token=None, sent_at=None)
    count, _ = waiting.delete()
    return [f"{count:,} changes that waited to be pushed stay here."] if count else []


def _pull_sooner(settings: ObjectSettings) -> None:
    """A shorter interval need not wait for the end of the longer one."""
    objects = [name for name, kind in OBJECTS.items() if kind == settings.record_kind]
    latest = timezone.now() + timedelta(minutes=settings.pull_every)
    settings.connection.cursors.filter(remote_object__in=objects, due_at__gt=latest).update(due_at=latest)
