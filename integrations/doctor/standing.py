"""What our own rows tell: workers, queue, claims, pulls, what waits for people. Nobody is asked."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Count, Min
from django.utils import timezone

from common import heartbeat
from integrations import budget, restoring
from integrations.causes import causes
from integrations.doctor.findings import Finding, Weight
from integrations.models import ActivitySettings, Connection, Cursor, ErrorEntry, HeldDeletions, IngestJob, Lane, Outbox
from integrations.services import wake_lanes, wake_pull
from integrations.sync import brake
from integrations.sync.absences import TOLD_FOR
from integrations.sync.records import OBJECTS

# How long something due may wait while all is well.
PATIENCE = {Lane.PEOPLE: timedelta(minutes=1)}
USUALLY = timedelta(minutes=10)
SLACK = 3  # intervals of a pull
DAY = timedelta(days=1)
SHOWN = 5


def look(connection: Connection) -> Iterator[Finding]:
    yield from _home(connection)
    yield from workers()
    yield from _claims()
    if not connection.is_connected:
        return
    yield from _pause(connection)
    yield from _queue(connection)
    yield from _jobs(connection)
    yield from _pulls(connection)
    yield from _people(connection)


def _home(connection: Connection) -> Iterator[Finding]:
    if connection.home and connection.home != restoring.here():
        yield Finding(
            "database_restored",
            "This database is not the one that was synced with Salesforce: it is a restored backup, or a copy.",
            "Salesforce may know more than it does: what was queued may be there already, and be made twice.",
            "Stop all workers, then: manage.py salesforce restored. If it is a copy to try things with, disconnect it.",
        )


def workers() -> Iterator[Finding]:
    for cluster in heartbeat.silent():
        age = heartbeat.ages()[cluster]
        command = (
            "manage.py qcluster"
            if cluster == heartbeat.clusters()[0]
            else f"Q_CLUSTER_NAME={cluster} manage.py qcluster"
        )
        yield Finding(
            "worker_silent",
            f"No worker of the cluster “{cluster}” gives a sign of life.",
            "Pulls, pushes and mail stand still." if cluster != "people" else "What people push waits.",
            f"Start it: {command}. If it runs, its log says what it waits for.",
            since=timezone.now() - timedelta(seconds=age) if age is not None else None,
        )


def _claims() -> Iterator[Finding]:
    """A worker takes what lapsed by itself; what still stands a minute later has none that looks at it."""
    now = timezone.now()
    lapsed = Outbox.objects.filter(claim_token__isnull=False, claimed_until__lt=now - timedelta(minutes=1))
    leases = Cursor.objects.filter(lease_token__isnull=False, leased_until__lt=now - timedelta(minutes=1))
    for code, rows, what in (
        ("claims_lapsed", lapsed, "records are held by workers that died"),
        ("leases_lapsed", leases, "objects are held by pulls whose worker died"),
    ):
        until = "claimed_until" if rows is lapsed else "leased_until"
        found = rows.aggregate(count=Count("pk"), since=Min(until))
        if found["count"]:
            yield Finding(
                code,
                f"{found['count']} {what}.",
                "They wait until a worker of their lane takes them over.",
                "--mend frees them. Creates that were under way are looked for in Salesforce before they go again.",
                count=found["count"],
                since=found["since"],
                mend=_free_claims if rows is lapsed else _free_leases,
            )


def _free_claims() -> int:
    lapsed = Outbox.objects.filter(claim_token__isnull=False, claimed_until__lt=timezone.now())
    freed = lapsed.update(claim_token=None, claimed_until=None)
    wake_lanes()
    return freed


def _free_leases() -> int:
    lapsed = Cursor.objects.filter(lease_token__isnull=False, leased_until__lt=timezone.now())
    freed = lapsed.update(lease_token=None, leased_until=None)
    wake_pull()
    return freed


def _pause(connection: Connection) -> Iterator[Finding]:
    if connection.is_paused:
        yield Finding(
            "paused",
            f"Calls to Salesforce pause until {connection.paused_until:%H:%M:%S} UTC: {connection.pause_reason}",
            "Everything waits, nothing is lost; it goes on by itself.",
            "If it does not end: look at status.salesforce.com, and whether this machine reaches the org.",
            count=connection.failures,
            weight=Weight.NOTICE,
        )
    holds = budget.holds(connection)
    if holds:
        yield Finding(
            "api_calls_short",
            f"{holds[0].reason} Waiting: {', '.join(hold.purpose.label.lower() for hold in holds)}.",
            "Background work stands still until calls of the org come free; people's work goes on.",
            "Look at Settings > Salesforce > Health for what uses them, or raise the ceiling there.",
            count=len(holds),
        )


def _queue(connection: Connection) -> Iterator[Finding]:
    """What is due, held by nobody, and waits all the same; while calls pause everything does."""
    if connection.is_paused or connection.phase != Connection.Phase.SYNCING:
        return
    for lane in Lane:
        limit = timezone.now() - PATIENCE.get(lane, USUALLY)
        due = connection.outbox.filter(lane=lane, claim_token=None, job=None, next_attempt_at__lt=limit)
        found = due.aggregate(count=Count("pk"), since=Min("next_attempt_at"))
        if not found["count"] or budget.hold(connection, lane):
            continue
        reasons = due.exclude(wait_reason="").order_by().values_list("wait_reason").annotate(count=Count("pk"))
        yield Finding(
            "queue_old",
            f"{found['count']} changes wait in the lane “{lane.label}” although they are due.",
            "They reach Salesforce late: too few workers, a login that does not work, or a parent that is stuck.",
            "See that the workers run; look at logins and errors below; start more workers (WORKERS, PUSH_WORKERS).",
            count=found["count"],
            since=found["since"],
            details=[f"{count}: {reason}" for reason, count in reasons.order_by("-count")[:SHOWN]],
            mend=_wake,
        )


def _wake() -> int:
    """What is woken is not mended yet."""
    wake_lanes()
    return 0


def _jobs(connection: Connection) -> Iterator[Finding]:
    old = IngestJob.objects.filter(connection=connection, begun_at__lt=timezone.now() - DAY)
    for job in old.annotate(size=Count("rows")):
        yield Finding(
            "bulk_job_old",
            f"The Bulk job {job.remote_id} of {job.remote_object} has not ended for a day.",
            "Its records wait until it is over.",
            "Look at it in Salesforce (Setup > Bulk Data Load Jobs). Aborted there, its records are planned again.",
            count=job.size,
            since=job.begun_at,
        )


def _pulls(connection: Connection) -> Iterator[Finding]:
    if connection.phase != Connection.Phase.SYNCING:
        return
    every = dict(connection.object_settings.values_list("record_kind", "pull_every"))
    for cursor in connection.cursors.select_related("run").order_by("remote_object"):
        name = cursor.remote_object
        minutes = every.get(OBJECTS[name], 30) if name in OBJECTS else ActivitySettings.of(connection).pull_every
        pulled_to = cursor.position - connection.clock_offset if cursor.position else None
        if cursor.is_held:
            yield _held(name, pulled_to)
        elif cursor.is_refused:
            yield _refused(cursor, pulled_to)
        elif pulled_to and timezone.now() - pulled_to > SLACK * timedelta(minutes=minutes):
            yield _late(cursor, pulled_to)


def _held(name: str, since: datetime | None) -> Finding:
    return Finding(
        "pull_held",
        f"The pull of {name} is held back by a person.",
        "Changes in Salesforce do not come in.",
        "Let it go on under Settings > Salesforce.",
        since=since,
        weight=Weight.NOTICE,
    )


def _refused(cursor: Cursor, since: datetime | None) -> Finding:
    return Finding(
        "pull_refused",
        f"The team's login may not read {cursor.remote_object}: {cursor.run.message if cursor.run else ''}".rstrip(
            ": "
        ),
        "Changes in Salesforce do not come in.",
        "Give the login what lacks (see permissions), then pull again.",
        since=since,
    )


def _late(cursor: Cursor, since: datetime) -> Finding:
    why = "Changes in Salesforce come in late."
    if timezone.now() - since > TOLD_FOR:
        why += " Salesforce tells of deletions for 15 days only: the next pull compares the ids of all records instead."
    return Finding(
        "pull_late",
        f"{cursor.remote_object} was last pulled up to {since:%Y-%m-%d %H:%M} UTC.",
        why,
        "See that the background worker runs. The object's last run says what stopped it.",
        since=since,
        details=[cursor.run.message] if cursor.run and cursor.run.message else [],
        mend=lambda: _pull_now(cursor),
    )


def _pull_now(cursor: Cursor) -> int:
    Cursor.objects.filter(pk=cursor.pk).update(due_at=timezone.now())
    wake_pull()
    return 0


def _people(connection: Connection) -> Iterator[Finding]:
    """What only people can answer."""
    for held in HeldDeletions.objects.filter(connection=connection, decided_at=None):
        yield Finding(
            "deletions_held",
            brake.says(held),
            "Nothing of it is deleted until an admin decides.",
            f"Settings > Salesforce, or: manage.py salesforce deletions --confirm {held.pk} (or --refuse {held.pk}).",
            count=held.count,
            since=held.held_at,
        )
    opened = ErrorEntry.objects.open().filter(connection=connection)
    questions = opened.filter(code__in=ErrorEntry.QUESTIONS).aggregate(count=Count("pk"), since=Min("first_at"))
    if questions["count"]:
        yield Finding(
            "questions",
            f"{questions['count']} records wait for somebody to say which one of Salesforce they are.",
            "They are not pushed: a guess could make a second record.",
            "Answer them in Settings > Salesforce > Inbox.",
            count=questions["count"],
            since=questions["since"],
            weight=Weight.NOTICE,
        )
    refused = opened.refusals()
    if count := refused.count():
        yield Finding(
            "errors_open",
            f"{count} records are refused.",
            "They are not in step until their cause is mended.",
            "Settings > Salesforce > Errors says how to mend each cause, and tries again.",
            count=count,
            since=refused.aggregate(at=Min("first_at"))["at"],
            weight=Weight.NOTICE,
            details=[f"{one.count}: {one.remote_object} {one.code}" for one in causes(connection, refused)[:SHOWN]],
        )
