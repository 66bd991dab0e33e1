"""Activities that go here, come back, or hang on another record after a merge.

What Tandem made there is deleted there as well; what came from there only where deletions of its object are synced. An
activity that goes because its contact goes stays there: it is the contact's.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection as database
from django.db.models import QuerySet

from activities.models import Activity
from common.bulk import any_of, write_columns
from common.models import DeletedRecord, Origin, Record
from integrations.models import (
    Connection,
    DeletionSettings,
    ErrorEntry,
    Lane,
    Outbox,
    RecordLink,
    RunLine,
    SkippedRecord,
    SyncedKind,
    SyncEvent,
)
from integrations.sync import outbox
from integrations.sync.credentials import Logins
from integrations.sync.linking import dropped
from integrations.sync.records import kind_of, model_of
from integrations.sync.tombstones import GONE_THERE, LINK_COLUMNS, entomb

KIND = SyncedKind.ACTIVITY
ROWS = Activity._meta.label  # what kept records call those that went with them


def leave_tombstones(activities: Sequence[Activity], actor_id: int | None, *, is_own: bool) -> bool:
    """In the transaction of a deletion, before it. Returns whether deletes are due there.

    ``is_own``: the activities were deleted, not what they hang on.
    """
    ids = [activity.pk for activity in activities]
    Outbox.objects.of(KIND, ids).filter(sent_at=None).delete()
    links = list(RecordLink.objects.live().of(KIND, ids).select_related("connection").order_by("pk"))
    is_due = is_own and _queue_deletes(activities, links, actor_id)
    write_columns([entomb(link) for link in links], LINK_COLUMNS)
    ErrorEntry.objects.of(KIND, ids).delete()
    SkippedRecord.objects.of(KIND, ids).delete()
    return is_due


def _queue_deletes(activities: Sequence[Activity], links: Sequence[RecordLink], actor_id: int | None) -> bool:
    if not links:
        return False
    connection, by_id = links[0].connection, {activity.pk: activity for activity in activities}
    skipped = set(SkippedRecord.objects.of(KIND, list(by_id)).values_list("record_id", flat=True))
    followed = DeletionSettings.objects.filter(connection=connection, sync_deletes=True)
    synced = set(followed.values_list("remote_object", flat=True))
    logins = Logins(connection)
    rows = [
        _delete(connection, link, by_id[link.record_id or 0], logins, actor_id)
        for link in links
        if link.record_id not in skipped
        and link.gone_at is None
        and (by_id[link.record_id or 0].origin != Origin.CRM_PULL or link.remote_object in synced)
    ]
    outbox.queue(rows)
    return bool(rows)


def _delete(
    connection: Connection, link: RecordLink, activity: Activity, logins: Logins, actor_id: int | None
) -> Outbox:
    actor = actor_id or activity.owner_id
    return Outbox(
        connection=connection,
        record_kind=KIND,
        record_id=activity.pk,
        lane=Lane.ACTIVITIES,
        remote_object=link.remote_object,
        operation=Outbox.Operation.DELETE,
        actor_id=actor,
        credential=logins.choose(Outbox.Operation.DELETE, activity.origin, actor, is_log=True).credential,
    )


def go_along(records: Sequence[Record]) -> None:
    """Records of one kind are deleted, and what hangs on them with them; there their activities stay theirs."""
    leave_tombstones(list(on_both_sides(records)), None, is_own=False)
    ids = any_of((record.pk for record in records), "bigint")
    hanging = Activity.objects.filter(**{f"{kind_of(records[0])}__in": ids}).values("pk")
    ErrorEntry.objects.filter(record_kind=KIND, record_id__in=hanging).delete()


def forget(ids: Sequence[int]) -> None:
    """Keep nothing of what activities said but which record there each was."""
    SyncEvent.objects.filter(record_kind=KIND, record_id__in=any_of(ids, "bigint")).delete()
    RunLine.objects.filter(record_kind=KIND, record_id__in=any_of(ids, "bigint")).delete()
    ErrorEntry.objects.of(KIND, list(ids)).delete()
    for links in (RecordLink.objects.of(KIND, list(ids)), RecordLink.objects.tombstones_of(KIND, list(ids))):
        links.update(base={}, base_ours={}, note="")


def went_along(pk: int, since: datetime) -> bool:
    """Whether an activity went with a record that was deleted here ``since`` then."""
    return DeletedRecord.objects.filter(deleted_at__gte=since, lost__contains={ROWS: [{"id": pk}]}).exists()


def on_both_sides(records: Sequence[Record]) -> "QuerySet[Activity]":
    """Activities that hang on any of these records of one kind, and are there."""
    ids = any_of((record.pk for record in records), "bigint")
    return Activity.objects.filter(**{f"{kind_of(records[0])}__in": ids}).exclude(crm_id="")


def revive(records: Sequence[Record]) -> None:
    """Link activities that came back with their records, as far as the other side has them.

    One that went while it was being sent was not known to be there then.
    """
    ids = any_of((record.pk for record in records), "bigint")
    activities = Activity.objects.in_bulk(
        list(Activity.objects.filter(**{f"{kind_of(records[0])}__in": ids}).values_list("pk", flat=True))
    )
    outbox.lock(KIND, list(activities))
    tombstones = RecordLink.objects.tombstones_of(KIND, list(activities)).filter(record_id=None)
    links = list({link.deleted_id: link for link in tombstones}.values())
    for link in links:
        link.record_id, link.deleted_id = link.deleted_id, None
        if link.gone_at:
            dropped(link, GONE_THERE)
            link.gone_at = None
            activities[link.record_id or 0].crm_id = ""
        else:
            link.dropped_at, link.drop_reason = None, ""
            activities[link.record_id or 0].crm_id = link.remote_id
    write_columns(links, LINK_COLUMNS)
    write_columns([activities[link.record_id or 0] for link in links], ["crm_id"])


# The sides agree to differ: ours says the record that stays, theirs the one that it had.
_STAYS_THERE = """
    UPDATE integrations_recordlink AS link
    SET base_ours = link.base_ours || (
        SELECT coalesce(jsonb_object_agg(name, %(kept)s::text), '{{}}'::jsonb) FROM unnest(%(names)s::text[]) AS name
        WHERE link.base ->> name = ANY(%(merged)s::text[]))
    FROM activities_activity AS activity
    WHERE link.record_kind = 'activity' AND link.record_id = activity.id AND link.dropped_at IS NULL
      AND activity.{column}_id = %(into)s
