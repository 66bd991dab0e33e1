"""What was merged there: brought together here as well, or the link goes on with the survivor, or it ends."""

from collections.abc import Iterator

from django.db import transaction

from common.bulk import write_columns
from common.merging import empty_fields, merge
from common.models import DeletedRecord, Record
from integrations.models import DeletionSettings, Lane, RecordLink, Run, SkippedRecord, SyncEvent
from integrations.sync import outbox
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.departures import locked
from integrations.sync.linking import dropped, moved, reword
from integrations.sync.mapping import MISSING
from integrations.sync.matching import LEAD
from integrations.sync.records import RECORD_TYPES, REFERENCES
from integrations.sync.scope import Scope, base_of

MERGED = "Salesforce merged it into another record."


@on_deadlock_again
@transaction.atomic
def follow_merge(scope: Scope, link_id: int, run: Run) -> None:
    """Follow the merge of one linked record, or the conversion of a lead, that a pull has noted."""
    link = RecordLink.objects.departing().filter(pk=link_id).first()
    if link is None:
        return
    _, heir = _end(link)
    records = locked(scope, [pk for pk in (link.record_id, heir and heir.record_id) if pk])
    # Either link may have ended until the records were locked.
    link = RecordLink.objects.departing().filter(pk=link_id).exclude(merged_into="").first()
    record = records.get(link.record_id or 0) if link else None
    if link is None or record is None:
        return
    was_known = heir is not None
    remote_id, heir = _end(link)
    if was_known and heir is None:
        return
    winner = records.get(heir.record_id or 0) if heir else None
    settings = DeletionSettings.of(scope.connection, scope.remote_object)
    if heir is None:
        _go_on(scope, link, record, link.remote_object, remote_id)
    elif heir.record_id == link.record_id or (heir.record_id is None and _was_left_there(scope, heir)):
        heir.delete()
        _go_on(scope, link, record, heir.remote_object, remote_id)
    elif heir.gone_at and settings.sync_deletes:
        link.merged_into = ""  # the survivor is gone as well: a deletion
        link.save(update_fields=["merged_into"])
    elif heir.gone_at or (heir.dropped_at and not _had_ended_before(heir, link)):
        _end_link(scope, link, record, run)
    elif heir.dropped_at and (winner is None or _is_taken(scope, winner)):
        heir.delete()
        _go_on(scope, link, record, heir.remote_object, remote_id)
    elif winner:
        if heir.dropped_at:
            heir.dropped_at, heir.drop_reason = None, ""
            _store(heir, winner)
        # By Salesforce's word a lead and the contact that it became are one person.
        if settings.sync_merges or link.remote_object != heir.remote_object:
            _bring_together(scope, heir, winner, link, record, run)
        else:
            _hand_over_children(scope, record, winner.pk)
            _end_link(scope, link, record, run)


def _had_ended_before(heir: RecordLink, link: RecordLink) -> bool:
    """Whether our link to the survivor ended before the merge was read: Salesforce has it by now, or again."""
    if heir.record_id is None or heir.dropped_at is None or link.gone_at is None:
        return False
    return heir.dropped_at < link.gone_at


def _is_taken(scope: Scope, record: Record) -> bool:
    """Whether a record has another counterpart by now, or a person wants none for it."""
    return bool(record.crm_id) or SkippedRecord.objects.of(scope.kind, [record.pk]).exists()


def _end(link: RecordLink) -> tuple[str, RecordLink | None]:
    """Where a chain of merges ends: the survivor's id there, and what we know of it."""
    seen = {link.remote_id}
    present: RecordLink | None = link
    remote_id = link.merged_into
    while present and present.merged_into not in ("", *seen):
        remote_id = present.merged_into
        seen.add(remote_id)
        present = RecordLink.objects.filter(connection_id=link.connection_id, remote_id=remote_id).first()
    return remote_id, present


def _was_left_there(scope: Scope, heir: RecordLink) -> bool:
    """Whether we deleted the survivor and Salesforce kept it: it is the loser's record by now.

    A record that was deleted for good never comes back, under no name.
    """
    if heir.deleted_id is None or heir.gone_at:
        return False
    return DeletedRecord.objects.filter(record_kind=scope.kind, record_id=heir.deleted_id).exists()


def _go_on(scope: Scope, link: RecordLink, record: Record, remote_object: str, remote_id: str) -> None:
    """The link goes on with the survivor, which is no other record of ours."""
    if remote_object != link.remote_object:
        after = scope.of(remote_object)
        reword(link, scope, after, after.express([record], after.vocabulary([record]))[record.pk])
    moved(link, remote_object, remote_id)
    _store(link, record)
    # An edit of ours may have been left to us by its push.
    outbox.mark_due(scope.connection, scope.kind, [record], lane=Lane.REAL_TIME)


def _end_link(scope: Scope, link: RecordLink, record: Record, run: Run) -> None:
    _store(dropped(link, MERGED), record)
    SyncEvent.objects.create(
        record_kind=scope.kind, record_id=record.pk, kind=SyncEvent.Kind.UNLINKED, summary=MERGED, run=run
    )


def _store(link: RecordLink, record: Record) -> None:
    link.gone_at, link.merged_into = None, ""
    link.save()
    columns = {"crm_id": "" if link.dropped_at else link.remote_id}
    if hasattr(record, "crm_object"):
        columns["crm_object"] = "" if link.dropped_at else link.remote_object
    type(record)._default_manager.filter(pk=record.pk).update(**columns)
    for name, value in columns.items():
        setattr(record, name, value)


def _bring_together(scope: Scope, heir: RecordLink, winner: Record, link: RecordLink, record: Record, run: Run) -> None:
    is_lead = link.remote_object == LEAD != heir.remote_object
    _inherit(heir, link, is_lead=is_lead)
    merge(winner, record, _worth_keeping(scope, link, record, winner))
    what = "the lead became this contact" if is_lead else "the two were merged"
    summary = f"In Salesforce {what}: “{record}” was merged into it here as well."
    SyncEvent.objects.create(
        record_kind=scope.kind, record_id=winner.pk, kind=SyncEvent.Kind.MERGED, summary=summary, run=run
    )


def _inherit(heir: RecordLink, link: RecordLink, *, is_lead: bool) -> None:
    heir.former_ids = list(dict.fromkeys([*heir.former_ids, link.remote_id, *link.former_ids]))
    lead_id = link.remote_id if is_lead else link.also_lead_id
    heir.also_lead_id = heir.also_lead_id or lead_id
    heir.save(update_fields=["former_ids", "also_lead_id"])


def _hand_over_children(scope: Scope, loser: Record, heir_id: int) -> None:
    """Salesforce gave the loser's children to the winner: the linked ones follow here, which is no edit of theirs."""
    for type_ in RECORD_TYPES.values():
        for name in (name for name in type_.names if REFERENCES.get(name) == scope.kind):
            children = type_.model._default_manager.filter(**{f"{name}_id": loser.pk}).exclude(crm_id="")
            children = children.exclude(pk=heir_id) if type_.kind == scope.kind else children
            rows = list(children.select_for_update(of=("self",)).order_by("pk"))
            for row in rows:
                setattr(row, f"{name}_id", heir_id)
            write_columns(rows, [name])


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
