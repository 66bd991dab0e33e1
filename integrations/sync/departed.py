"""What is to be deleted here because it was there: done at the end of a pull, when it is known how much that is."""

from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from common.bulk import any_of, copy_in, write_columns
from common.models import RecordKind
from common.trash import delete_records
from integrations.models import HeldDeletions, RecordLink, Run, SyncEvent
from integrations.sync import brake
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.departures import locked
from integrations.sync.linking import dropped
from integrations.sync.merged import follow_merge
from integrations.sync.scope import Scope

CHUNK = 1_000
GONE = "It was deleted in Salesforce, and so here."
KEPT = "It was deleted in Salesforce; it stays here, as an admin decided."


def carry_out(scope: Scope, run: Run) -> None:
    """Merge what was merged there; delete what was deleted there, unless that is so much that an admin must decide."""
    for link_id in _departing(scope).exclude(merged_into="").order_by("pk").values_list("pk", flat=True):
        follow_merge(scope, link_id, run)
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
        dropped(link, KEPT).updated_at = timezone.now()
    write_columns(links, ["dropped_at", "drop_reason", "updated_at"])
    kept = [link.record_id for link in links if link.record_id]
    columns = {"crm_id": ""} | ({"crm_object": ""} if scope.kind == RecordKind.CONTACT else {})
    scope.type.model._default_manager.filter(pk__in=any_of(kept, "bigint")).update(**columns)
    copy_in(
        [SyncEvent(record_kind=scope.kind, record_id=pk, kind=SyncEvent.Kind.UNLINKED, summary=KEPT) for pk in kept]
    )
    return len(links)


def _departing(scope: Scope) -> QuerySet[RecordLink]:
    return RecordLink.objects.departing().filter(connection=scope.connection, remote_object=scope.remote_object)


def _record_ids(links: QuerySet[RecordLink]) -> list[int]:
    return [pk for pk in links.order_by("record_id").values_list("record_id", flat=True) if pk]
