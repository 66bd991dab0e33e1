"""What views, receivers and commands ask of the sync."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db import models, transaction
from django.db.models import Model
from django.utils import timezone
from django_q.tasks import async_task

from common.acting import acting_user
from common.models import Origin, Record, RecordKind
from integrations.models import (
    ActivitySettings,
    CampaignMember,
    Connection,
    Cursor,
    ErrorEntry,
    Lane,
    ObjectSettings,
    Outbox,
    RecordLink,
    Run,
    SkippedRecord,
    SyncedKind,
)
from integrations.sync import calls, inference, members, outbox, showing
from integrations.sync.activities.due import due_activities
from integrations.sync.activities.objects import TASK
from integrations.sync.credentials import Logins
from integrations.sync.eligibility import refuses_manual
from integrations.sync.records import kind_of, model_of
from integrations.sync.state import State, SyncState, sync_states
from users.models import User

__all__ = ["State", "SyncState", "push_refusal", "queue_push", "request_pull", "retry", "sync_states"]

NOT_PULLED = "It is not pulled: the settings say so, or the login may not see it."
ALIVE = {"deleted_id": None, "gone_at": None, "merged_into": ""}  # no tombstone any more
SLICE = 20.0  # seconds that a job works before it queues itself again
# The workers of this cluster serve what people wait for and nothing else.
CLUSTERS = {Lane.PEOPLE: settings.PEOPLE_CLUSTER, Lane.REAL_TIME: settings.PEOPLE_CLUSTER}


class Refused(Exception):
    """What was asked for can't be done now; the text says why, for a person."""


@dataclass(frozen=True)
class Bell:
    """Wakes a worker for a lane once the transaction is through."""

    lane: Lane

    def __call__(self) -> None:
        wake_lane(self.lane)

    def ring(self) -> None:
        """However many records a transaction marks, it wakes a worker once a lane."""
        if not any(waiting == self for _, waiting, *_ in database.run_on_commit):
            transaction.on_commit(self)


def queue_push(
    records: Any,
    *,
    user: User | None = None,
    lane: Lane = Lane.REAL_TIME,
    is_manual: bool = False,
    create_anyway: bool = False,
    run: Run | None = None,
) -> None:
    """Mark records of one kind as due, in the transaction of the edit, and wake the worker when it is through.

    Without an org that was ever connected nothing is marked, nor is an activity that no setting lets go. ``run``: the
    one-time push that counts them.
    """
    batch: list[Any] = [records] if isinstance(records, Model) else list(records)
    connection = Connection.objects.exclude(org_id="").first()
    kind = kind_of(batch[0]) if batch else None
    if connection is None or kind is None:
        return
    if kind == SyncedKind.ACTIVITY and not connection.descriptions.exists():
        return  # the org has not been read so far that activities could be queued
    if kind == SyncedKind.ACTIVITY and not is_manual:
        batch = due_activities(connection, batch)
    actor = user or acting_user()
    with transaction.atomic(savepoint=False):
        is_any_due = outbox.mark_due(
            connection,
            kind,
            batch,
            lane=lane,
            actor_id=actor.pk if actor else None,
            is_manual=is_manual,
            create_anyway=create_anyway,
            run_id=run.pk if run else None,
        )
        if is_any_due:
            Bell(lane).ring()


def follow_conditions(records: Sequence[Record]) -> None:
    """Show or hide pulled records of one kind that were edited, in the transaction of the edit."""
    pulled = [record.pk for record in records if record.origin == Origin.CRM_PULL]
    of_kind = ObjectSettings.objects.filter(record_kind=kind_of(records[0])).select_related("connection")
    if settings := of_kind.first() if pulled else None:
        showing.follow_conditions(settings, pulled)


def follow_task_pull(settings: ActivitySettings) -> None:
    """Pull tasks from now on, or no more: those that are here stay. A shorter interval need not wait for the end of
    the longer one.
    """
    if settings.connection_id is None or not settings.pull_tasks:
        Cursor.objects.filter(connection=settings.connection_id, remote_object=TASK).delete()
    elif settings.connection.descriptions.filter(remote_object=TASK).exists():
        cursor, _ = Cursor.objects.get_or_create(connection=settings.connection, remote_object=TASK)
        latest = timezone.now() + timedelta(minutes=settings.pull_every)
        Cursor.objects.filter(pk=cursor.pk, due_at__gt=latest).update(due_at=latest)


