"""Merging two records of a kind: the one that stays takes over what hangs on the other, which can be brought back."""

import dataclasses
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import models, transaction

from common import custom, trash
from common.bulk import update_rows
from common.models import DeletedRecord, Record
from common.records import kind_of, record_model
from common.relations import Relation, relations_to

NEVER_CHOSEN = {"id", "crm_id", "crm_object", "origin", "is_hidden", "created_at", "updated_at", "domain"}
CUSTOM = "custom."  # what the name of a chosen custom field begins with
AnyRecord = TypeVar("AnyRecord", bound=Record)


class NotMergeable(Exception):
    """Why two records can't be merged, or a merge not be undone, for a person."""


# What else a kind does with the values of two records: the one that stays, with what was chosen set, the other one,
# and what the first one held before. Returns the columns that it set.
Combine = Callable[[Any, Any, Mapping[str, Any]], set[str]]
Teller = Callable[[Record, Record], str]


@dataclass(frozen=True)
class Combining:
    """``decides``: fields that are put together whatever is chosen. ``notes``: what people are told of a field."""

    combine: Combine
    decides: frozenset[str] = frozenset()
    notes: Mapping[str, str] = dataclasses.field(default_factory=dict)


_combining: dict[type[Record], Combining] = {}
_tellers: list[Teller] = []


def combines(
    model: type[Record], *, decides: Collection[str] = (), notes: Mapping[str, str] | None = None
) -> Callable[[Combine], Combine]:
    """Register what else a merge of this kind puts together."""

    def register(combine: Combine) -> Combine:
        _combining[model] = Combining(combine, frozenset(decides), notes or {})
        return combine

    return register


def combining(model: type[Record]) -> Combining:
    return _combining.get(model) or Combining(lambda keep, other, before: set())


def tells_what_merging_does(teller: Teller) -> Teller:
    """Register what another app says of a merge before it: what becomes of the two elsewhere."""
    _tellers.append(teller)
    return teller


def what_merging_does(keep: Record, other: Record) -> str:
    return " ".join(filter(None, (tell(keep, other) for tell in _tellers)))


def fields_of(model: type[Record]) -> list[str]:
    """The fields that a merge may take from the other record."""
    columns = (field for field in model._meta.concrete_fields if not field.generated)
    return [column.name for column in columns if column.name not in NEVER_CHOSEN]


def empty_fields(record: Record) -> set[str]:
    """Fields in which a record says nothing. Of custom values each is filled by itself."""
    nothing: tuple[Any, ...] = (None, "", False, [], {})
    return {name for name in fields_of(type(record)) if record.serializable_value(name) in nothing} | {"custom"}


@transaction.atomic
def merge(keep: AnyRecord, other: AnyRecord, chosen: Collection[str] | None = None) -> AnyRecord:
    """Fold ``other`` into ``keep``, with the ``chosen`` fields of its own; None: those that ``keep`` has empty.

    A custom field is chosen as "custom.key"; "custom" fills those that ``keep`` has empty. What belonged to the other
    belongs to the one that stays. ``undo`` takes it apart for as long as deleted records are kept. Raises NotMergeable.
    """
    if type(keep) is not type(other) or keep.pk == other.pk:
        raise NotMergeable("Choose two records of the same kind.")
    keep, other = _locked(keep, other)
    names = set(chosen) if chosen is not None else filling(keep, other)
    _check(type(keep), names)
    before = {column.attname: getattr(keep, column.attname) for column in keep._meta.concrete_fields}
    both = combining(type(keep))
    changed = _take(keep, other, names - both.decides)
    changed |= both.combine(keep, other, before)
    moved = _move_children(keep, other)
    if changed:
        keep.save(update_fields=changed)
    columns = [keep._meta.get_field(name).attname for name in changed]  # type: ignore[union-attr]
    trash.bury(
        [other],
        into=keep,
        moved=moved,
        before={name: before[name] for name in columns},
        after={name: getattr(keep, name) for name in columns},
    )
    return keep


def _check(model: type[Record], names: Collection[str]) -> None:
    """Raises NotMergeable when a merge of this kind has no such fields."""
    known = set(fields_of(model))
    if any(name.startswith(CUSTOM) for name in names):
        known |= {f"{CUSTOM}{definition.key}" for definition in custom.definitions(kind_of(model))}
    if unknown := set(names) - known:
        raise NotMergeable(f"There are no such fields: {', '.join(sorted(unknown))}.")


