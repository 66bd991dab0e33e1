"""Erasing a person for good: the record, what hangs on it, and all that was kept of either.

What stays says nothing of the person: that a record of this id was erased, when and by whom, and where the record had
a twin elsewhere, the mark that keeps it from coming back.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import models, transaction
from django.db.models import F, Func, Q, Value
from django.dispatch import Signal
from pghistory.models import Context

from common import trash
from common.acting import acting_user
from common.bulk import any_of
from common.models import DeletedRecord, Erasure, KeptReply, Record, RecordKind
from common.records import kind_of, record_model
from common.relations import Relation, relations_to

PEOPLE = (RecordKind.CONTACT,)

# Sent in the transaction, before anything goes, with what knows what else tells of the person. sender: the model;
# ids: the record and those that were merged into it; names: what they are called.
records_erasing = Signal()
# Sent at the end of the transaction. sender: the model; ids; elsewhere: whether they go there as well.
records_erased = Signal()


@dataclass(frozen=True)
class Elsewhere:
    """What becomes of a record in another system. ``choice``: what people may tick; "" where there is no choice."""

    note: str
    choice: str = ""


Teller = Callable[[str, Sequence[int]], Elsewhere]
_tellers: list[Teller] = []


def tells_of_elsewhere(teller: Teller) -> Teller:
    """Register what another system has of records that are to be erased."""
    _tellers.append(teller)
    return teller


def elsewhere(kind: str, record_id: int) -> list[Elsewhere]:
    return [tell(kind, ids_of(kind, record_id)) for tell in _tellers]


def ids_of(kind: str, record_id: int) -> list[int]:
    """The record and those that were merged into it, which are the same person."""
    ids, newest = [record_id], [record_id]
    while newest:
        rows = DeletedRecord.objects.filter(record_kind=kind, merged_into__in=newest).exclude(record_id__in=ids)
        newest = list(rows.values_list("record_id", flat=True))
        ids += newest
    return ids


def what_goes(kind: str, record_id: int) -> list[tuple[int, type[models.Model]]]:
    """How many rows of which kind go with a record."""
    model = record_model(kind)
    rows = [(one.model, one.rows([record_id]).count()) for one in relations_to(model) if one.goes_along]
    return [(count, one) for one, count in rows if count]


@transaction.atomic
def erase(kind: str, record_id: int, *, elsewhere: bool) -> None:
    """Erase a person, here or deleted already. Raises LookupError when there is nothing of that id."""
    model, ids = record_model(kind), ids_of(kind, record_id)
    record = model._base_manager.select_for_update(of=("self",)).filter(pk=record_id).first()
    kept = DeletedRecord.objects.select_for_update(of=("self",)).filter(record_kind=kind, record_id__in=ids)
    names = {*kept.values_list("name", flat=True), *([str(record)] if record else [])}
    if not names:
        raise LookupError(f"There is no {kind} {record_id}.")
    records_erasing.send(sender=model, ids=ids, names=names)
    for row, relation, _ in kept_with_others(model, ids):
        _take_out(row, relation, ids)
    if record:
        trash.delete_records(model, [record_id])
    rows = DeletedRecord.objects.filter(record_kind=kind, record_id__in=ids)
    for row in rows:
        _forget_attached(row)
    trash.purge(rows)
    forget_history(model, ids)
    _forget_replies(kind, ids)
    Erasure.objects.bulk_create(
        [Erasure(record_kind=kind, record_id=pk, erased_by=acting_user(), is_elsewhere=elsewhere) for pk in ids],
        ignore_conflicts=True,
    )
    records_erased.send(sender=model, ids=ids, elsewhere=elsewhere)


def kept_with_others(
    model: type[Record], ids: Sequence[int]
) -> Iterator[tuple[DeletedRecord, Relation, list[dict[str, Any]]]]:
    """Rows that would go along, but went with something else before: with a deal its calls, for example."""
    for relation in relations_to(model):
        label, column = relation.model._meta.label, relation.field.attname
        if not relation.goes_along:
            continue
        named = Q(*(Q(lost__contains={label: [{column: pk}]}) for pk in ids), _connector=Q.OR)
        own = Q(record_kind=kind_of(model), record_id__in=ids)
        for row in DeletedRecord.objects.select_for_update(of=("self",)).filter(named).exclude(own).order_by("pk"):
            yield row, relation, [one for one in row.lost[label] if one[column] in ids]


def _take_out(row: DeletedRecord, relation: Relation, ids: Sequence[int]) -> None:
    label, column = relation.model._meta.label, relation.field.attname
    forget_history(relation.model, [one["id"] for one in row.lost[label] if one[column] in ids])
    row.lost[label] = [one for one in row.lost[label] if one[column] not in ids]
    row.save(update_fields=["lost"])


def _forget_replies(kind: str, ids: Sequence[int]) -> None:
    """What the REST API would answer again: of one record the address tells, of many the body."""
    numbers = "|".join(map(str, ids))
    single = Q(location__regex=rf"/{kind}s/({numbers})/$")
    several = Q(location="", body__regex=rf'"id":({numbers})[,}}]')
    KeptReply.objects.filter(single | several | Q(body__regex=rf'"{kind}":({numbers})[,}}]')).delete()


def _forget_attached(row: DeletedRecord) -> None:
    """The history of what went with a record."""
    for label, stored in row.lost.items():
        forget_history(Relation.model_of(label), [one["id"] for one in stored if "id" in one])


def forget_history(model: type[models.Model], ids: Sequence[Any]) -> None:
    """Throw the history of rows away, the reasons that name them, and what Django's admin noted."""
    events = getattr(model, "pgh_event_model", None)
    if events is not None:
        mine = events._base_manager.filter(pgh_obj_id__in=any_of(ids, "bigint"))
        contexts = Context.objects.filter(pk__in=list(mine.values_list("pgh_context", flat=True).distinct()))
        without_rule = Func(F("metadata"), Value("rule"), template="(%(expressions)s)", arg_joiner=" - ")
        contexts.filter(metadata__has_key="rule").update(metadata=without_rule)
        mine.delete()
    content_type = ContentType.objects.get_for_model(model)
    LogEntry.objects.filter(content_type=content_type, object_id__in=[str(pk) for pk in ids]).delete()