def follow_deals(records: Sequence[Record], *, are_moved: bool = False) -> None:
    """Deals or accounts were edited: stages of accounts may follow, in a job.

    ``are_moved``: the accounts got other deals than they had.
    """
    kind = kind_of(records[0])
    if kind not in (RecordKind.ACCOUNT, RecordKind.DEAL):
        return
    connection = Connection.objects.exclude(org_id="").first()
    if connection is None:
        return
    if kind == RecordKind.ACCOUNT:
        emptied = [one.pk for one in records if are_moved or one.stage_id is None]  # type: ignore[attr-defined]
        inference.note_accounts(connection, emptied)
    else:
        inference.note(connection, kind, [one.pk for one in records])
    if inference.is_due() and not any(waiting == wake_inference for _, waiting, *_ in database.run_on_commit):
        transaction.on_commit(wake_inference)


def wake_inference() -> None:
    async_task("integrations.tasks.infer_stages")


def connection_refusal(connection: Connection | None) -> str:
    """Why nothing at all can be pushed by hand now; "" when it can."""
    if connection is None or not connection.is_connected:
        return "Salesforce is not connected."
    if connection.phase == Connection.Phase.SETUP:
        return "The setup window is still open: nothing is pushed before syncing starts."
    if connection.phase == Connection.Phase.INITIAL_PULL:
        return "The first pull is still running; pushing by hand is possible when it is done."
    return ""


def push_refusal(record_or_kind: Record | str, connection: Connection | None = None) -> str:
    """Why a push by hand is not possible now; "" when it is. ``connection``: if it is read already."""
    connection = connection or Connection.objects.first()
    if reason := connection_refusal(connection):
        return reason
    kind = record_or_kind if isinstance(record_or_kind, str) else kind_of(record_or_kind)
    if kind == SyncedKind.ACTIVITY:
        return ""
    return refuses_manual(ObjectSettings.objects.filter(connection=connection, record_kind=kind).first())


def push_now(records: Sequence[Record], user: User) -> None:
    """Push records by hand: stage and other filters don't count. Raises Refused."""
    if records and (reason := push_refusal(records[0])):
        raise Refused(reason)
    queue_push(records, user=user, lane=Lane.PEOPLE, is_manual=True)


def pull_refusal(connection: Connection | None) -> str:
    """Why a pull by hand is not possible now; "" when it is."""
    if connection is None or not connection.is_connected:
        return "Salesforce is not connected."
    if connection.phase == Connection.Phase.SETUP:
        return "The setup window is still open: nothing is pulled before syncing starts."
    if connection.phase == Connection.Phase.INITIAL_PULL:
        return "The first pull is still running."
    login = Logins(connection).for_team().credential
    if login is None:
        return "There is no login to pull with: connect one."
    return f"The login of {login} must be connected again." if login.broken_reason else ""


def request_pull(connection: Connection, remote_object: str = "", *, user: User | None = None) -> None:
    """Make one object, or all of them, due to be pulled now. Raises Refused.

    One that is held goes on when it is asked for by its name.
    """
    if reason := pull_refusal(connection):
        raise Refused(reason)
    cursors = Cursor.objects.filter(connection=connection)
    if remote_object:
        cursors = cursors.filter(remote_object=remote_object)
    if not cursors.exists():
        raise Refused(NOT_PULLED)
    cursors.update(due_at=timezone.now(), is_asked_for=True, asked_by=user)
    if remote_object:
        cursors.update(is_held=False)
    wake_pull()


def request_record_pull(record: Record) -> None:
    """Bring one record up to date with Salesforce now. Raises Refused."""
    if reason := pull_refusal(Connection.objects.first()):
        raise Refused(reason)
    if not record.crm_id:
        raise Refused("It is not in Salesforce.")
    kind, pk = kind_of(record), record.pk
    transaction.on_commit(
        lambda: async_task("integrations.tasks.pull_record", str(kind), pk, cluster=settings.PEOPLE_CLUSTER)
    )


def is_pulled_since(record: Record, moment: datetime) -> bool:
    """Whether a pull of the record's object was begun after that moment and is over."""
    link = RecordLink.objects.live().of(str(kind_of(record)), [record.pk]).first()
    runs = Run.objects.filter(kind=Run.Kind.PULL, remote_object=link.remote_object if link else "")
    return runs.filter(started_at__gte=moment, finished_at__isnull=False).exists()


@transaction.atomic
def request_full_pull(connection: Connection, remote_object: str = "", *, user: User | None = None) -> None:
    """Read one object, or all of them, from its beginning again, in the background. Raises Refused."""
    cursors = Cursor.objects.filter(connection=connection)
    read_everything(cursors.filter(remote_object=remote_object) if remote_object else cursors)
    request_pull(connection, remote_object, user=user)


