"""What a worker does for campaigns: claim people, add them, and give way."""

import logging
from collections.abc import Callable
from functools import partial
from time import monotonic, sleep

from django.db import transaction
from django.utils import timezone

from common import jobs
from common.models import Job
from integrations import budget, campaigns
from integrations.models import Connection, Run
from integrations.pauses import all_is_well, doubt, pause
from integrations.providers import provider_for
from integrations.pushing import BROKEN_PAUSE, may_push
from integrations.services import SLICE, wake_members
from integrations.sync import members, outbox
from integrations.sync.member_push import push_members
from integrations.sync.members import MemberClaim
from integrations.sync.provider import CallFailed, ConnectionBroken
from integrations.sync.records import MEMBERS

logger = logging.getLogger(__name__)

RunKey = tuple[int, int | None]  # login, person


def push_lane_of_members(lane: str, seconds: float = SLICE, sleeper: Callable[[float], None] = sleep) -> None:
    """Add who is due in a lane; one worker a lane, which queues itself again when the time is up."""
    until = monotonic() + seconds
    runs: dict[RunKey, Run] = {}
    cut_off: dict[int, str] = {}
    with outbox.place(f"campaigns {lane}", 1) as has_place:
        while has_place and (is_in_time := monotonic() < until) and may_push(lane, until, sleeper):
            claim = members.claim(Connection.objects.get(), lane)
            if claim is None:
                break
            run = _run_of(claim, runs)
            cut_off[run.pk] = _send(claim, run, lane)
            _tell_jobs(claim)
    for run in runs.values():
        run.finish(Run.State.INCOMPLETE if cut_off[run.pk] else Run.State.DONE, cut_off[run.pk])
    if has_place and not is_in_time:
        wake_members(lane)


def _run_of(claim: MemberClaim, runs: dict[RunKey, Run]) -> Run:
    key = (claim.credential.pk, claim.actor_id)
    if key not in runs:
        runs[key] = Run.objects.create(
            connection=claim.campaign.connection,
            kind=Run.Kind.PUSH,
            remote_object=MEMBERS.name,
            credential=claim.credential,
            started_by_id=claim.actor_id,
        )
    return runs[key]


def _send(claim: MemberClaim, run: Run, lane: str) -> str:
    """Add the people of a claim. Answers why it was cut off; "" when it went through, refusals included."""
    credential, connection = claim.credential, claim.campaign.connection
    provider = provider_for(credential)
    reason = ""
    try:
        push_members(claim, provider, run)
    except ConnectionBroken as error:
        reason = error.reason
        members.release(claim, reason)
        doubt(credential, error)
    except CallFailed as error:
        reason = error.reason
        (members.halve if error.is_answered else members.release)(claim, reason)
        pause(connection, error)
    except Exception:
        logger.exception("Adding people to a campaign broke; it is tried again.")
        reason = "Tandem ran into an error of its own while sending it."
        members.halve(claim, reason, delay=BROKEN_PAUSE)
    else:
        all_is_well(credential)
        if provider.calls:
            Connection.objects.filter(pk=connection.pk).update(wrote_at=timezone.now())
    run.count(api_calls=provider.calls)
    budget.note(credential, provider, lane)
    return reason


def _tell_jobs(claim: MemberClaim) -> None:
    """Jobs hear how far their people are. One that had ended is corrected: a person may have come later."""
    ids = {row.job_id for row in claim.rows if row.job_id}
    for job in Job.objects.filter(pk__in=ids):
        if job.state == Job.State.DONE:
            correct(job)
        else:
            transaction.on_commit(partial(jobs.wake, job.pk))


def correct(job: Job) -> None:
    counts = campaigns.rest(job).counts
    at_first = job.position.get("counts", {})
    Job.objects.filter(pk=job.pk).update(
        counts={**at_first, **{word: count for word, count in counts.items() if count}}
    )


def wake_all() -> None:
    """Once a minute: whose person has arrived meanwhile, and who is due without anybody having rung."""
    members.free_arrived()
    for lane in members.lanes_due():
        wake_members(lane)


def wake_after(ids: list[int]) -> None:
    """People were pushed: whoever is to be in a campaign can be added now, or is known not to get there."""
    members.free_arrived(ids)
    for lane in members.lanes_due(ids):
        wake_members(lane)
