"""What a worker does in a lane: claim what is due, send it, and give way."""

import logging
from collections.abc import Callable, Sequence
from time import monotonic, sleep

from django.conf import settings
from django.utils import timezone

from common.logs import about
from common.models import RecordKind
from integrations import budget
from integrations.models import Connection, Credential, IngestJob, Outbox, Run
from integrations.pauses import all_is_well, doubt, pause
from integrations.providers import provider_for
from integrations.services import SLICE, call_worker, wake_lane, wake_members
from integrations.sync import calls, ingested, members, outbox
from integrations.sync.outbox import Claim
from integrations.sync.provider import CallFailed, ConnectionBroken, RequestRefused
from integrations.sync.push import push

logger = logging.getLogger(__name__)

REFUSED_PAUSE = 5.0  # seconds until records are tried again whose object the org described anew
BROKEN_PAUSE = 60.0  # seconds until records are tried again whose push broke
RunKey = tuple[str, int, int | None]  # object, login, person


def push_lane(
    lane: str, seconds: float = SLICE, sleeper: Callable[[float], None] = sleep, *, only: Sequence[str] = ()
) -> None:
    """Send what is due in ``lane``; stops when the time is up and queues itself again.

    A large backlog is shared: who finds more than it can claim at once calls another worker, as long as there are
    places in the lane. ``only``: these remote objects, and what they wait for.
    """
    calls.answer(lane, sleeper)
    with outbox.place(lane, settings.PUSH_WORKERS) as has_place:
        is_done = not has_place or _push_lane(lane, monotonic() + seconds, sleeper, only)
    if not is_done and Outbox.objects.due().filter(lane=lane, claim_token=None, job=None).exists():
        wake_lane(lane)


def _push_lane(lane: str, until: float, sleeper: Callable[[float], None], only: Sequence[str]) -> bool:
    """Answers whether nothing may be left: not when something came while it worked, or the time is up."""
    runs: dict[RunKey, Run] = {}
    cut_off: dict[int, str] = {}
    has_called = False
    while (is_in_time := monotonic() < until) and may_push(lane, until, sleeper):
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
            call_worker(lane)
            has_called = True
        actors = {row.actor_id for row in claim.rows}
        run = _run_of(claim.credential, claim.remote_object, actors.pop() if len(actors) == 1 else None, runs)
        cut_off[run.pk] = send(claim, run)
        _wake_others(claim)
    for run in runs.values():
        run.finish(Run.State.INCOMPLETE if cut_off[run.pk] else Run.State.DONE, cut_off[run.pk])
    return is_in_time and not runs


def _wake_others(claim: Claim) -> None:
    """What waited for these records in other lanes, and people who are to be in campaigns, can go."""
    for lane in outbox.lanes_set_free(claim):
        wake_lane(lane)
    if claim.rows[0].record_kind == RecordKind.CONTACT:
        ids = [row.record_id for row in claim.rows]
        members.free_arrived(ids)
        for lane in members.lanes_due(ids):
            wake_members(lane)


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
        all_is_well(credential)
    budget.note(credential, provider, job.lane)


def may_push(lane: str, until: float, sleeper: Callable[[float], None]) -> bool:
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


def send(claim: Claim, run: Run) -> str:
    """Send a claim. Answers why it was cut off; "" when it went through, refusals of single records included."""
    with about(run_id=run.pk):
        return _send(claim, run)


def _send(claim: Claim, run: Run) -> str:
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
        all_is_well(credential)
        Connection.objects.filter(pk=credential.connection_id).update(wrote_at=timezone.now())
    run.count(api_calls=provider.calls)
    budget.note(credential, provider, claim.rows[0].lane)
    return reason