@transaction.atomic
def read_everything(cursors: models.QuerySet[Cursor]) -> None:
    """Make the next pull of these objects read everything there is; one that does so already goes on."""
    for cursor in cursors.filter(is_full=False).select_for_update().order_by("pk"):
        cursor.start_over()
        cursor.is_full = True
        _take_over(cursor)


def hold_pull(cursor: Cursor) -> None:
    """Stop an object's pull where it is, until ``resume_pull``."""
    Cursor.objects.filter(pk=cursor.pk).update(is_held=True, lease_token=None, leased_until=None)


def resume_pull(cursor: Cursor) -> None:
    Cursor.objects.filter(pk=cursor.pk).update(is_held=False, due_at=timezone.now())
    wake_pull()


def hold_first_pull(connection: Connection, *, is_held: bool) -> None:
    """Stop the first pull where it is, or let it go on from there."""
    if connection.phase != Connection.Phase.INITIAL_PULL:
        raise Refused("The first pull is not under way.")
    for cursor in connection.cursors.exclude(is_held=is_held):
        if is_held:
            hold_pull(cursor)
        else:
            resume_pull(cursor)


@transaction.atomic
def cancel_pull(cursor: Cursor) -> None:
    """End an object's pull where it is. What came stays; what changed since the last whole pull comes with the next."""
    cursor = Cursor.objects.select_for_update(of=("self",)).select_related("run").get(pk=cursor.pk)
    if cursor.run and cursor.run.state in (Run.State.RUNNING, Run.State.INCOMPLETE):
        cursor.run.finish(Run.State.CANCELLED, "It was cancelled.")
    cursor.start_over()
    cursor.is_full = cursor.is_held = False
    _take_over(cursor)


def _take_over(cursor: Cursor) -> None:
    """Store a cursor whose course a person changed: the worker that is at it finds its lease gone and stops."""
    cursor.lease_token = cursor.leased_until = None
    cursor.save()


def wake_lane(lane: str) -> None:
    """Call a worker to a lane, unless one is on its way."""
    if calls.note(lane):
        call_worker(lane)


def call_worker(lane: str) -> None:
    async_task("integrations.tasks.push_lane", lane, cluster=CLUSTERS.get(Lane(lane)))


def wake_members(lane: str) -> None:
    """Wake a worker that adds people to campaigns, once the transaction is through."""
    transaction.on_commit(
        partial(async_task, "integrations.tasks.push_members", str(lane), cluster=CLUSTERS.get(Lane(lane)))
    )


def wake_lanes() -> None:
    """Wake a worker for every lane that has something due."""
    for lane in Outbox.objects.due().values_list("lane", flat=True).distinct():
        wake_lane(lane)


def wake_pull() -> None:
    transaction.on_commit(lambda: async_task("integrations.tasks.pull_due"))


def skip(record: Record, user: User) -> None:
    skip_all([record], user)


@transaction.atomic
def skip_all(records: Sequence[Record], user: User) -> int:
    """Keep records of one kind out of the sync: what waits is not pushed, and a pull leaves them alone.

    Their links stay. Returns how many took part before.
    """
    kind = kind_of(records[0]) if records else None
    if kind is None:
        raise Refused("This kind of record is not synced.")
    ids = [record.pk for record in records]
    before = SkippedRecord.objects.of(kind, ids).count()
    rows = [SkippedRecord(record_kind=kind, record_id=pk, user=user) for pk in sorted(ids)]
    SkippedRecord.objects.bulk_create(rows, ignore_conflicts=True)
    # A create that is under way is kept, to know what it makes for what it is.
    Outbox.objects.of(kind, ids).filter(sent_at=None).delete()
    ErrorEntry.objects.open().of(kind, ids).update(
        closed_at=timezone.now(), closed_reason="The record is kept out of the sync."
    )
    return len(ids) - before


def unskip(record: Record, user: User) -> None:
    unskip_all([record], user)


@transaction.atomic
def unskip_all(records: Sequence[Record], user: User) -> int:
    """Let records of one kind take part again: both sides are compared, and what changed meanwhile moves."""
    kind = kind_of(records[0]) if records else None
    if kind is None:
        return 0
    skipped = SkippedRecord.objects.of(kind, [record.pk for record in records])
    ids = set(skipped.values_list("record_id", flat=True))
    skipped.delete()
    RecordLink.objects.of(kind, list(ids)).update(remote_changed_at=None)
    queue_push([record for record in records if record.pk in ids], user=user)
    return len(ids)


