"""What is gone on the other side: deleted, merged into another record, converted to one.

A link moves to the record that Salesforce goes on with. Where that is known already, or where deletions are synced, it
is only noted with the page, and followed at the end of the run: then all is known of the survivor, and how much would
be deleted here (``departed.carry_out``).
"""

from collections.abc import Iterable, Mapping

from common.bulk import any_of
from common.models import Record, RecordKind
from integrations.models import DeletionSettings, Lane, Outbox, RecordLink, SyncEvent
from integrations.sync import outbox
from integrations.sync.linking import dropped, lead_beside, left_by_contact, moved, reword
from integrations.sync.local import Writer
from integrations.sync.matching import CONTACT, LEAD
from integrations.sync.page import Applied, Known, successor
from integrations.sync.provider import RemoteRecord
from integrations.sync.scope import Scope

DELETED_THERE = "It was deleted in Salesforce."
BACK_TO_LEAD = "The contact was deleted in Salesforce: its lead is linked again."


def follow(scope: Scope, known: Known, writer: Writer, applied: Applied) -> None:
    """Move each link to the record that Salesforce goes on with, if there is one; else drop it, or note it."""
    gone = {remote.id: remote for _, remote in applied.gone}
    ids = [link.record_id for link, _ in applied.gone if link.record_id]
    records = locked(scope, ids)
    ours = _deletes_of_ours(scope, ids)
    settings = DeletionSettings.of(scope.connection, scope.remote_object) if gone else DeletionSettings()
    converted: list[tuple[RecordLink, Record]] = []
    leads = _free_leads(scope, [link for link, _ in applied.gone])
    to_compare: list[Record] = []
    for link, remote in applied.gone:
        record = records.get(link.record_id or 0)
        remote_object, remote_id = _last(remote, gone)
        heir = known.own.get(remote_id) if remote_id else None
        reason = _why(remote)
        if link.record_id in ours:
            applied.counts["unchanged"] += 1  # our own delete of a record that was brought back since: see its push
            continue
        applied.counts["deleted"] += 1
        applied.store(link)
        if remote_id and heir is None:
            if record and link.remote_object != remote_object:
                converted.append((link, record))
            moved(link, remote_object, remote_id)
            known.own[remote_id] = link
            if record:
                writer.identify(record, remote_object, remote_id)
                applied.tell(scope, record.pk, SyncEvent.Kind.RELINKED, reason)
        elif record and not remote_id and (lead_id := lead_beside(link)) in leads:
            left_by_contact(link, LEAD)
            known.own[lead_id] = link
            writer.identify(record, LEAD, lead_id)
            to_compare.append(record)
            applied.tell(scope, record.pk, SyncEvent.Kind.RELINKED, BACK_TO_LEAD)
        elif record and (heir or settings.sync_deletes):
            link.gone_at, link.merged_into = applied.page.read_at, remote_id
        else:
            dropped(link, reason)
            if record:
                writer.identify(record, "", "")
                applied.tell(scope, record.pk, SyncEvent.Kind.UNLINKED, reason)
    _reword(scope, converted)
    outbox.mark_due(scope.connection, RecordKind(scope.kind), to_compare, lane=Lane.REAL_TIME)
    # The survivor of a merge may have come in the same page, as a record without a link.
    applied.changed += [(known.own[remote.id], remote) for remote in applied.unknown if remote.id in known.own]
    applied.unknown = [remote for remote in applied.unknown if remote.id not in known.own]


def _free_leads(scope: Scope, links: Iterable[RecordLink]) -> set[str]:
    """Leads that people whose contacts are gone can be linked to again: nobody else is."""
    ids = {lead_id for link in links if (lead_id := lead_beside(link))}
    taken = RecordLink.objects.filter(connection=scope.connection, remote_id__in=any_of(ids)) if ids else ()
    return ids - {link.remote_id for link in taken}


def _deletes_of_ours(scope: Scope, ids: Iterable[int]) -> set[int]:
    rows = Outbox.objects.of(scope.kind, list(ids)).filter(operation=Outbox.Operation.DELETE)
    return set(rows.values_list("record_id", flat=True))


def note_lead(link: RecordLink, lead: RemoteRecord, applied: Applied) -> None:
    """The lead beside a contact is gone as well: converted, merged into another one, or deleted."""
    before = (link.also_lead_id, link.former_ids)
    if lead.merged_into:
        link.also_lead_id = lead.merged_into
    elif not lead.is_converted:
        link.also_lead_id = ""
    elif lead.id not in link.former_ids:
        link.former_ids = [*link.former_ids, lead.id]
    if (link.also_lead_id, link.former_ids) != before:  # a converted lead is read again with each page that repeats
        applied.note(link)


def note_tombstone(scope: Scope, known: Known, link: RecordLink, remote: RemoteRecord, applied: Applied) -> None:
    """What became of a record there that we deleted here: gone as well, or a person under another id."""
    remote_object, remote_id = successor(remote)
    if remote_object == CONTACT != link.remote_object and remote_id not in known.own:
        if link.base:
            # Should the record come back, it is compared as what it is there by then.
            reword(link, scope, scope.of(remote_object), {})
        known.own[remote_id] = moved(link, remote_object, remote_id)
    elif link.gone_at is None:
        link.gone_at = applied.page.read_at
    applied.counts["unchanged"] += 1
    applied.store(link)


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
    if remote.is_converted:
        return "Salesforce converted the lead."
    return DELETED_THERE


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
