"""Which of our fields is which of theirs: saved one by one, with what follows for the records that are linked."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Func, JSONField, QuerySet, TextField, Value

from integrations.mappings import Choice
from integrations.models import Connection, DeclinedPair, FieldMapping, ObjectSettings, RecordLink
from integrations.rebasing import rebase
from integrations.salesforce.defaults import ADDRESS, UNITS, enrichment_of
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, RECORD_TYPES, Field

CHANGED = "Somebody else has changed this field meanwhile."
NEW = "new"  # what is seen of a field that is not mapped


@dataclass(frozen=True)
class Saved:
    """``is_waiting``: records that were linked before are yet to be brought into step."""

    is_changed: bool
    is_waiting: bool = False
    freed: str = ""  # the field of ours that the other one was taken from


def seen_of(row: FieldMapping | None) -> str:
    """A name for what an admin was shown of a row: another one as soon as anybody changed it."""
    return sha256(repr(Choice.of(row)).encode()).hexdigest()[:16] if row else NEW


@transaction.atomic
def save_pair(
    connection: Connection,
    description: Description,
    choice: Choice,
    *,
    seen: str | None = None,
    takes_over: bool = False,
    links: QuerySet[RecordLink] | None = None,
) -> Saved:
    """Map one field, or unmap it, as somebody chose who was shown ``seen``.

    ``takes_over``: another field of ours that has the remote field gives it up. ``links``: the bases of these alone
    follow, not of all. Raises ValidationError when it was changed meanwhile, or the remote field is taken.
    """
    name = description.name
    links = _links(connection, name, links)
    present = _locked(connection, name)
    row = present.get(choice.field)
    if seen is not None and seen != seen_of(row):
        raise ValidationError(CHANGED, code="changed")
    if (row and Choice.of(row) == choice) or not (row or choice.remote_field):
        return Saved(is_changed=False)
    freed = _free(present, choice, takes_over=takes_over)
    if freed:
        freed.delete()
        forget(links, [freed.remote_field])
    if not choice.remote_field and row:
        _unmap(connection, row, links)
        return Saved(is_changed=True)
    if row and row.remote_field == choice.remote_field:
        is_waiting = _change(row, choice, description, links)
    else:
        forget(links, [old.remote_field for old in [row] if old] + [choice.remote_field])
        is_waiting = _pair(connection, description, choice, row, is_linked=links.filter(dropped_at=None).exists())
    _accept(connection, name, [choice])
    return Saved(is_changed=True, is_waiting=is_waiting, freed=freed.field if freed else "")


@transaction.atomic
def replace_pairs(connection: Connection, description: Description, choices: Iterable[Choice]) -> None:
    """Map an object's fields as they are given, and no others."""
    links = _links(connection, description.name, None)
    present = _locked(connection, description.name)
    wanted = {choice.field: choice for choice in choices if choice.remote_field}
    stays = {name: row for name, row in present.items() if _is_same_pair(row, wanted.get(name))}
    gone = [row for name, row in present.items() if name not in stays]
    # First what goes: a remote field may move from one of our fields to another.
    FieldMapping.objects.filter(pk__in=[row.pk for row in gone]).delete()
    new = [choice for name, choice in wanted.items() if name not in stays]
    forget(links, {*(row.remote_field for row in gone), *(choice.remote_field for choice in new)})
    for name, row in stays.items():
        if Choice.of(row) != wanted[name]:
            _change(row, wanted[name], description, links)
    _create(connection, description, new, links)


def _is_same_pair(row: FieldMapping, choice: Choice | None) -> bool:
    return choice is not None and choice.remote_field == row.remote_field


@transaction.atomic
def save_new_pairs(connection: Connection, description: Description, choices: Collection[Choice]) -> int:
    """Map many fields that are not mapped yet, to fields that are free; answers how many of them still were."""
    present = _locked(connection, description.name)
    taken = {row.remote_field for row in present.values()}
    new = [one for one in choices if one.field not in present and one.remote_field not in taken]
    links = _links(connection, description.name, None)
    forget(links, [one.remote_field for one in new])
    _create(connection, description, new, links)
    return len(new)


def _create(
    connection: Connection, description: Description, new: Collection[Choice], links: QuerySet[RecordLink]
) -> None:
    is_linked = links.filter(dropped_at=None).exists()
    fields = RECORD_TYPES[KINDS[description.name]].fields
    FieldMapping.objects.bulk_create(
        _row(connection, description, one, fields[one.field], is_linked=is_linked) for one in new
    )
    _accept(connection, description.name, new)