"""


def stay_after_merge(records: Sequence[Record], into: Record) -> None:
    """Records were merged here, and their activities with them. There both stay, each with its own activities."""
    merged = [record.crm_id for record in records if record.crm_id]
    if merged and into.crm_id:
        _stay(merged, into)


def stay_where_sent(ids: Sequence[int]) -> None:
    """The same for activities that were being sent while the record was merged: their links are new."""
    bases = RecordLink.objects.live().of(KIND, list(ids)).values_list("base", flat=True) if ids else ()
    said = {str(base[name]) for base in bases for name in ("WhoId", "WhatId", "ParentId") if base.get(name)}
    tombstones = RecordLink.objects.filter(remote_id__in=any_of(said), record_id=None, deleted_id__isnull=False)
    for tombstone in tombstones:
        gone = {"record_kind": tombstone.record_kind, "record_id": tombstone.deleted_id}
        merge = DeletedRecord.objects.filter(**gone).exclude(merged_into=None).first()
        into = model_of(tombstone.record_kind)._default_manager.filter(pk=merge.merged_into).first() if merge else None
        if into and into.crm_id:
            _stay([tombstone.remote_id], into)


def _stay(merged: Sequence[str], into: Record) -> None:
    column = str(kind_of(into))
    names = ["WhoId", "ParentId"] if column == "contact" else ["WhatId", "ParentId"]
    with database.cursor() as cursor:
        cursor.execute(
            _STAYS_THERE.format(column=column),
            {"kept": into.crm_id, "names": names, "merged": list(merged), "into": into.pk},
        )


def is_direct(origin: Any) -> bool:
    """Whether activities themselves are deleted, rather than what they hang on."""
    return isinstance(origin, Activity) or getattr(origin, "model", None) is Activity
