"""What is to be deleted or merged here because it was there: done at the end of a pull, when it is known how much."""

from collections.abc import Iterator
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from common.bulk import any_of, copy_in, write_columns
from common.merging import empty_fields, merge
from common.models import Record, RecordKind
from common.trash import delete_records
from integrations.models import HeldDeletions, RecordLink, Run, SyncEvent
from integrations.sync import brake
from integrations.sync.departures import locked
from integrations.sync.linking import dropped, moved
from integrations.sync.mapping import MISSING
from integrations.sync.matching import LEAD
from integrations.sync.scope import Scope, base_of
from integrations.sync.settle import on_deadlock_again

CHUNK = 1_000
GONE = "It was deleted in Salesforce, and so here."
KEPT = "It was deleted in Salesforce; it stays here, as an admin decided."


def carry_out(scope: Scope, run: Run) -> None:
    """Merge what was merged there; delete what was deleted there, unless that is so much that an admin must decide."""
    for link in _departing(scope).exclude(merged_into="").order_by("pk"):
        _merge(scope, link.pk, run)
    ids = _record_ids(_departing(scope).filter(merged_into=""))
    held = brake.hold(scope.connection, scope.remote_object, HeldDeletions.Side.HERE, len(ids))
    if held:
        run.message = f"{run.message} {brake.says(held)}".strip()
        run.save(update_fields=["message"])
        return
    delete(scope, ids, run)


def delete_held(scope: Scope, until: datetime) -> int:
    """Delete here what was known to be gone there at ``until``, by our clock; returns how many records that were."""
    return delete(scope, _record_ids(_departing(scope).filter(merged_into="", gone_at__lte=until)), None)


def delete(scope: Scope, ids: list[int], run: Run | None) -> int:
    """Delete records here that are still gone there; returns how many that were."""
    return sum(_delete(scope, ids[start : start + CHUNK], run) for start in range(0, len(ids), CHUNK))


@on_deadlock_again
@transaction.atomic
def _delete(scope: Scope, ids: list[int], run: Run | None) -> int:
    locked(scope, ids)
    still = _record_ids(_departing(scope).filter(record_id__in=any_of(ids, "bigint")))
    SyncEvent.objects.bulk_create(
        SyncEvent(record_kind=scope.kind, record_id=pk, kind=SyncEvent.Kind.UNLINKED, summary=GONE, run=run)
        for pk in still
    )
    return delete_records(scope.type.model, still)


@on_deadlock_again
@transaction.atomic
def keep(scope: Scope) -> int:
    """Drop the links instead, and let the records stay. Returns how many."""
    ids = _record_ids(_departing(scope).filter(merged_into=""))
    records = locked(scope, ids)
    links = list(_departing(scope).filter(record_id__in=any_of(records, "bigint")).select_for_update().order_by("pk"))
    for link in links:
        dropped(link, KEPT)
    write_columns(links, ["dropped_at", "drop_reason"])
    kept = [link.record_id for link in links if link.record_id]
    columns = {"crm_id": ""} | ({"crm_object": ""} if scope.kind == RecordKind.CONTACT else {})
    scope.type.model._default_manager.filter(pk__in=any_of(kept, "bigint")).update(**columns)
    copy_in(
        [SyncEvent(record_kind=scope.kind, record_id=pk, kind=SyncEvent.Kind.UNLINKED, summary=KEPT) for pk in kept]
    )
    return len(links)


def _departing(scope: Scope) -> QuerySet[RecordLink]:
    links = RecordLink.objects.live().filter(connection=scope.connection, remote_object=scope.remote_object)
    return links.filter(gone_at__isnull=False, record_id__isnull=False)


def _record_ids(links: QuerySet[RecordLink]) -> list[int]:
    return [pk for pk in links.order_by("record_id").values_list("record_id", flat=True) if pk]


@on_deadlock_again
@transaction.atomic
def _merge(scope: Scope, link_id: int, run: Run) -> None:
    """Bring two records of ours together whose counterparts are one by now."""
    link = _departing(scope).filter(pk=link_id).first()
    heir = _heir(link) if link else None
    if link is None:
        return
    known = RecordLink.objects.filter(connection=scope.connection, remote_id=link.merged_into)
    ids = [link.record_id or 0, *([heir.record_id or 0] if heir else [])]
    records = locked(scope, ids)
    if link.record_id not in records:
        return
    record = records[link.record_id]
    if heir is None or heir.record_id not in records:
        _go_on_alone(link, record, is_free=not known.exists())
        return
    winner = records[heir.record_id or 0]
    is_lead = link.remote_object == LEAD != heir.remote_object
    _inherit(heir, link, is_lead=is_lead)
    merge(winner, record, _worth_keeping(scope, link, record, winner))
    what = "the lead became this contact" if is_lead else "the two were merged"
    summary = f"In Salesforce {what}: “{record}” was merged into it here as well."
    SyncEvent.objects.create(
        record_kind=scope.kind, record_id=winner.pk, kind=SyncEvent.Kind.MERGED, summary=summary, run=run
    )


def _heir(link: RecordLink) -> RecordLink | None:
    """The live link at the end of a chain of merges; None where that ends at nothing that we have."""
    seen, present = {link.pk}, link
    while present.merged_into:
        found = (
            RecordLink.objects.live().filter(connection_id=link.connection_id, remote_id=present.merged_into).first()
        )
        if found is None or found.pk in seen:
            return None
        seen.add(found.pk)
        present = found
    return present if present.record_id and present.gone_at is None else None


def _inherit(heir: RecordLink, link: RecordLink, *, is_lead: bool) -> None:
    heir.former_ids = list(dict.fromkeys([*heir.former_ids, link.remote_id, *link.former_ids]))
    lead_id = link.remote_id if is_lead else link.also_lead_id
    heir.also_lead_id = heir.also_lead_id or lead_id
    heir.save(update_fields=["former_ids", "also_lead_id"])


def _go_on_alone(link: RecordLink, record: Record, *, is_free: bool) -> None:
    """The record that it was merged into is none of ours: the link goes on with that, or ends."""
    if is_free:
        moved(link, link.remote_object, link.merged_into)
    else:
        dropped(link, "Salesforce merged it into another record.")
    link.gone_at, link.merged_into = None, ""
    link.save()
    columns = {"crm_id": "" if link.dropped_at else link.remote_id}
    if hasattr(record, "crm_object"):
        columns["crm_object"] = "" if link.dropped_at else link.remote_object
    type(record)._default_manager.filter(pk=record.pk).update(**columns)


def _worth_keeping(scope: Scope, link: RecordLink, record: Record, winner: Record) -> set[str]:
    """Fields that the winner has empty: those that Salesforce knows nothing of, and edits that wait to be pushed.

    What else is empty there is so because Salesforce merged the two that way.
    """
    mapped = {name.partition(".")[0] for name in scope.by_field} - set(_edited(scope, link, record))
    return empty_fields(winner) - mapped


def _edited(scope: Scope, link: RecordLink, record: Record) -> Iterator[str]:
    base = base_of(link)
    if base is None:
        return
    values = scope.express([record], scope.vocabulary([record]))[record.pk]
    for name, value in values.items():
        agreed = base.ours.get(name, base.theirs.get(name, MISSING))
        if value != agreed:
            yield scope.by_name[name].field.name
