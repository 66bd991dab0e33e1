"""Deleting records so that they can be brought back: for a while everything that goes with them is kept.

``delete_records`` deletes many at once; a deletion by any other way (a record's own ``delete``, a queryset's, the
admin's) is kept too, one record at a time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models.signals import pre_delete
from django.dispatch import Signal
from django.utils import timezone

from common import bulk
from common.acting import acting_user
from common.bulk import any_of
from common.models import DeletedRecord, Record
from common.records import MODELS, kind_of, record_model
from common.relations import Relation, existing, relations_to, rows_from, values_of

KEPT_FOR = timedelta(days=30)
CHUNK = 1_000

# Sent by ``bury`` before it is looked what hangs on the records: what is taken off them now does not go with them. A
# deletion by another way has looked already, and takes all along. sender: the model; records; into: the record that
# they are merged into, or None.
records_leaving = Signal()
# Sent in the transaction of the deletion, before it. sender: the model; records; into: the record that they were
# merged into, or None.
records_deleted = Signal()
# Sent in the transaction, after it. sender: the model; records: as they are again; out_of: the record that they had
# been merged into, or None.
records_restored = Signal()
# Sent when what was kept is thrown away. sender: the model; ids.
records_purged = Signal()

_kept: ContextVar[bool] = ContextVar("records are kept", default=False)


Teller = Callable[[Sequence[DeletedRecord]], Sequence[str]]
_tellers: list[Teller] = []


def tells_what_restoring_does(teller: Teller) -> Teller:
    """Register what another app says of each of some deleted records: what becomes of it when it is restored."""
    _tellers.append(teller)
    return teller


def what_restoring_does(rows: Sequence[DeletedRecord]) -> list[str]:
    """What people are told before they restore each of these."""
    told = [teller(rows) for teller in _tellers]
    return [" ".join(parts) for parts in zip(*told, strict=True)] if told else ["" for _ in rows]


DeletionTeller = Callable[[str, Sequence[int] | None], str]
_deletion_tellers: list[DeletionTeller] = []


def tells_what_deleting_does(teller: DeletionTeller) -> DeletionTeller:
    """Register what another app says before records of a kind are deleted: these, or (None) any of it."""
    _deletion_tellers.append(teller)
    return teller


def what_deleting_does(kind: str, ids: Sequence[int] | None) -> str:
    """What people are told before they delete."""
    return " ".join(filter(None, (teller(kind, ids) for teller in _deletion_tellers)))


class NotRestorable(Exception):
    """Why a record can't be brought back, for a person."""


def delete_records(model: type[Record], ids: Sequence[int]) -> int:
    """Delete records of one kind, each thousand in one transaction; returns how many there were."""
    return sum(_delete(model, ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))


@transaction.atomic
def _delete(model: type[Record], ids: Sequence[int]) -> int:
    rows = model._base_manager.filter(pk__in=any_of(ids, "bigint"))
    records = list(rows.select_for_update(of=("self",)).order_by("pk"))
    bury(records)
    return len(records)


def bury(records: Sequence[Record], *, into: Record | None = None, **kept: Any) -> None:
    """Keep records of one kind, and delete them. The caller holds their locks. ``kept``: what a merge notes."""
    if not records:
        return
    model = type(records[0])
    records_leaving.send(sender=model, records=records, into=into)
    _keep(records, into=into, **kept)
    with _kept_already():
        model._base_manager.filter(pk__in=[record.pk for record in records]).delete()


@contextmanager
def _kept_already() -> Iterator[None]:
    token = _kept.set(True)
    try:
        yield
    finally:
        _kept.reset(token)


def on_record_deleted(sender: type[Record], instance: Record, **kwargs: Any) -> None:
    if not _kept.get():
        _keep(list(sender._base_manager.filter(pk=instance.pk).select_for_update(of=("self",))))


def _keep(records: Sequence[Record], *, into: Record | None = None, **kept: Any) -> None:
    if not records:
        return
    model, kind, user = type(records[0]), kind_of(records[0]), acting_user()
    lost, loosened = _attached(model, [record.pk for record in records])
    rows = [
        DeletedRecord(
            record_kind=kind,
            record_id=record.pk,
            name=str(record)[:511],
            values=values_of(record),
            lost=lost[record.pk],
            loosened=loosened[record.pk],
            merged_into=into.pk if into else None,
            deleted_by=user,
            **kept,
        )
        for record in records
    ]
    DeletedRecord.objects.filter(record_kind=kind, record_id__in=[row.record_id for row in rows]).delete()
    DeletedRecord.objects.bulk_create(rows)
    records_deleted.send(sender=model, records=records, into=into)


Lost = dict[str, list[dict[str, Any]]]
Loosened = dict[str, list[int]]


