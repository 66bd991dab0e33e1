"""What the workers run. A job carries almost nothing, may run twice, and may find the work done."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from time import monotonic, sleep

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_q.tasks import async_task

from common import trash
from integrations import budget, everything
from integrations.checking import check, check_all
from integrations.connecting import prepare, start_syncing
from integrations.logins import mark_broken
from integrations.models import ApiUsage, Connection, Credential, Cursor, IngestJob, Lane, Outbox, RecordLink, Run
from integrations.providers import provider_for
from integrations.salesforce.provider import SalesforceProvider
from integrations.services import CLUSTERS, wake_pull
from integrations.sync import ingested, outbox, showing
from integrations.sync.credentials import Logins
from integrations.sync.leases import Lease, LeaseLost, give_back, take_lease
from integrations.sync.outbox import Claim
from integrations.sync.provider import CallFailed, ConnectionBroken, ProviderError, RequestRefused
from integrations.sync.pull import FirstPage, pull, question_of
from integrations.sync.push import push
from integrations.sync.records import OBJECTS
from integrations.sync.runs import end_lost_runs
from integrations.sync.scope import Scope
from integrations.sync.singles import pull_records
from integrations.sync.sweep import sweep

logger = logging.getLogger(__name__)

REFUSED_PAUSE = 5.0  # seconds until records are tried again whose object the org described anew
METADATA_AGE = timedelta(days=1)
BROKEN_PAUSE = 60.0  # seconds until records are tried again whose push broke
DOUBTS = 6  # refusals of a fresh token in a row before the login counts as broken
RunKey = tuple[str, int, int | None]  # object, login, person
SLICE = 20.0  # seconds that a job works before it queues itself again
PAUSES = (1, 2, 4, 8, 15, 30, 60, 120, 300)  # seconds between calls that fail in a row
# References resolve faster, and conversions are followed first, in this order.
PULL_ORDER = ("Account", "Lead", "Contact", "Opportunity", "OpportunityContactRole")


def push_lane(
    lane: str, seconds: float = SLICE, sleeper: Callable[[float], None] = sleep, *, only: Sequence[str] = ()
) -> None:
    """Send what is due in ``lane``; stops when the time is up and queues itself again.

    A large backlog is shared: who finds more than it can claim at once calls another worker, as long as there are
    places in the lane. ``only``: these remote objects, and what they wait for.
    """
    with outbox.place(lane, settings.PUSH_WORKERS) as has_place:
        is_done = not has_place or _push_lane(lane, monotonic() + seconds, sleeper, only)
    if not is_done and Outbox.objects.due().filter(lane=lane, claim_token=None, job=None).exists():
        wake_lane(lane)


def _push_lane(lane: str, until: float, sleeper: Callable[[float], None], only: Sequence[str]) -> bool:
    """Answers whether nothing may be left: not when something came while it worked, or the time is up."""
    runs: dict[RunKey, Run] = {}
    cut_off: dict[int, str] = {}
    has_called = False
    while (is_in_time := monotonic() < until) and _may_push(lane, until, sleeper):
        if job := ingested.take(lane, only):
            _look(job, runs, cut_off)
            continue
        claim = outbox.claim(lane, only)
        if claim is None:
            rest = ingested.next_look(lane)
            if rest is None or monotonic() + rest >= until:
                break
            sleeper(rest)
            continue
        if claim.is_full and not has_called:
            wake_lane(lane)
            has_called = True
        actors = {row.actor_id for row in claim.rows}
        run = _run_of(claim.credential, claim.remote_object, actors.pop() if len(actors) == 1 else None, runs)
        cut_off[run.pk] = _push(claim, run)
        for other in outbox.lanes_set_free(claim):
            wake_lane(other)
    for run in runs.values():
        run.finish(Run.State.INCOMPLETE if cut_off[run.pk] else Run.State.DONE, cut_off[run.pk])
    return is_in_time and not runs


def wake_lane(lane: str) -> None:
    async_task("integrations.tasks.push_lane", lane, cluster=CLUSTERS.get(Lane(lane)))


def _run_of(credential: Credential, remote_object: str, actor_id: int | None, runs: dict[RunKey, Run]) -> Run:
    """The run of an object, login and person, begun when it has none yet."""
    key = (remote_object, credential.pk, actor_id)
    if key not in runs:
        runs[key] = Run.objects.create(
            connection=credential.connection,
            kind=Run.Kind.PUSH,
            remote_object=remote_object,
            credential=credential,
            started_by_id=actor_id,
        )
    return runs[key]


def _look(job: IngestJob, runs: dict[RunKey, Run], cut_off: dict[int, str]) -> None:
    """See how a job is getting on that Salesforce works off by itself, and settle it when it is over."""
    credential = job.credential
    if credential is None or credential.broken_reason:
        ingested.free(job)  # what became of it is found out when its records are planned again
        return
    provider = provider_for(credential)
    try:
        state = ingested.look(job, provider)
        if state and state.is_over:
            run = _run_of(credential, job.remote_object, None, runs)
            cut_off.setdefault(run.pk, "")
            ingested.settle_job(job, state, provider, run)
            run.count(api_calls=provider.calls)
    except (CallFailed, ConnectionBroken) as error:
        ingested.give_back(job, 0)
        if isinstance(error, ConnectionBroken):
            doubt(credential, error)
        else:
            pause(credential.connection, error)
    except Exception:
        logger.exception("A job broke; its records are planned again.")
        ingested.free(job)
    else:
        all_is_well(credential.connection)
    budget.note(credential, provider, job.lane)


def _may_push(lane: str, until: float, sleeper: Callable[[float], None]) -> bool:
    """Whether the org can be spoken to. A short pause is waited out; a long one is left to the next tick."""
    connection = Connection.objects.first()
    if connection is None or connection.phase != Connection.Phase.SYNCING:
        return False
    if budget.hold(connection, lane):
        return False
    if connection.paused_until and connection.is_paused:
        rest = (connection.paused_until - timezone.now()).total_seconds()
        if monotonic() + rest >= until:
            return False
        sleeper(rest)
    return True


def _push(claim: Claim, run: Run) -> str:
    """Send a claim. Answers why it was cut off; "" when it went through, refusals of single records included."""
    credential = claim.credential
    provider = provider_for(credential)
    reason = ""
    try:
        push(claim, provider, run)
    except ConnectionBroken as error:
        reason = error.reason
        outbox.release(claim.token, reason=reason)
        doubt(credential, error)
    except CallFailed as error:
        reason = error.reason
        if error.is_answered:
            outbox.halve(claim, reason)
        else:
            outbox.release(claim.token, reason=reason)
        pause(credential.connection, error)
    except RequestRefused as error:
        delay = REFUSED_PAUSE if len(claim.rows) > 1 else BROKEN_PAUSE
        reason = f"Salesforce refused to be asked: {error.reason}"
        outbox.halve(claim, reason, delay=delay)
    except Exception:
        logger.exception("A push broke; its records are tried again.")
        reason = "Tandem ran into an error of its own while sending it."
        outbox.halve(claim, reason, delay=BROKEN_PAUSE)
    else:
        all_is_well(credential.connection)
        Connection.objects.filter(pk=credential.connection_id).update(wrote_at=timezone.now())
    run.count(api_calls=provider.calls)
    budget.note(credential, provider, claim.rows[0].lane)
    return reason


def pause(connection: Connection, error: ProviderError) -> None:
    """Nobody's record is to blame: everything waits, a little longer each time, and nothing gives up."""
    failures = min(connection.failures + 1, len(PAUSES))
    seconds = getattr(error, "retry_after", None) or PAUSES[failures - 1]
    Connection.objects.filter(pk=connection.pk).update(
        failures=failures, paused_until=timezone.now() + timedelta(seconds=seconds), pause_reason=error.reason
    )


