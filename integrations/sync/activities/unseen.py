"""What the cursor of tasks does not tell: tasks of people who have only just come, and tasks that left long ago."""

from collections import defaultdict
from collections.abc import Callable, Iterator

from django.utils import timezone

from activities.models import Activity
from common.bulk import any_of
from common.models import Origin
from integrations.models import Arrivals, Cursor
from integrations.sync.absences import are_possible
from integrations.sync.activities.scope import ActivityScope
from integrations.sync.fates import fates_of
from integrations.sync.page import OVERLAP, Page
from integrations.sync.provider import Provider
from integrations.sync.records import model_of

CHUNK = 2_000
HANG_ON = {"contact": "WhoId", "account": "WhatId", "deal": "WhatId"}


def unseen_tasks(scope: ActivityScope, cursor: Cursor, provider: Provider, hold: Callable[[], None]) -> Iterator[Page]:
    """Pages to be applied before those by the cursor; ``hold`` is called between calls."""
    if cursor.position and not cursor.is_full:
        yield from _of_newcomers(scope, cursor, provider, hold)
    if are_possible(cursor, provider.clock()):
        yield from _absent(scope, provider, hold)


def _of_newcomers(scope: ActivityScope, cursor: Cursor, provider: Provider, hold: Callable[[], None]) -> Iterator[Page]:
    """Tasks of records that were pulled since the last time: they may be older than these are here."""
    assert cursor.position is not None, "before the first pull everybody is new"
    since = cursor.position - scope.connection.clock_offset - OVERLAP
    ids: dict[str, list[int]] = defaultdict(list)
    for kind, found in Arrivals.objects.filter(run__seen_at__gt=since).values_list("record_kind", "record_ids"):
        ids[kind] += found if kind in HANG_ON else []
    for kind, pks in ids.items():
        rows = model_of(kind)._default_manager.filter(pk__in=any_of(pks, "bigint")).exclude(crm_id="")
        remote_ids = list(rows.values_list("crm_id", flat=True))
        for start in range(0, len(remote_ids), CHUNK):
            read_at, some = timezone.now(), remote_ids[start : start + CHUNK]
            tasks = provider.related(scope.remote_object, HANG_ON[kind], some, scope.names)
            hold()
            yield Page([task for task in tasks if not task.is_deleted], read_at, provider.clock())


def _absent(scope: ActivityScope, provider: Provider, hold: Callable[[], None]) -> Iterator[Page]:
    """After so long without a pull deletions may be told of no more. Only tasks that are still to be done are asked
    for: the org may have millions of others.
    """
    read_at, last = timezone.now(), 0
    tasks = Activity.objects.open_tasks().filter(origin=Origin.CRM_PULL).exclude(crm_id="").order_by("pk")
    while chunk := list(tasks.filter(pk__gt=last).values_list("pk", "crm_id")[:CHUNK]):
        last, ids = chunk[-1][0], [crm_id for _, crm_id in chunk]
        found = provider.retrieve(scope.remote_object, ids, [])
        lost = [id_ for id_, record in zip(ids, found, strict=True) if record is None]
        fates = fates_of(scope.remote_object, lost, provider)
        hold()
        yield Page([fate for fate in fates.values() if fate.is_deleted], read_at, provider.clock())