def _attached(model: type[Record], ids: Sequence[int]) -> tuple[dict[int, Lost], dict[int, Loosened]]:
    """What a deletion takes along, and what it loosens, by record."""
    found: dict[int, dict[str, dict[Any, dict[str, Any]]]] = defaultdict(lambda: defaultdict(dict))
    loosened: dict[int, Loosened] = defaultdict(lambda: defaultdict(list))
    _walk(model, {pk: pk for pk in ids}, found, loosened)
    lost = {pk: {label: list(rows.values()) for label, rows in found[pk].items()} for pk in ids}
    return lost, loosened


def _walk(
    model: type[models.Model],
    owners: dict[Any, int],
    lost: dict[int, dict[str, dict[Any, dict[str, Any]]]],
    loosened: dict[int, Loosened],
) -> None:
    """``owners``: for each row that goes, the record that it goes with."""
    for relation in relations_to(model):
        column = relation.field.attname
        if not relation.goes_along:
            for pk, target in relation.rows(list(owners)).values_list("pk", column):
                loosened[owners[target]][relation.name].append(pk)
            continue
        below: dict[Any, int] = {}
        for row in relation.rows(list(owners)).order_by("pk"):
            below[row.pk] = owners[getattr(row, column)]
            lost[below[row.pk]][relation.model._meta.label][row.pk] = values_of(row)
        if below:
            _walk(relation.model, below, lost, loosened)


@transaction.atomic
def restore(kind: str, record_id: int) -> Record:
    """Bring a deleted record back, and what went with it. Raises NotRestorable and DeletedRecord.DoesNotExist."""
    row = DeletedRecord.objects.select_for_update(of=("self",)).get(record_kind=kind, record_id=record_id)
    if row.merged_into:
        raise NotRestorable("It was merged into another record: undo the merge instead.")
    record = next(iter(put_back([row])), None)
    if record is None:
        raise NotRestorable("Something that it needs, such as its stage, is not there any more.")
    records_restored.send(sender=type(record), records=[record], out_of=None)
    return record


def restore_many(kind: str, record_ids: Sequence[int]) -> int:
    """Bring back those of these deleted records that can stand; returns how many. Merged ones are left out."""
    rows = DeletedRecord.objects.select_for_update(of=("self",)).filter(record_kind=kind, merged_into=None)
    records = put_back(list(rows.filter(record_id__in=any_of(record_ids, "bigint")).order_by("pk")))
    if records:
        records_restored.send(sender=type(records[0]), records=records, out_of=None)
    return len(records)


def put_back(rows: Sequence[DeletedRecord]) -> list[Record]:
    """Store records of one kind again as they were, and what hung on them; nobody is told of it.

    The caller holds the locks of ``rows``, which are gone afterwards. A record that can't stand any more is left out.
    """
    if not rows:
        return []
    records = rows_from(record_model(rows[0].record_kind), [row.values for row in rows])
    for record in records:
        record.crm_id = ""
        record.updated_at = timezone.now()
        if hasattr(record, "crm_object"):
            record.crm_object = ""
    bulk.put_back(records)
    back = {record.pk for record in records}
    done = [row for row in rows if row.record_id in back]
    for row in done:
        _attach(row)
    DeletedRecord.objects.filter(pk__in=[row.pk for row in done]).delete()
    return records


def _attach(row: DeletedRecord) -> None:
    for label, stored in row.lost.items():
        model = Relation.model_of(label)
        present = existing(model, [one[model._meta.pk.attname] for one in stored])
        bulk.put_back([one for one in rows_from(model, stored) if one.pk not in present])
    for name, ids in row.loosened.items():
        relation = Relation.named(name)
        rows = relation.model._base_manager.filter(pk__in=ids, **{f"{relation.field.name}__isnull": True})
        rows.update(**{relation.field.attname: row.record_id})


@transaction.atomic
def purge(rows: models.QuerySet[DeletedRecord]) -> int:
    """Throw away what was kept of deleted records: they can't be brought back any more."""
    kinds: dict[str, list[int]] = defaultdict(list)
    for kind, record_id in rows.values_list("record_kind", "record_id"):
        kinds[kind].append(record_id)
    for kind, ids in kinds.items():
        records_purged.send(sender=record_model(kind), ids=ids)
        DeletedRecord.objects.filter(record_kind=kind, record_id__in=ids).delete()
    return sum(map(len, kinds.values()))


def prune() -> int:
    """Purge what was kept long enough; returns how many records that were."""
    return purge(DeletedRecord.objects.filter(deleted_at__lt=timezone.now() - KEPT_FOR))


def connect() -> None:
    for kind in MODELS:
        pre_delete.connect(on_record_deleted, sender=record_model(kind), dispatch_uid=f"keep {kind}")
