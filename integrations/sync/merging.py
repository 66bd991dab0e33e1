"""What both sides have and one of them changed: planned, carried out here, and queued for there."""

from collections.abc import Iterator, Mapping

from django.utils import timezone

from common.models import Record
from integrations.models import ErrorEntry, Lane, Outbox, RecordLink, Run, SyncEvent
from integrations.sync import outbox
from integrations.sync.copies import Copies, plan_all
from integrations.sync.departures import locked
from integrations.sync.linking import agree, refresh
from integrations.sync.local import Writer
from integrations.sync.page import Applied, is_pushed_since
from integrations.sync.plan import Plan
from integrations.sync.provider import RemoteRecord, Value, Values
from integrations.sync.references import resolve_references
from integrations.sync.scope import Scope, base_of
from integrations.sync.settle import conflict_stories


def merge(scope: Scope, writer: Writer, applied: Applied, run: Run) -> None:
    """Plan the records that differ from their base and carry out our side; what theirs lacks is queued to be pushed."""
    if not applied.changed:
        return
    records = locked(scope, [link.record_id for link, _ in applied.changed if link.record_id])
    _follow_pushes(applied)
    vocabulary = scope.vocabulary(list(records.values()), [remote.values for _, remote in applied.changed])
    expressed = scope.express(list(records.values()), vocabulary)
    meant = list(_present(applied, records))
    sent = outbox.unheard(scope.kind, list(records))
    copies = [
        _copies(scope, link, remote, record, expressed[record.pk], sent.get(record.pk, {}))
        for link, remote, record in meant
    ]
    due: list[Record] = []
    conflicts = 0
    for (link, remote, _), one, merged in zip(meant, copies, plan_all(scope, copies), strict=True):
        record = one.record
        written = writer.carry_out(record, merged, one.base, one.local, one.local, vocabulary)
        applied.counts["updated" if written or not link.pk else "unchanged"] += 1
        _tell(scope, record, written, merged, applied)
        leave_to_push(merged, remote)
        if merged.to_remote:
            due.append(record)
        writer.identify(record, remote.remote_object, remote.id)
        agree(link, scope, merged)
        link.dropped_at, link.drop_reason = None, ""
        applied.stamp(link, remote)
        applied.store(link)
        conflicts += len(merged.conflicts)
    run.count(conflicts=conflicts)
    _close_refusals(scope, [link.record_id for link, _ in applied.changed if link.record_id and not link.pk])
    outbox.mark_due(scope.connection, scope.kind, due, lane=Lane.REAL_TIME)
    arrived = {remote.id: link.record_id for link, remote in applied.changed if link.record_id and not link.pk}
    resolve_references(scope, arrived)


def _close_refusals(scope: Scope, ids: list[int]) -> None:
    """Why they could not be created does not matter any more."""
    if ids:
        entries = ErrorEntry.objects.open().of(scope.kind, ids).filter(operation=Outbox.Operation.CREATE)
        entries.update(closed_at=timezone.now(), closed_reason="It came from Salesforce and was linked.")


def _follow_pushes(applied: Applied) -> None:
    """Go on with links as they are by now: others may have written to them until their records were locked."""
    known = [link for link, _ in applied.changed if link.pk]
    ended = {link.pk for link in refresh(known)} if known else set()
    kept = []
    for link, remote in applied.changed:
        if link.pk in ended:
            applied.skip("Its link ended while it was read.")
        elif link.pk and is_pushed_since(link, applied.page):
            applied.counts["unchanged"] += 1
        else:
            kept.append((link, remote))
    applied.changed = kept


def _copies(
    scope: Scope, link: RecordLink, remote: RemoteRecord, record: Record, local: Values, sent: Values
) -> Copies:
    base = scope.recalled(base_of(link), local, remote.values)
    base = base and base.after(sent, remote.values)
    return Copies(record, base, local, remote.values, remote.edited_at, scope.rules_of(record), sent)


def _present(applied: Applied, records: Mapping[int, Record]) -> Iterator[tuple[RecordLink, RemoteRecord, Record]]:
    """What is to be planned; of a record's dropped links one alone comes to life again."""
    revived: set[int] = set()
    for link, remote in applied.changed:
        record = records.get(link.record_id or 0)
        if record is None or (link.dropped_at and (record.crm_id or record.pk in revived)):
            applied.skip("Its record here is gone, or linked to another one by now.")
            continue
        if link.dropped_at:
            revived.add(record.pk)
        yield link, remote, record


def leave_to_push(merged: Plan, remote: RemoteRecord) -> None:
    """What theirs lacks is not agreed until it is pushed: its base is what theirs has now."""
    for name in merged.to_remote:
        merged.theirs[name] = remote.values[name]
        merged.ours.pop(name, None)


def _tell(scope: Scope, record: Record, written: dict[str, list[Value]], merged: Plan, applied: Applied) -> None:
    if written:
        applied.tell(scope, record.pk, SyncEvent.Kind.PULLED, "", written)
    for kind, summary, changes in conflict_stories(scope, merged.conflicts):
        applied.events.append(
            SyncEvent(record_kind=scope.kind, record_id=record.pk, kind=kind, summary=summary, changes=changes)
        )