def doubt(credential: Credential, error: ConnectionBroken) -> None:
    """A login was refused with a fresh token: tried again later and later, until a person must connect it anew."""
    connection = Connection.objects.get(pk=credential.connection_id)
    if connection.failures >= DOUBTS:
        mark_broken(credential, error.reason)
    pause(connection, error)


def all_is_well(connection: Connection) -> None:
    Connection.objects.filter(pk=connection.pk).exclude(failures=0, paused_until=None).update(
        failures=0, paused_until=None, pause_reason=""
    )


def pull_due(seconds: float = SLICE, *, only: str = "", is_forced: bool = False) -> list[Run]:
    """Pull every object that is due; returns the runs.

    What is new in several objects is asked for in as few calls as possible; most of the time it is nothing.
    """
    connection = Connection.objects.first()
    runs: list[Run] = []
    if connection is None or not connection.started_at or not connection.is_connected or connection.is_paused:
        return runs
    credential = Logins(connection).for_team().credential
    if credential is None or credential.broken_reason:
        return runs
    until = monotonic() + seconds
    provider = provider_for(credential)
    due = _due(connection, only, is_forced=is_forced)
    leases = [lease for cursor in due if (lease := take_lease(connection, cursor.remote_object))]
    try:
        firsts = _first_pages(connection, leases, provider)
        for lease in leases:
            run = _pull(connection, lease, provider, credential, lambda: monotonic() < until, firsts)
            runs += [run] if run else []
            if monotonic() >= until and not is_forced:
                wake_pull()  # goes on in a job of its own
                break
            if run is None or _is_paused(connection):
                break
    finally:
        for lease in leases:
            give_back(lease)
        budget.note(credential, provider, ApiUsage.Purpose.PULLS)
    _end_first_pull(connection)
    return runs


