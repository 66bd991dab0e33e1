"""What a deletion here leaves: tombstones, and deletes to be sent where they are synced. And what brings it back."""

from collections.abc import Mapping, Sequence

from django.utils import timezone

from common.bulk import any_of, write_columns
from common.models import Record, RecordKind
from integrations.models import (
    Connection,
    DeletionSettings,
    ErrorEntry,
    Lane,
    Outbox,
    PendingReference,
    RecordLink,
    RemoteRole,
    Run,
    SkippedRecord,
    SyncedKind,
    SyncEvent,
)
from integrations.sync import outbox
from integrations.sync.credentials import Logins
from integrations.sync.linking import dropped
from integrations.sync.records import RECORD_TYPES, REFERENCES, model_of
from integrations.sync.references import resolve_references
from integrations.sync.scope import Scope

DELETED = "It was deleted in Tandem."
MERGED = "It was merged into another record in Tandem."
ERASED = "It was erased in Tandem."
GONE_THERE = "It was deleted in Salesforce."
LINK_COLUMNS = ["record_id", "deleted_id", "gone_at", "dropped_at", "drop_reason", "base", "base_ours", "updated_at"]
NEVER = ""  # no value of theirs is: empty is None


def entomb(link: RecordLink, reason: str = DELETED) -> RecordLink:
    """Make a tombstone of a link: the remote record is not pulled into a new one."""
    link.deleted_id, link.record_id, link.updated_at = link.record_id, None, timezone.now()
    return dropped(link, reason)


def leave_tombstones(kind: str, records: Sequence[Record], *, into: Record | None, actor_id: int | None) -> bool:
    """Called in the transaction of the deletion, before it. Returns whether deletes are due there.

    Records that were merged ``into`` another stay on the other side; where that one has no link, it takes over theirs.
    """
    ids = [record.pk for record in records]
    # A create that is under way is kept, to know what it makes for what it is.
    Outbox.objects.of(kind, ids).filter(sent_at=None).delete()
    links = list(RecordLink.objects.live().of(kind, ids).select_related("connection").order_by("pk"))
    # People who go here are not taken out of their deals there.
    RemoteRole.objects.filter(remote_contact_id__in=[link.remote_id for link in links]).update(is_agreed=False)
    if into is None:
        _keep_references(kind, links)
    heir = into if into and not into.crm_id else None
    is_due = into is None and queue_deletes(kind, records, links, actor_id)
    for link in links:
        if heir:
            _inherit(link, heir)
            heir = None
        else:
            entomb(link, MERGED if into else DELETED)
    write_columns(links, LINK_COLUMNS)
    ErrorEntry.objects.of(kind, ids).delete()
    PendingReference.objects.filter(record_kind=kind, record_id__in=ids).delete()
    return is_due


def tell_of_merge(kind: str, records: Sequence[Record], into: Record, actor_id: int | None) -> None:
    """Note in the timeline of the record that stays what was merged into it here, before that is gone.

    Each merge is a run of its own, from which it can be undone. One that follows a merge over there is told of by the
    pull that finds it.
    """
    followed = RecordLink.objects.live().of(kind, [record.pk for record in records]).exclude(merged_into="")
    ids = set(followed.values_list("record_id", flat=True))
    for record in (record for record in records if record.pk not in ids):
        kept = f"“{record}” was merged into it here, and can be taken out again for thirty days."
        kept += " Salesforce keeps both." if record.crm_id and into.crm_id else ""
        run = _run_of_merge(kind, into, actor_id)
        told = [(into.pk, kept), (record.pk, f"It was merged into “{into}” here.")]
        SyncEvent.objects.bulk_create(
            SyncEvent(
                record_kind=kind,
                record_id=pk,
                kind=SyncEvent.Kind.MERGED,
                summary=summary,
                actor_id=actor_id,
                run=run,
            )
            for pk, summary in told
        )


def _run_of_merge(kind: str, into: Record, actor_id: int | None) -> Run | None:
    """The merge as a run that is done; None as long as no org was ever connected."""
    connection = Connection.objects.exclude(org_id="").first()
    if connection is None:
        return None
    return Run.objects.create(
        connection=connection,
        kind=Run.Kind.MERGE,
        remote_object=outbox.remote_object_of(kind, into, None),
        state=Run.State.DONE,
        started_by_id=actor_id,
        finished_at=timezone.now(),
        total=2,
        updated=1,
        deleted=1,
    )


def tell_of_return(kind: str, records: Sequence[Record], actor_id: int | None, *, out_of: Record | None) -> None:
    """Note that records are here again; ``out_of``: the record that they had been merged into."""
    told = [(record.pk, "It was taken out of a merge." if out_of else "It was restored here.") for record in records]
    told += [(out_of.pk, f"“{record}” was taken out of it again.") for record in records if out_of]
    SyncEvent.objects.bulk_create(
        SyncEvent(record_kind=kind, record_id=pk, kind=SyncEvent.Kind.RESTORED, summary=summary, actor_id=actor_id)
        for pk, summary in told
    )


def _inherit(link: RecordLink, heir: Record) -> None:
    """The record that stays goes on with the link; where the two differ, its values are edits."""
    record_columns = {"crm_id": link.remote_id}
    if hasattr(heir, "crm_object"):
        record_columns["crm_object"] = link.remote_object
    _identify(type(heir), link.record_id, {"crm_id": "", **({"crm_object": ""} if hasattr(heir, "crm_object") else {})})
    _identify(type(heir), heir.pk, record_columns)
    for name, value in record_columns.items():
        setattr(heir, name, value)
    link.deleted_id, link.record_id, link.updated_at = link.record_id, heir.pk, timezone.now()


