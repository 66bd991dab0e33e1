"""How the sync stands, for Prometheus: read from the database when it is asked for, by a fixed number of queries."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django.utils import timezone
from django_q.brokers import get_broker
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from common import heartbeat
from integrations import budget
from integrations.models import Connection, ErrorEntry, Lane, Outbox, Run, SyncEvent

RECENT = timedelta(hours=1)
Rows = Iterable[tuple[tuple[str, ...], float]]


class SyncCollector:
    """What every process finds alike; Prometheus scrapes one, or takes the highest of several."""

    def describe(self) -> list[Metric]:
        """Nothing is asked for when it is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        yield from _workers()
        yield from _queue()
        yield from _errors()
        yield from _runs()
        if connection := Connection.objects.exclude(org_id="").first():
            yield from _connection(connection)


def _gauge(name: str, about: str, labels: list[str], rows: Rows) -> Metric:
    metric = GaugeMetricFamily(f"tandem_{name}", about, labels=labels)
    for values, number in rows:
        metric.add_metric(list(values), number)
    return metric


def _number(name: str, about: str, number: float) -> Metric:
    return _gauge(name, about, [], [((), number)])


def _age(moment: datetime | None) -> float:
    return max(0.0, (timezone.now() - moment).total_seconds()) if moment else 0.0


def _workers() -> Iterator[Metric]:
    ages = heartbeat.ages()
    beats = [((cluster,), age) for cluster, age in ages.items() if age is not None]
    yield _gauge("worker_heartbeat_age_seconds", "Since a worker last worked something off.", ["cluster"], beats)
    waiting = [((cluster,), get_broker(cluster).queue_size()) for cluster in ages]
    yield _gauge("wakeups_waiting", "Wake-ups that no worker has taken.", ["cluster"], waiting)


def _queue() -> Iterator[Metric]:
    rows = Outbox.objects.order_by().values_list("lane")
    waiting = dict(rows.annotate(Count("pk")))
    oldest = dict(rows.filter(next_attempt_at__lte=timezone.now()).annotate(Min("queued_at")))
    about = "Records that wait to be pushed."
    yield _gauge("queue_records", about, ["lane"], [((lane,), waiting.get(lane, 0)) for lane in Lane])
    about = "Since the record that is due for longest was queued."
    yield _gauge("queue_oldest_seconds", about, ["lane"], [((lane,), _age(oldest.get(lane))) for lane in Lane])
    claims = Outbox.objects.exclude(claim_token=None).aggregate(
        held=Count("pk", filter=Q(claimed_until__gte=timezone.now())),
        lapsed=Count("pk", filter=Q(claimed_until__lt=timezone.now())),
    )
    about = "Records that workers hold; lapsed: of workers that died."
    yield _gauge("claims", about, ["state"], [((state,), count) for state, count in claims.items()])


def _errors() -> Iterator[Metric]:
    rows = ErrorEntry.objects.open().order_by().values_list("remote_object", "code").annotate(Count("pk"))
    errors = [((name, code), count) for name, code, count in rows]
    yield _gauge("errors_open", "Records that wait to be mended, by cause.", ["object", "code"], errors)
    yield _number("conflicts_open", "Conflicts that nobody has looked at.", SyncEvent.objects.conflicts().count())


def _runs() -> Iterator[Metric]:
    rows = Run.objects.filter(seen_at__gte=timezone.now() - RECENT).order_by().values_list("kind", "state")
    counts = [((kind, state), count) for kind, state, count in rows.annotate(Count("pk"))]
    yield _gauge("runs_last_hour", "Runs that a worker was at within the hour.", ["kind", "state"], counts)


def _connection(connection: Connection) -> Iterator[Metric]:
    yield _number("connected", "1 while an org is connected.", int(connection.is_connected))
    yield _number("paused", "1 while calls to the org pause after a failure.", int(connection.is_paused))
    broken = connection.credentials.exclude(broken_reason="").count()
    yield _number("logins_broken", "Logins that must be connected again.", broken)
    yield _number("clock_offset_seconds", "The org's clock, less ours.", connection.clock_offset.total_seconds())
    cursors = (
        connection.cursors.exclude(position=None).order_by("remote_object").values_list("remote_object", "position")
    )
    lags = [((name,), _age(position - connection.clock_offset)) for name, position in cursors if position]
    yield _gauge("pull_lag_seconds", "Since the state of the org that was last pulled.", ["object"], lags)
    calls = [((purpose,), count) for purpose, count in budget.today(connection).items()]
    yield _gauge("api_calls_today", "Tandem's own API calls of this day (UTC).", ["purpose"], calls)
    org = {"used": connection.api_used, "limit": connection.api_limit, "ceiling": connection.api_ceiling}
    about = "API calls of the whole org in 24 hours, with where background work and where Salesforce stops."
    yield _gauge("org_api_calls", about, ["what"], [((what,), count) for what, count in org.items()])
