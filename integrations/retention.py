"""What the sync keeps of what happened, and throws away when the team wants it no longer."""

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from common import retention
from integrations import settings_log
from integrations.models import ErrorEntry, Run, SyncEvent

RUNS = 50  # at once: the events of a run lose their tie to it in the same statement

retention.keeps("settings")(settings_log.prune)


@retention.keeps("history")
def prune_events(earlier: datetime, most: int) -> int:
    """Conflicts that nobody has settled stay."""
    open_ones = SyncEvent.objects.conflicts()
    rows = SyncEvent.objects.exclude(pk__in=open_ones.values("pk")).order_by("pk").values_list("pk", "at")[:most]
    return _delete(SyncEvent.objects.filter(pk__in=[pk for pk, at in rows if at < earlier]))


@retention.keeps("runs")
def prune_runs(earlier: datetime, most: int) -> int:
    ids = Run.objects.filter(finished_at__lt=earlier).order_by("pk").values_list("pk", flat=True)[: min(most, RUNS)]
    return _delete(Run.objects.filter(pk__in=list(ids)))


@retention.keeps("errors")
def prune_errors(earlier: datetime, most: int) -> int:
    ids = ErrorEntry.objects.filter(closed_at__lt=earlier).order_by("pk").values_list("pk", flat=True)[:most]
    return _delete(ErrorEntry.objects.filter(pk__in=list(ids)))


def _delete(rows: QuerySet[Any]) -> int:
    count = rows.count()
    rows.delete()
    return count
