"""Measuring how the sync does, once a minute: one small row, whatever the number of records.

Rows are kept by the minute for a day, by the hour for a month, then not at all.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import Count, Min
from django.utils import timezone

from common.bulk import write_columns
from integrations.models import ApiUsage, Connection, ErrorEntry, Run, Sample

MINUTE, HOUR = 1, 60
KEPT_BY_MINUTE = timedelta(hours=25)
KEPT_BY_HOUR = timedelta(days=32)
OVERLAP = timedelta(minutes=5)  # in which a worker's counts may come to light later than they were made
CAUSES = 8  # codes of errors that are told apart; the others are counted together
OTHERS = "OTHERS"
SUMS = {"in", "out", "pushed", "calls"}  # what adds up over time; of the rest the highest counts
Values = Mapping[str, Mapping[str, float]]


def take_sample(connection: Connection) -> None:
    """Measure this minute, unless that was done; two ticks may meet."""
    at = timezone.now().replace(second=0, microsecond=0)
    with transaction.atomic():
        sample, is_new = Sample.objects.get_or_create(connection=connection, minutes=MINUTE, at=at)
        if not is_new:
            return
        last = connection.samples.filter(minutes=MINUTE, at__lt=at).order_by("-at").first()
        sample.seen = {"day": str(at.astimezone(UTC).date()), "calls": _calls_of(connection, at)}
        sample.values = _measured(connection, sample, last)
        sample.save(update_fields=["values", "seen"])


def _measured(connection: Connection, sample: Sample, last: Sample | None) -> Values:
    queue, oldest = _queue(connection)
    return {
        "lag": _lag(connection),
        "queue": queue,
        "oldest": oldest,
        "errors": _errors(),
        "calls": _new_calls(connection, sample.seen, last.seen if last else {}),
        "org": {"used": connection.api_used, "ceiling": connection.api_ceiling, "limit": connection.api_limit},
        **_moved(connection, last.at if last else sample.at),
    }


def _lag(connection: Connection) -> dict[str, float]:
    """Seconds since the state of the org that each object was last brought up to."""
    now = timezone.now() + connection.clock_offset
    cursors = connection.cursors.exclude(position=None).values_list("remote_object", "position")
    return {name: max(0, round((now - position).total_seconds())) for name, position in cursors if position}


def _queue(connection: Connection) -> tuple[dict[str, float], dict[str, float]]:
    """Records that wait by lane, and for how many seconds the one that waits longest."""
    lanes = connection.outbox.order_by().values_list("lane").annotate(Count("pk"), Min("queued_at"))
    rows = list(lanes)
    first = min((queued_at for _, _, queued_at in rows), default=None)
    waits = max(0, round((timezone.now() - first).total_seconds())) if first else 0
    return {lane: count for lane, count, _ in rows}, {"oldest": waits}


def _errors() -> dict[str, float]:
    rows = ErrorEntry.objects.open().order_by().values_list("code").annotate(count=Count("pk"))
    counts = list(rows.order_by("-count", "code"))
    others = sum(count for _, count in counts[CAUSES:])
    return dict(counts[:CAUSES]) | ({OTHERS: others} if others else {})


def _calls_of(connection: Connection, at: datetime) -> dict[str, int]:
    rows = ApiUsage.objects.filter(connection=connection, day=at.astimezone(UTC).date())
    return dict(rows.values_list("purpose", "calls"))


def _new_calls(connection: Connection, seen: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, float]:
    """Calls by purpose since the last sample; those of a day that ended meanwhile were nearly all in that one."""
    calls = Counter(seen["calls"])
    if before.get("day") == seen["day"]:
        calls.subtract(before["calls"])
    return {purpose: count for purpose, count in calls.items() if count > 0}


def _moved(connection: Connection, since: datetime) -> dict[str, dict[str, float]]:
    """Records brought in and out by object, and how long those that were pushed had waited, since the last sample.

    Each run remembers what of it was told. One that a worker is counting at this moment is left to the next minute.
    """
    runs = connection.runs.filter(kind__in=[Run.Kind.PULL, Run.Kind.PUSH], seen_at__gte=since - OVERLAP)
    told: dict[str, Counter[str]] = {"in": Counter(), "out": Counter(), "pushed": Counter()}
    changed = []
    for run in runs.select_for_update(skip_locked=True, of=("self",)).order_by("pk"):
        counts = {"moved": run.moved, "records": run.created + run.updated, "seconds": round(run.waited)}
        new = {name: count - run.sampled.get(name, 0) for name, count in counts.items()}
        if not any(new.values()):
            continue
        told["in" if run.kind == Run.Kind.PULL else "out"][run.remote_object] += new["moved"]
        if run.kind == Run.Kind.PUSH:
            told["pushed"].update(records=new["records"], seconds=new["seconds"])
        run.sampled = counts
        changed.append(run)
    write_columns(changed, ["sampled"])
    return {name: dict(counts) for name, counts in told.items()}


def roll_up(connection: Connection) -> None:
    """Bring minutes of more than a day ago together into hours; throw away hours of more than a month ago."""
    now = timezone.now()
    until = (now - KEPT_BY_MINUTE).replace(minute=0, second=0, microsecond=0)
    with transaction.atomic():
        minutes = list(
            connection.samples.filter(minutes=MINUTE, at__lt=until).select_for_update(skip_locked=True).order_by("at")
        )
        for hour, rows in groupby(minutes, key=lambda row: row.at.replace(minute=0)):
            connection.samples.update_or_create(
                minutes=HOUR, at=hour, defaults={"values": together(row.values for row in rows)}
            )
        connection.samples.filter(pk__in=[row.pk for row in minutes]).delete()
        connection.samples.filter(minutes=HOUR, at__lt=now - KEPT_BY_HOUR).delete()


def together(samples: Iterable[Values]) -> dict[str, dict[str, float]]:
    """Several samples as one over their whole time."""
    whole: dict[str, dict[str, float]] = {}
    for values in samples:
        for measure, numbers in values.items():
            sums = whole.setdefault(measure, {})
            for name, number in numbers.items():
                sums[name] = sums.get(name, 0) + number if measure in SUMS else max(sums.get(name, 0), number)
    return whole