def _is_paused(connection: Connection) -> bool:
    return Connection.objects.get(pk=connection.pk).is_paused


def _due(connection: Connection, only: str, *, is_forced: bool) -> list[Cursor]:
    cursors = Cursor.objects.filter(connection=connection)
    if only:
        cursors = cursors.filter(remote_object=only)
    if not is_forced and budget.hold(connection, ApiUsage.Purpose.PULLS):
        cursors = cursors.filter(is_asked_for=True)
    if not is_forced:
        cursors = cursors.filter(Q(due_at__lte=timezone.now()) | ~Q(export_id=""), is_held=False)
    return sorted(cursors, key=lambda cursor: PULL_ORDER.index(cursor.remote_object))


def _first_pages(connection: Connection, leases: Sequence[Lease], provider: SalesforceProvider) -> dict[str, FirstPage]:
    """The first pages of objects that were pulled before, asked for together. Empty when no answer could be had."""
    known = [lease.cursor for lease in leases if lease.cursor.position and not lease.cursor.is_under_way]
    if len(known) <= 1:
        return {}
    questions = [question_of(connection, cursor) for cursor in known]
    read_at = timezone.now()
    try:
        answers = provider.changes_of_all(questions)
    except ProviderError:  # the pull of the first object meets it again, and says so in its run
        return {}
    return {
        question.remote_object: FirstPage(answer, read_at, provider.clock())
        for question, answer in zip(questions, answers, strict=True)
    }


def _pull(
    connection: Connection,
    lease: Lease,
    provider: SalesforceProvider,
    credential: Credential,
    may_go_on: Callable[[], bool],
    firsts: Mapping[str, FirstPage],
) -> Run | None:
    cursor = lease.cursor
    try:
        run = pull(
            connection,
            lease,
            provider,
            started_by_id=cursor.asked_by_id,
            login=credential,
            may_go_on=may_go_on,
            first=firsts.get(cursor.remote_object),
        )
    except LeaseLost:
        return None
    except (ConnectionBroken, RequestRefused) as error:
        if isinstance(error, ConnectionBroken):
            doubt(credential, error)
        else:
            Cursor.objects.filter(pk=cursor.pk).update(is_refused=True)
        _plan_next(connection, cursor)  # the run says why; other objects are not held up
        return Run.objects.filter(connection=connection, remote_object=cursor.remote_object).first()
    except CallFailed as error:
        pause(connection, error)
        return Run.objects.filter(connection=connection, remote_object=cursor.remote_object).first()
    all_is_well(connection)
    if run.state == Run.State.DONE:
        Cursor.objects.filter(pk=cursor.pk, is_refused=True).update(is_refused=False)
        _plan_next(connection, cursor)
    return run


def pull_record(kind: str, record_id: int) -> Run | None:
    """Bring one record up to date; None when there is nothing to ask, or nobody to ask as."""
    link = RecordLink.objects.live().filter(record_kind=kind, record_id=record_id).first()
    return pull_remote(link.remote_object, [link.remote_id]) if link else None


def pull_remote(remote_object: str, ids: Sequence[str], *, is_wanted: bool = False) -> Run | None:
    """Bring records of the other side up to date here; None when there is nobody to ask as, or no answer.

    ``is_wanted``: also those that were deleted here.
    """
    connection = Connection.objects.first()
    credential = Logins(connection).for_team().credential if connection else None
    if connection is None or credential is None or credential.broken_reason:
        return None
    provider = provider_for(credential)
    try:
        return pull_records(Scope.load(connection, remote_object), ids, provider, credential, is_wanted=is_wanted)
    except ConnectionBroken as error:
        doubt(credential, error)
    except (CallFailed, RequestRefused) as error:
        logger.warning("%s %s could not be pulled: %s", remote_object, ids, error.reason)
    finally:
        budget.note(credential, provider, ApiUsage.Purpose.PEOPLE)
    return None


def _plan_next(connection: Connection, cursor: Cursor) -> None:
    every = connection.object_settings.filter(record_kind=_kind(cursor)).values_list("pull_every", flat=True).first()
    due_at = timezone.now() + timedelta(minutes=every or 30)
    Cursor.objects.filter(pk=cursor.pk).update(due_at=due_at, is_asked_for=False, asked_by=None)


