"""What is gone on the other side: deleted, merged into another record, converted to one."""

from collections.abc import Iterable, Mapping

from common.bulk import any_of
from common.models import Record
from integrations.models import RecordLink, SyncEvent
from integrations.sync.linking import dropped, moved, reword
from integrations.sync.local import Writer
from integrations.sync.page import Applied, Known, successor
from integrations.sync.provider import RemoteRecord
from integrations.sync.scope import Scope


def follow(scope: Scope, known: Known, writer: Writer, applied: Applied) -> None:
    """Move each link to the record that Salesforce goes on with, if there is one; else drop it."""
    gone = {remote.id: remote for _, remote in applied.gone}
    records = locked(scope, [link.record_id for link, _ in applied.gone if link.record_id])
    converted: list[tuple[RecordLink, Record]] = []
    for link, remote in applied.gone:
        record = records.get(link.record_id or 0)
        remote_object, remote_id = _last(remote, gone)
        reason = _why(remote)
        applied.counts["deleted"] += 1
        applied.store(link)
        if remote_id and remote_id not in known.own:
            if record and link.remote_object != remote_object:
                converted.append((link, record))
            moved(link, remote_object, remote_id)
            known.own[remote_id] = link
            if record:
                writer.identify(record, remote_object, remote_id)
                applied.tell(scope, record.pk, SyncEvent.Kind.RELINKED, reason)
        else:
            dropped(link, reason)
            if record:
                writer.identify(record, "", "")
                applied.tell(scope, record.pk, SyncEvent.Kind.UNLINKED, reason)
    _reword(scope, converted)
    # The survivor of a merge may have come in the same page, as a record without a link.
    applied.changed += [(known.own[remote.id], remote) for remote in applied.unknown if remote.id in known.own]
    applied.unknown = [remote for remote in applied.unknown if remote.id not in known.own]


def _last(remote: RemoteRecord, gone: Mapping[str, RemoteRecord]) -> tuple[str, str]:
    """Where a chain of merges and conversions within a page ends; ("", "") at a record that was deleted."""
    seen = {remote.id}
    remote_object, remote_id = successor(remote)
    while remote_id in gone and remote_id not in seen:
        seen.add(remote_id)
        remote_object, remote_id = successor(gone[remote_id])
    return remote_object, remote_id


def _why(remote: RemoteRecord) -> str:
    if remote.merged_into:
        return "Salesforce merged it into another record."
    if remote.converted_to:
        return "Salesforce converted the lead."
    return "It was deleted in Salesforce."


def _reword(scope: Scope, converted: list[tuple[RecordLink, Record]]) -> None:
    for remote_object in {link.remote_object for link, _ in converted}:
        after = scope.of(remote_object)
        chosen = [(link, record) for link, record in converted if link.remote_object == remote_object]
        records = [record for _, record in chosen]
        local = after.express(records, after.vocabulary(records))
        for link, record in chosen:
            reword(link, scope, after, local[record.pk])


def locked(scope: Scope, ids: Iterable[int]) -> dict[int, Record]:
    rows = scope.type.model._default_manager.filter(pk__in=any_of(ids, "bigint"))
    return {record.pk: record for record in rows.select_for_update(of=("self",)).order_by("pk")}