def decline(connection: Connection, remote_object: str, field: str, remote_field: str) -> None:
    """Do not propose a pair again."""
    DeclinedPair.objects.get_or_create(
        connection=connection, remote_object=remote_object, field=field, remote_field=remote_field
    )


def proposed(description: Description, field: Field, remote_field: str) -> Choice:
    """A pair as it is proposed: both ways where their field can be written."""
    is_writable = description.fields[remote_field].is_writable
    direction = FieldMapping.Direction.BOTH if is_writable else FieldMapping.Direction.IN
    return Choice(field.name, remote_field, direction=direction, enrichment=str(enrichment_of(description.name, field)))


def _links(connection: Connection, remote_object: str, links: QuerySet[RecordLink] | None) -> QuerySet[RecordLink]:
    links = RecordLink.objects.all() if links is None else links
    return links.filter(connection=connection, remote_object=remote_object)


def _locked(connection: Connection, remote_object: str) -> dict[str, FieldMapping]:
    """The rows of an object; two admins come one after the other, also where there is no row yet."""
    ObjectSettings.objects.select_for_update().get(connection=connection, record_kind=KINDS[remote_object])
    rows = connection.field_mappings.filter(remote_object=remote_object).select_for_update()
    return {row.field: row for row in rows}


def _free(present: dict[str, FieldMapping], choice: Choice, *, takes_over: bool) -> FieldMapping | None:
    """The row of another field of ours that has to give way."""
    if not choice.remote_field:
        return None
    others = (row for row in present.values() if row.remote_field == choice.remote_field and row.field != choice.field)
    other = next(others, None)
    if other and not (takes_over and other.field != "stage"):
        raise ValidationError(f"“{choice.remote_field}” is mapped to another field already.")
    return other


def _unmap(connection: Connection, row: FieldMapping, links: QuerySet[RecordLink]) -> None:
    row.delete()
    forget(links, [row.remote_field])
    decline(connection, row.remote_object, row.field, row.remote_field)


def _change(row: FieldMapping, choice: Choice, description: Description, links: QuerySet[RecordLink]) -> bool:
    """Other rules for the same pair: what differs is written, and what was agreed in other words stays agreed."""
    before = list(row.value_map)
    changed = [name for name, value in choice.columns.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, choice.columns[name])
    if "value_map" in changed and rebase(row, before, description, links):
        row.is_compared = False
    row.save(update_fields=[*changed, "is_compared", "updated_at"])
    return not row.is_compared


def change_words(row: FieldMapping, words: list[dict[str, str]]) -> None:
    """Another value map for a pair that stays. The caller holds the row's lock."""
    stored = row.connection.descriptions.get(remote_object=row.remote_object)
    before = list(row.value_map)
    row.value_map = words
    if rebase(row, before, Description.from_json(stored.content), _links(row.connection, row.remote_object, None)):
        row.is_compared = False
    row.save(update_fields=["value_map", "is_compared", "updated_at"])


def _pair(
    connection: Connection, description: Description, choice: Choice, row: FieldMapping | None, *, is_linked: bool
) -> bool:
    field = RECORD_TYPES[KINDS[description.name]].fields[choice.field]
    if row:
        row.delete()  # another pair is another row: its own time, and nothing of what was said of the old one
    _row(connection, description, choice, field, is_linked=is_linked).save(force_insert=True)
    return is_linked


def _row(
    connection: Connection, description: Description, choice: Choice, field: Field, *, is_linked: bool
) -> FieldMapping:
    """A new pair has yet to be applied to what is linked."""
    return FieldMapping(
        connection=connection,
        record_kind=KINDS[description.name],
        remote_object=description.name,
        field=field.name,
        unit=UNITS.get(description.name, "") if field.name in ADDRESS else "",
        is_compared=not is_linked,
        **choice.columns,
    )


def _accept(connection: Connection, remote_object: str, choices: Iterable[Choice]) -> None:
    """What is mapped now is not declined any more."""
    names = [choice.remote_field for choice in choices]
    connection.declined_pairs.filter(remote_object=remote_object, remote_field__in=names).delete()


def forget(links: QuerySet[RecordLink], names: Collection[str]) -> None:
    """What was agreed on for another pair of fields says nothing of this one: it would look like an edit."""
    names = list(names)
    if not names:
        return
    without = Value(names, output_field=ArrayField(TextField()))
    for column in ("base", "base_ours"):
        rows = links.filter(**{f"{column}__has_any_keys": names})
        rows.update(**{column: Without(column, without)})


class Without(Func):
    """A JSON object without some of its keys."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = JSONField()
