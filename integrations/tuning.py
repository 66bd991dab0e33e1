"""Changing settings, mappings and stages, with what follows from a change."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Func, JSONField, QuerySet, Value
from django.utils import timezone
from django_q.tasks import async_task

from integrations import deletions
from integrations.mappings import Choice
from integrations.models import (
    Connection,
    Cursor,
    DeletionSettings,
    FieldMapping,
    ObjectSettings,
    Outbox,
    PullCondition,
    RecordLink,
)
from integrations.salesforce.defaults import ADDRESS, UNITS, enrichment_of
from integrations.sync import showing
from integrations.sync.conditions import Unfit, condition
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, OBJECTS, RECORD_TYPES, Field


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


@transaction.atomic
def save_mapping(
    connection: Connection,
    description: Description,
    choices: Iterable[Choice],
    links: QuerySet[RecordLink] | None = None,
) -> str:
    """Store what differs; answers how many fields changed, in words, "" for none. ``links``: not all, but these."""
    links = RecordLink.objects.all() if links is None else links
    links = links.filter(connection=connection, remote_object=description.name)
    present = {row.field: row for row in connection.field_mappings.filter(remote_object=description.name)}
    wanted = {choice.field: choice for choice in choices if choice.remote_field}
    gone = [row.pk for field, row in present.items() if field not in wanted]
    changed = [choice for field, choice in wanted.items() if _differs(present.get(field), choice)]
    # First what goes: a remote field may move from one of our fields to another.
    replaced = [present[choice.field].pk for choice in changed if choice.field in present]
    FieldMapping.objects.filter(pk__in=[*gone, *replaced]).delete()
    is_linked = RecordLink.objects.live().filter(connection=connection, remote_object=description.name).exists()
    fields = RECORD_TYPES[KINDS[description.name]].fields
    FieldMapping.objects.bulk_create(
        _row(connection, description, choice, fields[choice.field], present.get(choice.field), is_linked=is_linked)
        for choice in changed
    )
    for field in {*wanted, *present}:
        before = present[field].remote_field if field in present else ""
        after = wanted[field].remote_field if field in wanted else ""
        if before != after:
            _forget_base(links, [name for name in (before, after) if name])
    count = len(gone) + len(changed)
    return f"{count} {'mapping' if count == 1 else 'mappings'}" if count else ""


def _forget_base(links: QuerySet[RecordLink], names: Iterable[str]) -> None:
    """What was agreed on for another pair of fields says nothing of this one: it would look like an edit."""
    for name in names:
        links.filter(base__has_key=name).update(base=Without("base", Value(name)))
        links.filter(base_ours__has_key=name).update(base_ours=Without("base_ours", Value(name)))


class Without(Func):
    """A JSON object without one of its keys."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = JSONField()


def _differs(row: FieldMapping | None, choice: Choice) -> bool:
    return row is None or (row.remote_field, row.direction, row.winner) != (
        choice.remote_field,
        choice.direction,
        choice.winner,
    )


def _row(
    connection: Connection,
    description: Description,
    choice: Choice,
    field: Field,
    before: FieldMapping | None,
    *,
    is_linked: bool,
) -> FieldMapping:
    """What was said of the same pair before stays; another pair has yet to be applied to what is linked."""
    kept = before if before and before.remote_field == choice.remote_field else None
    return FieldMapping(
        connection=connection,
        record_kind=KINDS[description.name],
        remote_object=description.name,
        field=choice.field,
        remote_field=choice.remote_field,
        direction=choice.direction,
        winner=choice.winner,
        unit=UNITS.get(description.name, "") if choice.field in ADDRESS else "",
        enrichment=kept.enrichment if kept else enrichment_of(description.name, field),
        value_map=kept.value_map if kept else [],
        is_compared=kept.is_compared if kept else not is_linked,
    )