def _identify(model: type[Record], pk: int | None, columns: dict[str, str]) -> None:
    model._default_manager.filter(pk=pk).update(**columns)


def queue_deletes(kind: str, records: Sequence[Record], links: Sequence[RecordLink], actor_id: int | None) -> bool:
    """Mark deletes as due for linked records, where deletions are synced; those kept out of the sync stay there."""
    if not links:
        return False
    skipped = set(SkippedRecord.objects.of(kind, [record.pk for record in records]).values_list("record_id", flat=True))
    origins: dict[int | None, str] = {record.pk: record.origin for record in records}
    connection = links[0].connection
    object_settings = connection.object_settings.filter(record_kind=kind).first()
    if object_settings and not object_settings.pushes:
        return False
    synced = {row.remote_object for row in DeletionSettings.objects.filter(connection=connection, sync_deletes=True)}
    logins = Logins(connection)
    rows = [
        _delete(connection, kind, link, logins, origins.get(pk, ""), actor_id)
        for link in links
        if (pk := link.record_id or link.deleted_id) not in skipped
        # What was just made of an activity was made here; of others the settings tell.
        and (link.remote_object in synced or kind == SyncedKind.ACTIVITY)
        and link.gone_at is None
    ]
    outbox.queue(rows)
    return bool(rows)


def _delete(
    connection: Connection, kind: str, link: RecordLink, logins: Logins, origin: str, actor_id: int | None
) -> Outbox:
    return Outbox(
        connection=connection,
        record_kind=kind,
        record_id=link.record_id or link.deleted_id or 0,
        lane=Lane.REAL_TIME,
        remote_object=link.remote_object,
        operation=Outbox.Operation.DELETE,
        actor_id=actor_id,
        credential=logins.choose(Outbox.Operation.DELETE, origin, actor_id).credential,
    )


def _keep_references(kind: str, links: Sequence[RecordLink]) -> None:
    """Records that point at some that go here still point at them there: that they lose them here is no edit."""
    remote_ids = {link.record_id: link for link in links}
    for other, type_ in RECORD_TYPES.items() if links else ():
        for name in (name for name in type_.names if REFERENCES.get(name) == kind):
            targets = any_of(remote_ids, "bigint")
            pointing = type_.model._default_manager.filter(**{f"{name}_id__in": targets}).exclude(crm_id="")
            PendingReference.objects.bulk_create(
                (
                    PendingReference(
                        connection=remote_ids[target].connection,
                        record_kind=other,
                        record_id=pk,
                        field=name,
                        remote_id=remote_ids[target].remote_id,
                    )
                    for pk, target in pointing.values_list("pk", f"{name}_id")
                ),
                ignore_conflicts=True,
            )


def revive(kind: str, records: Sequence[Record]) -> None:
    """Link records that were brought back here, as far as the other side has them; in the caller's transaction."""
    by_id = {record.pk: record for record in records}
    outbox.lock(kind, list(by_id))
    tombstones = RecordLink.objects.tombstones_of(kind, list(by_id)).select_related("connection")
    links = list({link.deleted_id: link for link in tombstones}.values())
    for link in links:
        if link.record_id:  # another record took the link over in a merge
            columns = {"crm_id": "", **({"crm_object": ""} if kind == RecordKind.CONTACT else {})}
            _identify(model_of(kind), link.record_id, columns)
        _revive(link, by_id[link.deleted_id or 0])
    live = {link.record_id: link for link in links if link.dropped_at is None and link.record_id}
    for remote_object in {link.remote_object for link in live.values()}:
        scope = Scope.load(links[0].connection, remote_object)
        chosen = {pk: link for pk, link in live.items() if link.remote_object == remote_object}
        leave_references_to_theirs(scope, chosen, [by_id[pk] for pk in chosen])
        resolve_references(scope, {link.remote_id: pk for pk, link in chosen.items()})
    write_columns(links, LINK_COLUMNS)
    write_columns([by_id[pk] for pk in live], ["crm_id", *(["crm_object"] if kind == RecordKind.CONTACT else [])])


def _revive(link: RecordLink, record: Record) -> None:
    link.record_id, link.deleted_id, link.updated_at = record.pk, None, timezone.now()
    if link.gone_at:
        dropped(link, GONE_THERE)
        link.gone_at = None
        return
    link.dropped_at, link.drop_reason = None, ""
    record.crm_id = link.remote_id
    if hasattr(record, "crm_object"):
        record.crm_object = link.remote_object


def leave_references_to_theirs(scope: Scope, links: Mapping[int, RecordLink], records: Sequence[Record]) -> None:
    """What records that came back point at may have gone here meanwhile, which is no edit: their side tells it."""
    names = [pair.name for pair in scope.references]
    expressed = scope.express(records, scope.vocabulary(records)) if names else {}
    for pk, values in expressed.items():
        link = links[pk]
        if link.base:
            link.base = {**link.base, **dict.fromkeys(names, NEVER)}
            link.base_ours = {**link.base_ours, **{name: values[name] for name in names if name in values}}


def forget_values(kind: str, ids: Sequence[int]) -> None:
    """What was kept of deleted records is thrown away; of their tombstones only the ids stay."""
    forgotten = {"base": {}, "base_ours": {}, "enriched": {}, "note": ""}
    RecordLink.objects.tombstones_of(kind, list(ids)).filter(record_id=None).update(**forgotten)
    SkippedRecord.objects.of(kind, list(ids)).delete()
    ErrorEntry.objects.of(kind, list(ids)).delete()
