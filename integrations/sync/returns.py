"""Records that came back on the other side: undeleted, or taken apart after a merge."""

from common.bulk import any_of, write_columns
from common.models import DeletedRecord
from common.trash import put_back
from integrations.models import RecordLink, SyncEvent
from integrations.sync.local import Writer
from integrations.sync.page import Applied, Known
from integrations.sync.provider import RemoteRecord
from integrations.sync.references import resolve_references
from integrations.sync.scope import Scope
from integrations.sync.tombstones import LINK_COLUMNS, leave_references_to_theirs

UNMERGED = (
    "Salesforce has a record again that it had merged into this one. Tandem keeps the two as one: undo the merge "
    "here, or merge them again there."
)


def bring_back(scope: Scope, writer: Writer, applied: Applied) -> None:
    """Restore records here that were undeleted there, as far as they are kept; they go on to be compared."""
    if not applied.undeleted:
        return
    ids = any_of((link.deleted_id for link, _ in applied.undeleted), "bigint")
    kept = DeletedRecord.objects.filter(record_kind=scope.kind, record_id__in=ids)
    rows = {row.record_id: row for row in kept.select_for_update(of=("self",)).order_by("record_id")}
    back = {record.pk: record for record in put_back([row for row in rows.values() if not row.merged_into])}
    restored: list[tuple[RecordLink, RemoteRecord]] = []
    for link, remote in applied.undeleted:
        row, record = rows.get(link.deleted_id or 0), back.get(link.deleted_id or 0)
        if record:
            link.record_id, link.deleted_id, link.gone_at = record.pk, None, None
            link.dropped_at, link.drop_reason = None, ""
            writer.identify(record, remote.remote_object, remote.id)
            restored.append((link, remote))
            applied.tell(scope, record.pk, SyncEvent.Kind.RESTORED, "It was undeleted in Salesforce.")
            continue
        applied.counts["skipped"] += 1
        link.gone_at = None
        applied.store(link)
        if row and row.merged_into:
            applied.tell(scope, row.merged_into, SyncEvent.Kind.MERGED, UNMERGED)
    links = {link.record_id: link for link, _ in restored if link.record_id}
    leave_references_to_theirs(scope, links, [back[pk] for pk in links])
    write_columns([link for link, _ in restored], LINK_COLUMNS)
    resolve_references(scope, {remote.id: link.record_id for link, remote in restored if link.record_id})
    applied.changed += restored


def note_unmerged(scope: Scope, known: Known, remote: RemoteRecord, applied: Applied) -> None:
    """A record that lost a merge lives again: what was one stays one here, and says so once."""
    link = known.former.get(remote.id)
    if link and link.record_id and link.note != UNMERGED and remote.id not in known.beside:
        link.note = UNMERGED
        applied.store(link)
        applied.tell(scope, link.record_id, SyncEvent.Kind.MERGED, UNMERGED)