def _locked(keep: AnyRecord, other: AnyRecord) -> tuple[AnyRecord, AnyRecord]:
    rows = type(keep)._base_manager.filter(pk__in=[keep.pk, other.pk]).select_for_update(of=("self",)).order_by("pk")
    found = {row.pk: row for row in rows}
    if len(found) < 2:  # noqa: PLR2004 - both
        raise NotMergeable("One of the two is not there any more.")
    return found[keep.pk], found[other.pk]


def filling(keep: Record, other: Record) -> set[str]:
    """The fields in which only the other says something."""
    return empty_fields(keep) - (empty_fields(other) - {"custom"})


def _take(keep: Record, other: Record, names: Collection[str]) -> set[str]:
    """Set the chosen fields; returns those that changed."""
    changed = set()
    for name in names:
        own, _, key = name.partition(".")
        value = _custom(keep, other, key) if own == "custom" else other.serializable_value(name)
        if keep.serializable_value(own) != value:
            setattr(keep, keep._meta.get_field(own).attname, value)  # type: ignore[union-attr]
            changed.add(own)
    return changed


def _custom(keep: Record, other: Record, key: str) -> dict[str, Any]:
    """Custom values with one of the other's, or, without a key, with those that ``keep`` lacks."""
    if key:
        return custom.merged(keep.custom, {key: other.custom.get(key)})
    return {**other.custom, **_said(keep.custom)}


def _said(custom: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in custom.items() if value not in (None, "", [])}


def _move_children(keep: Record, other: Record) -> dict[str, list[int]]:
    """Point at ``keep`` what pointed at ``other``, but for the like of what it has. Returns ids by relation."""
    moved: dict[str, list[int]] = {}
    for relation in relations_to(type(keep)):
        rows = relation.without_twin(relation.rows([other.pk]), keep.pk)
        if relation.model is type(keep):
            rows = rows.exclude(pk=keep.pk)
        ids = list(rows.values_list("pk", flat=True))
        if ids:
            _point(relation, ids, keep.pk)
            moved[relation.name] = ids
    return moved


def _point(relation: Relation, ids: list[int], target_id: int) -> None:
    rows = relation.model._base_manager.filter(pk__in=ids)
    if issubclass(relation.model, Record):
        update_rows(rows, **{relation.field.attname: target_id})
    else:
        rows.update(**{relation.field.attname: target_id})


@transaction.atomic
def undo(kind: str, record_id: int) -> Record:
    """Take a merge apart: the record that was merged away is as it was, and has its own again.

    What people changed since in the one that stayed is left. Raises NotMergeable and DeletedRecord.DoesNotExist.
    """
    model = record_model(kind)
    row = DeletedRecord.objects.select_for_update(of=("self",)).get(record_kind=kind, record_id=record_id)
    if not row.merged_into:
        raise NotMergeable("It was deleted, not merged: restore it instead.")
    keep = model._base_manager.select_for_update().filter(pk=row.merged_into).first()
    if keep is None:
        raise NotMergeable("The record that it was merged into is not there any more: restore that one first.")
    moved = row.moved
    record = next(iter(trash.put_back([row])), None)
    if record is None:
        raise NotMergeable("Something that it needs, such as its stage, is not there any more.")
    for name, ids in moved.items():
        relation = Relation.named(name)
        still = relation.model._base_manager.filter(pk__in=ids, **{relation.field.attname: keep.pk})
        still = relation.without_twin(still, record.pk)
        _point(relation, list(still.values_list("pk", flat=True)), record.pk)
    trash.records_restored.send(sender=model, records=[record], out_of=keep)
    _give_back(keep, row)
    return record


def _give_back(keep: Record, row: DeletedRecord) -> None:
    changed = []
    keep.refresh_from_db()
    for field in (field for field in keep._meta.concrete_fields if field.attname in row.before):
        if getattr(keep, field.attname) == field.to_python(row.after[field.attname]):
            setattr(keep, field.attname, field.to_python(row.before[field.attname]))
            changed.append(field.name)
    if changed:
        keep.save(update_fields=changed)


def merged_into(record: models.Model) -> models.QuerySet[DeletedRecord]:
    """The records that were merged into this one, and can be taken out again."""
    assert isinstance(record, Record), "only records are merged"
    return DeletedRecord.objects.filter(record_kind=kind_of(record), merged_into=record.pk)
