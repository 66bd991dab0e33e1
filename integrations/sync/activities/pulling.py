"""Pulled tasks: open ones of people, companies and deals that are here become tasks here, and stay in step.

What Tandem pushed itself is known by its link; only that it is gone there is followed.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from activities.models import Activity
from common.bulk import any_of, copy_in
from common.models import Origin
from integrations.models import Arrivals, RecordLink, Run, SkippedRecord, SyncedKind, SyncEvent
from integrations.sync.activities.objects import is_shared
from integrations.sync.activities.scope import ActivityScope, closes
from integrations.sync.activities.writer import ActivityWriter, columns_of
from integrations.sync.arrivals import left_to_their_push
from integrations.sync.linking import dropped, store_links
from integrations.sync.mapping import Vocabulary, normal
from integrations.sync.merging import merge
from integrations.sync.page import Applied, Page, is_pushed_since
from integrations.sync.provider import RemoteRecord
from integrations.sync.tombstones import DELETED, entomb

KIND = SyncedKind.ACTIVITY
ELSEWHERE = "It is about nobody and nothing that is here."
CLOSED = "It is done already."
GONE = "It was deleted in Salesforce."


def apply_tasks(scope: ActivityScope, page: Page, run: Run) -> Counter[str]:
    """Bring our side up to date with a page of theirs, with a fixed number of queries; returns what became of it."""
    applied = Applied(page)
    records = list({record.id: record for record in page.records}.values())
    _normalise(scope, records)
    ids = any_of(record.id for record in records)
    links = {link.remote_id: link for link in RecordLink.objects.filter(remote_id__in=ids, record_kind=KIND)}
    ours = Activity.objects.in_bulk([link.record_id for link in links.values() if link.record_id])
    skipped = set(SkippedRecord.objects.of(KIND, list(ours)).values_list("record_id", flat=True))
    gone: list[tuple[RecordLink, Activity]] = []
    for record in records:
        link = links.get(record.id)
        activity = ours.get(link.record_id or 0) if link else None
        if link is None:
            _sort_new(scope, record, applied)
        elif activity is None or activity.pk in skipped:
            applied.skip("It was deleted here." if activity is None else "Somebody keeps it out of the sync.")
        elif record.is_deleted:
            gone.append((link, activity))
        else:
            _sort_known(link, activity, record, applied)
    writer = ActivityWriter(scope)
    applied.unknown = left_to_their_push(scope, applied)
    _make(scope, applied, run)
    merge(scope, writer, applied, run)
    store_links(list(applied.links.values()))
    writer.flush()
    _follow_deletions(gone, applied)
    run.reasons = dict(applied.reasons + Counter(run.reasons))
    for event in applied.events:
        event.run = run
    copy_in(applied.events)
    return applied.counts


def _normalise(scope: ActivityScope, records: Sequence[RemoteRecord]) -> None:
    for record in records:
        record.values = {name: normal(scope.by_name[name].remote, value) for name, value in record.values.items()}


def _sort_new(scope: ActivityScope, record: RemoteRecord, applied: Applied) -> None:
    if record.is_deleted:
        applied.skip(GONE)
    elif closes(scope, record.values.get("Status")):
        applied.skip(CLOSED)
    else:
        applied.unknown.append(record)


def _sort_known(link: RecordLink, activity: Activity, record: RemoteRecord, applied: Applied) -> None:
    if not is_shared(activity) or is_pushed_since(link, applied.page) or link.dropped_at:
        applied.counts["unchanged"] += 1
    else:
        applied.changed.append((link, record))


def _make(scope: ActivityScope, applied: Applied, run: Run) -> None:
    """Tasks here for those that are new to us."""
    vocabulary = scope.vocabulary((), [record.values for record in applied.unknown])
    new: list[tuple[Activity, RemoteRecord]] = []
    for record in applied.unknown:
        activity = _task_of(scope, record, vocabulary)
        if activity.contact_id or activity.account_id or activity.deal_id:
            new.append((activity, record))
        else:
            applied.skip(ELSEWHERE)
    activities = [activity for activity, _ in new]
    copy_in(activities)
    expressed = scope.express(activities, vocabulary)
    copy_in([_link(scope, activity, record, expressed[activity.pk], applied) for activity, record in new])
    applied.counts["created"] += len(new)
    if new:
        made = [activity.pk for activity in activities]
        Arrivals.objects.create(run=run, record_kind=KIND, record_ids=made)


def _task_of(scope: ActivityScope, record: RemoteRecord, vocabulary: Vocabulary) -> Activity:
    activity = Activity(
        kind=Activity.Kind.TASK, origin=Origin.CRM_PULL, crm_id=record.id, happened_at=record.changed_at
    )
    for column, value in columns_of(scope, record.values, vocabulary, activity).items():
        setattr(activity, column, value)
    subtype = record.values.get("TaskSubtype")
    activity.task_type = TYPES.get(str(subtype), Activity.TaskType.TODO)
    return activity


TYPES = {"Email": Activity.TaskType.EMAIL, "Call": Activity.TaskType.CALL}


def _link(
    scope: ActivityScope, activity: Activity, record: RemoteRecord, said: Mapping[str, Any], applied: Applied
) -> RecordLink:
    """What ours can't say as theirs does, the two agree to differ in."""
    theirs = record.values
    differing = {name: value for name, value in said.items() if name in theirs and theirs[name] != value}
    return RecordLink(
        connection=scope.connection,
        record_kind=KIND,
        record_id=activity.pk,
        remote_object=scope.remote_object,
        remote_id=record.id,
        base=scope.kept(theirs),
        base_ours=scope.kept(differing),
        pulled_at=applied.page.read_at,
    )


def _follow_deletions(gone: Sequence[tuple[RecordLink, Activity]], applied: Applied) -> None:
    """A task that came from there goes with it; a log of what happened here stays, and is linked no more."""
    lost = [(link, activity) for link, activity in gone if is_shared(activity)]
    kept = [(link, activity) for link, activity in gone if not is_shared(activity) and not link.dropped_at]
    now = timezone.now()
    for link, _ in lost:
        entomb(link, DELETED)
        link.gone_at = now
    for link, _ in kept:
        dropped(link, GONE)
    store_links([link for link, _ in [*lost, *kept]])
    Activity.objects.filter(pk__in=[activity.pk for _, activity in lost]).delete()
    Activity.objects.filter(pk__in=[activity.pk for _, activity in kept]).update(crm_id="")
    applied.counts["deleted"] += len(lost) + len(kept)
    applied.events += [
        SyncEvent(record_kind=KIND, record_id=activity.pk, kind=SyncEvent.Kind.UNLINKED, summary=GONE)
        for _, activity in kept
    ]