def retry(entries: Sequence[ErrorEntry], user: User) -> int:
    """Push records of open entries again, or pull them; entries close when that goes through. Returns how many."""
    count = _pull_again([entry for entry in entries if entry.operation == ErrorEntry.PULL and not entry.closed_at])
    entries = [entry for entry in entries if entry.operation != ErrorEntry.PULL]
    count += _delete_again([entry for entry in entries if _is_of_delete(entry) and not entry.closed_at], user)
    entries = [entry for entry in entries if not _is_of_delete(entry)]
    of_campaigns = [entry for entry in entries if entry.record_kind == ErrorEntry.MEMBER]
    count += _add_again([entry for entry in of_campaigns if not entry.closed_at], user)
    entries = [entry for entry in entries if entry.record_kind != ErrorEntry.MEMBER]
    for kind in {entry.record_kind for entry in entries}:
        ids = [entry.record_id or 0 for entry in entries if entry.record_kind == kind and entry.closed_at is None]
        records = list(model_of(kind)._default_manager.filter(pk__in=ids))
        gone = set(ids) - {record.pk for record in records}
        ErrorEntry.objects.open().of(kind, list(gone)).update(
            closed_at=timezone.now(), closed_reason="The record was deleted here."
        )
        queue_push(records, user=user, lane=Lane.PEOPLE, is_manual=True)
        count += len(records)
    return count


def _pull_again(entries: Sequence[ErrorEntry]) -> int:
    for remote_object in {entry.remote_object for entry in entries}:
        ids = [entry.remote_id for entry in entries if entry.remote_object == remote_object]
        transaction.on_commit(partial(async_task, "integrations.tasks.pull_remote", remote_object, ids))
    return len(entries)


@transaction.atomic
def _add_again(entries: Sequence[ErrorEntry], user: User) -> int:
    """Have people tried once more whom a campaign did not take, pushed first where they lack; returns how many."""
    rows = CampaignMember.objects.filter(pk__in=[entry.record_id for entry in entries])
    wanted = list(rows.values_list("record_id", flat=True))
    count = members.again(rows)
    contacts = model_of(SyncedKind.CONTACT)._default_manager.filter(pk__in=wanted, crm_id="")
    if not push_refusal(SyncedKind.CONTACT):
        queue_push(list(contacts), user=user, lane=Lane.PEOPLE, is_manual=True)
    for lane in members.lanes_due() if count else ():
        wake_members(lane)
    return count


def _is_of_delete(entry: ErrorEntry) -> bool:
    return entry.operation == Outbox.Operation.DELETE


@transaction.atomic
def _delete_again(entries: Sequence[ErrorEntry], user: User) -> int:
    """Queue refused deletes once more, by the user's login; returns how many."""
    rows: list[Outbox] = []
    for kind in {entry.record_kind for entry in entries}:
        ids = [entry.record_id or 0 for entry in entries if entry.record_kind == kind]
        links = RecordLink.objects.tombstones_of(kind, ids).filter(gone_at=None).select_related("connection")
        by_id = {link.deleted_id: link for link in links}
        ErrorEntry.objects.open().of(kind, list(set(ids) - set(by_id))).update(
            closed_at=timezone.now(), closed_reason="There is nothing left to delete."
        )
        rows += _deletes_by_hand(list(by_id.values()), user)
    outbox.queue(rows)
    if rows:
        Bell(Lane.PEOPLE).ring()
    return len(rows)


@transaction.atomic
def delete_there(kind: str, ids: Sequence[int], user: User) -> int:
    """Delete over there what was deleted here, whatever the settings say; returns how many records that are."""
    links = RecordLink.objects.tombstones_of(kind, list(ids)).filter(record_id=None, gone_at=None)
    rows = _deletes_by_hand(list(links.select_related("connection")), user)
    outbox.queue(rows)
    if rows:
        Bell(Lane.PEOPLE).ring()
    return len(rows)


def _deletes_by_hand(links: Sequence[RecordLink], user: User) -> list[Outbox]:
    choice = Logins(links[0].connection).choose(Outbox.Operation.DELETE, "", user.pk) if links else None
    return [
        Outbox(
            connection=link.connection,
            record_kind=link.record_kind,
            record_id=link.deleted_id or 0,
            lane=Lane.PEOPLE,
            remote_object=link.remote_object,
            operation=Outbox.Operation.DELETE,
            actor_id=user.pk,
            credential=choice.credential if choice else None,
            is_manual=True,
        )
        for link in links
    ]
