"""Which stage here means which status there, and what account stages follow from: saved, and paired by name."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Max

from integrations.models import Connection, FieldMapping, RecordLink, StageInference, StageMapping
from integrations.pairing import forget
from integrations.sync import inference
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, RECORD_TYPES

EVENTS = ("when_open", "when_won", "when_lost")
USUAL = {"when_open": "Active Opportunity", "when_won": "Current Client", "when_lost": "Dead Opportunity"}


@dataclass(frozen=True)
class AutoMap:
    """What pairing by name would do. ``skipped``: why nothing becomes of a status, in words."""

    pairs: dict[int, str] = field(default_factory=dict)
    new: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.pairs or self.new)


def auto_map(stages: Sequence[tuple[int, str]], values: Sequence[str], present: Mapping[int, str]) -> AutoMap:
    """Same name, both unmapped: a pair. A status without a namesake: a new stage. What is paired stays so."""
    found = AutoMap()
    by_name = {_plain(name): (pk, name) for pk, name in reversed(stages)}
    made = {_plain(name) for name in found.new}
    for value in values:
        pk, name = by_name.get(_plain(value), (None, ""))
        if value in present.values():
            continue
        if pk is not None and (pk in present or pk in found.pairs):
            other = present.get(pk) or found.pairs[pk]
            found.skipped.append(f"“{value}”: the stage “{name}” is paired with “{other}” already.")
        elif pk is not None:
            found.pairs[pk] = value
        elif _plain(value) in made:
            found.skipped.append(f"“{value}”: another status has the same name.")
        else:
            made.add(_plain(value))
            found.new.append(value)
    return found


def _plain(name: str) -> str:
    return name.strip().casefold()


@transaction.atomic
def carry_out(connection: Connection, description: Description) -> AutoMap:
    """Pair by name what is not paired, and make the stages that lack. Answers what was done."""
    row = FieldMapping.objects.select_for_update().filter(
        connection=connection, remote_object=description.name, field="stage"
    )
    mapping = row.first()
    remote = description.fields.get(mapping.remote_field) if mapping else None
    if remote is None:
        return AutoMap()
    kind = KINDS[description.name]
    stages = list(RECORD_TYPES[kind].stage_model._default_manager.values_list("pk", "name"))
    present = paired(connection, description.name)
    done = auto_map(stages, remote.values, present)
    made = dict(zip(make_stages(kind, done.new), done.new, strict=True))
    save_pairs(connection, description.name, present | done.pairs | made)
    return done


def make_stages(kind: str, names: Sequence[str]) -> list[int]:
    """Stages with these names, last in order where they were missing; their ids, as the names come."""
    model: Any = RECORD_TYPES[kind].stage_model
    limit = model._meta.get_field("name").max_length
    last = model._default_manager.aggregate(last=Max("position"))["last"] or 0
    return [
        model._default_manager.get_or_create(name=name[:limit], defaults={"position": last + number})[0].pk
        for number, name in enumerate(names, 1)
    ]


def paired(connection: Connection, remote_object: str) -> dict[int, str]:
    """Statuses by the ids of the stages that they mean."""
    rows = StageMapping.objects.filter(connection=connection, remote_object=remote_object)
    return dict(rows.values_list("stage_id", "remote_value"))


@transaction.atomic
def save_pairs(connection: Connection, remote_object: str, values: Mapping[int, str]) -> bool:
    """Replace the pairs of one remote object; whether any differs. Existing records stay as they are on both sides."""
    Connection.objects.select_for_update().get(pk=connection.pk)  # two admins come one after the other
    before = paired(connection, remote_object)
    changed = {pk for pk in {*before, *values} if before.get(pk) != values.get(pk)}
    if not changed:
        return False
    StageMapping.objects.filter(connection=connection, remote_object=remote_object).delete()
    StageMapping.objects.bulk_create(
        StageMapping(
            connection=connection,
            record_kind=KINDS[remote_object],
            remote_object=remote_object,
            stage_id=stage_id,
            remote_value=value,
        )
        for stage_id, value in values.items()
    )
    _forget_status(connection, remote_object, changed)
    return True


def _forget_status(connection: Connection, remote_object: str, stages: Collection[int]) -> None:
    """What was agreed of a status in another word would look like an edit of every record at that stage."""
    mapping = connection.field_mappings.filter(remote_object=remote_object, field="stage").first()
    if mapping is None:
        return
    records: Any = RECORD_TYPES[KINDS[remote_object]].model._default_manager
    at_them = records.filter(stage__in=stages)
    links = RecordLink.objects.filter(
        connection=connection,
        record_kind=KINDS[remote_object],
        remote_object=remote_object,
        record_id__in=at_them.values("pk"),
    )
    forget(links, [mapping.remote_field])


@transaction.atomic
def choose_field(connection: Connection, description: Description, name: str) -> bool:
    """Map the stage to a status field, "" for none; whether that changed anything. Pairs of another field go."""
    rows = FieldMapping.objects.select_for_update().filter(connection=connection, remote_object=description.name)
    present = rows.filter(field="stage").first()
    if (present.remote_field if present else "") == name:
        return False
    rows.filter(field="stage").delete()
    rows.filter(remote_field=name).delete()  # one field holds one value
    StageMapping.objects.filter(connection=connection, remote_object=description.name).delete()
    links = RecordLink.objects.filter(connection=connection, remote_object=description.name)
    forget(links, [gone for gone in (present.remote_field if present else "", name) if gone])
    if name:
        is_writable = description.fields[name].is_writable
        FieldMapping.objects.create(
            connection=connection,
            record_kind=KINDS[description.name],
            field="stage",
            remote_object=description.name,
            remote_field=name,
            direction=FieldMapping.Direction.BOTH if is_writable else FieldMapping.Direction.IN,
        )
    return True


def rule_for(connection: Connection) -> StageInference:
    """The rule by which account stages follow from opportunities, or the usual one, which is off."""
    found = StageInference.objects.filter(connection=connection).first()
    if found:
        return found
    ids = {name: pk for pk, name in RECORD_TYPES["account"].stage_model._default_manager.values_list("pk", "name")}
    return StageInference(connection=connection, **{f"{event}_id": ids.get(name) for event, name in USUAL.items()})


@transaction.atomic
def save_rule(connection: Connection, *, is_on: bool, stages: Mapping[str, int | None], takes_over: bool) -> bool:
    """``stages`` by event; ``takes_over``: also replace stages that accounts have by now. Whether anything changed."""
    Connection.objects.select_for_update().get(pk=connection.pk)
    rule = rule_for(connection)
    wanted = {"is_on": is_on} | {f"{event}_id": stages.get(event) for event in EVENTS if is_on}
    changed = [name for name, value in wanted.items() if getattr(rule, name) != value]
    if not changed and not takes_over:
        return False
    if not is_on and rule.pk is None:
        return False
    values = {name: getattr(rule, name) for name in ("is_on", *(f"{event}_id" for event in EVENTS))} | wanted
    StageInference.objects.update_or_create(connection=connection, defaults=values)
    if is_on:
        if takes_over:
            inference.adopt(connection)
        inference.note_all(connection)
    return True