def _kind(cursor: Cursor) -> str:
    return OBJECTS[cursor.remote_object]


def _end_first_pull(connection: Connection) -> None:
    """The first pull is over when every object that may be read was pulled once: what waited to be pushed may go."""
    waiting = connection.cursors.filter(position=None, is_refused=False)
    if connection.first_pull_finished_at is None and not waiting.exists():
        Connection.objects.filter(pk=connection.pk).update(first_pull_finished_at=timezone.now())
        wake_lanes()


def wake_lanes() -> None:
    """Wake a worker for every lane that has something due."""
    for lane in Outbox.objects.due().values_list("lane", flat=True).distinct():
        wake_lane(lane)


def tick() -> None:
    """Once a minute: start syncing when the setup window ends, pull what is due, find what nobody rang for."""
    connection = Connection.objects.first()
    if connection is None or not connection.is_connected:
        return
    if connection.started_at is None:
        if connection.is_setup_over:
            start_syncing(connection)
        return
    end_lost_runs()
    everything.end_finished(connection)
    if budget.is_to_be_asked(connection):
        async_task("integrations.tasks.ask_allowance")
    wake_pull()
    give_logins(connection)
    sweep(connection)
    if connection.object_settings.exclude(shown_after=None).exists():
        async_task("integrations.tasks.show_records")
    if connection.object_settings.exclude(push_all_after=None).exists():
        async_task("integrations.tasks.mark_everything")
    wake_lanes()
    is_old = connection.descriptions.filter(fetched_at__lt=timezone.now() - METADATA_AGE).exists()
    if is_old and not budget.hold(connection, ApiUsage.Purpose.METADATA):
        async_task("integrations.tasks.read_metadata")


def show_records(seconds: float = SLICE) -> None:
    """Go on showing and hiding pulled records after the settings were changed."""
    until = monotonic() + seconds
    connection = Connection.objects.first()
    while connection and showing.look_at_some(connection):
        if monotonic() >= until:
            async_task("integrations.tasks.show_records")
            break


def prune_deleted() -> None:
    """Throw away deleted records that were kept long enough."""
    trash.prune()


def ask_allowance() -> None:
    """Ask how much of the allowance is used by now, when so much waits for it that nobody else asks."""
    connection = Connection.objects.first()
    credential = Logins(connection).for_team().credential if connection and connection.is_connected else None
    if credential and not credential.broken_reason:
        provider = provider_for(credential)
        try:
            provider.ask_usage()
        except ProviderError as error:
            logger.warning("The org did not say how many API calls are left: %s", error.reason)
        budget.note(credential, provider, ApiUsage.Purpose.OTHER)


def mark_everything(seconds: float = SLICE) -> None:
    """Go on marking the records of a one-time push."""
    connection = Connection.objects.first()
    until = monotonic() + seconds
    while connection and everything.mark_some(connection):
        if monotonic() >= until:
            async_task("integrations.tasks.mark_everything")
            break


def read_metadata() -> None:
    """Read users, objects, fields and picklists again, as they are now."""
    connection = Connection.objects.first()
    credential = Logins(connection).for_team().credential if connection and connection.is_connected else None
    if connection and credential and not credential.broken_reason:
        try:
            prepare(connection, credential)
        except ProviderError as error:
            logger.warning("The org could not be read again: %s", error.reason)
        else:
            connection.descriptions.update(fetched_at=timezone.now())  # also those that the login sees no more
        showing.look_again(connection.object_settings.all())  # a pull may have known old conditions
        check_all(connection)


def check_login(credential_id: int) -> None:
    """Read what a login may do, once it is connected."""
    credential = Credential.objects.usable().select_related("connection").filter(pk=credential_id).first()
    if credential:
        try:
            check(credential)
        except ProviderError as error:
            logger.warning("What %s may do could not be read: %s", credential, error.reason)


def give_logins(connection: Connection) -> None:
    """Rows without a login, or with one that was replaced, get the one that they would get now.

    A user's own login that must be connected again is waited for; one of the team is not, once another is chosen.
    """
    logins = Logins(connection)
    team = logins.for_team().credential
    if team is None or team.broken_reason:
        return
    personal = {row.pk for row in logins.personal.values() if row.pk != connection.team_credential_id}
    rows = Outbox.objects.filter(connection=connection, claim_token=None)
    rows.filter(credential=None).update(credential=team)
    rows.exclude(credential__broken_reason="").exclude(credential__in=personal).update(credential=team)
