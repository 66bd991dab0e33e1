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


def follow_ended_links(scope: Scope, applied: Applied) -> None:
    """Find out what records are that came back after their link had ended.

    Where our record still waits for its counterpart, the link is taken up again. Where it was deleted here since, it
    is restored. Where it is linked to another record by now, or was merged into one, what came back is a record of
    its own.
    """
    ended = [(link, remote) for link, remote in applied.changed if link.dropped_at]
    if not ended:
        return
    applied.changed = [(link, remote) for link, remote in applied.changed if not link.dropped_at]
    ids = [link.record_id for link, _ in ended if link.record_id]
    rows = scope.type.model._default_manager.filter(pk__in=any_of(ids, "bigint"))
    present = dict(rows.values_list("pk", "crm_id"))
    merged = DeletedRecord.objects.filter(record_kind=scope.kind, record_id__in=any_of(ids, "bigint"))
    alive_there = RecordLink.objects.tombstones_of(scope.kind, ids).filter(gone_at=None)
    taken = {pk for pk, crm_id in present.items() if crm_id}
    taken.update(merged.exclude(merged_into=None).values_list("record_id", flat=True))
    taken.update(pk for pk in alive_there.values_list("deleted_id", flat=True) if pk)
    others = []
    for link, remote in ended:
        record_id = link.record_id or 0
        if record_id in taken:
            others.append(link.pk)
            applied.unknown.append(remote)
        elif record_id in present:
            applied.changed.append((link, remote))
        else:
            link.deleted_id, link.record_id = record_id, None
            applied.undeleted.append((link, remote))
        taken.add(record_id)
    RecordLink.objects.filter(pk__in=others).delete()


def bring_back(scope: Scope, writer: Writer, applied: Applied) -> None:
    """Restore records here that were undeleted there, as far as they are kept; they go on to be compared."""
    if not applied.undeleted:
        return
    ids = any_of((link.deleted_id for link, _ in applied.undeleted), "bigint")
    kept = DeletedRecord.objects.filter(record_kind=scope.kind, record_id__in=ids)
    rows = {row.record_id: row for row in kept.select_for_update(of=("self",)).order_by("record_id")}
    back = {record.pk: record for record in put_back([row for row in rows.values() if not row.merged_into])}
    present = set(scope.type.model._default_manager.filter(pk__in=ids).values_list("pk", flat=True))
    restored: list[tuple[RecordLink, RemoteRecord]] = []
    taken: set[int] = set()
    others = []
    for link, remote in applied.undeleted:
        row, record = rows.get(link.deleted_id or 0), back.get(link.deleted_id or 0)
        if record and record.pk not in taken:
            taken.add(record.pk)
            link.record_id, link.deleted_id, link.gone_at = record.pk, None, None
            link.dropped_at, link.drop_reason = None, ""
            writer.identify(record, remote.remote_object, remote.id)
            restored.append((link, remote))
            applied.tell(scope, record.pk, SyncEvent.Kind.RESTORED, "It was undeleted in Salesforce.")
            continue
        if link.deleted_id in present:  # back under an id that it had before or after this one
            others.append(link.pk)
            applied.unknown.append(remote)
            continue
        applied.skip("It was deleted here, and stays so.")
        link.gone_at = None
        applied.store(link)
        if row and row.merged_into:
            applied.tell(scope, row.merged_into, SyncEvent.Kind.MERGED, UNMERGED)
    RecordLink.objects.filter(pk__in=others).delete()
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
        applied.note(link)
        applied.tell(scope, link.record_id, SyncEvent.Kind.MERGED, UNMERGED)
