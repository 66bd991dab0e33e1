"""Long work that a person starts: an export, an import, a change of a hundred thousand records.

A kind of job is a step that does one chunk. Its writes and the job's new position go in one transaction, so a job that
was killed goes on where it stood and does nothing twice:

    @jobs.runs("export")
    def export(job: Job) -> bool:
        ...  # do one chunk, move job.position, count in job.done and job.counts
        return is_finished

A worker works at a job under a lease. Before a chunk is committed the lease is looked at again: what a worker did that
was taken for dead, or whose job was stopped meanwhile, is rolled back.

A step that has nothing to do until others have done their part answers None: the job is let go until ``wake``, or until
the next minute.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from time import monotonic
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

import pghistory
from django.db import OperationalError, transaction
from django.utils import timezone
from django_q.tasks import async_task

from common import audit
from common.acting import acting_as
from common.models import Job, JobChunk

if TYPE_CHECKING:
    from users.models import User

logger = logging.getLogger(__name__)

SLICE = 20.0  # seconds that a worker stays with one job before it takes its turn again
LEASE = timedelta(minutes=2)  # longer than a worker lets one task run
FILES_KEPT, JOBS_KEPT = timedelta(days=7), timedelta(days=90)
PIECE = 1 << 20
TRIES = 4  # of a chunk that PostgreSQL ended so that somebody else could go on
BROKEN = "Something unexpected happened. What was done until then stands; “Try again” goes on from there."
MOVED = ("total", "done", "counts", "position", "message", "result_name")

Step = Callable[[Job], bool | None]
_steps: dict[str, Step] = {}
_for_readers: set[str] = set()
_asking: dict[str, str] = {}


class JobRefused(Exception):
    """Why a job can't go on, for the person who started it."""


class _LeaseLost(Exception):
    """Another worker has the job, or it was stopped."""


def runs(kind: str, *, for_readers: bool = False, asks: str = "") -> Callable[[Step], Step]:
    """Register what does one chunk of a job of this kind and answers whether that was the last; None: it waits.

    ``for_readers``: it changes nothing that is not its user's own, or sees to that itself. ``asks``: the address of the
    page that asks what is still to be said of one that was prepared.
    """

    def register(step: Step) -> Step:
        _steps[kind] = step
        if for_readers:
            _for_readers.add(kind)
        if asks:
            _asking[kind] = asks
        return step

    return register


def asking_page(kind: str) -> str:
    return _asking[kind]


# --- what people do -----------------------------------------------------------------------------------------------


def start(
    kind: str,
    *,
    user: "User",
    title: str,
    params: dict[str, Any] | None = None,
    file: IO[bytes] | None = None,
    is_run_here: bool = False,
    is_export: bool = False,
    of_what: str = "",
) -> Job:
    """Put a job down, with the file that it works off; a worker begins once the transaction is through.

    ``is_run_here``: the caller begins with it at once, and a worker only if nobody does so within a minute.
    ``is_export``, ``of_what``: for the audit log.
    """
    with transaction.atomic():
        what = f"{title} ({of_what})" if of_what else title
        audit.record(audit.Kind.EXPORT if is_export else audit.Kind.MASS, what, user=user)
        job = Job.objects.create(kind=kind, title=title[:200], user=user, params=params or {})
        if file is not None:
            keep(job, iter(partial(file.read, PIECE), b""), is_result=False)
        if not is_run_here:
            transaction.on_commit(partial(wake, job.pk))
    return job


@transaction.atomic
def prepare(kind: str, *, user: "User", title: str, params: dict[str, Any], pieces: Iterable[bytes]) -> Job:
    """Put down a job that its user has still to say something of; it waits until ``begin``, for a week at most."""
    job = Job.objects.create(kind=kind, title=title[:200], user=user, params=params, state=Job.State.DRAFT)
    keep(job, pieces, is_result=False)
    return job


@transaction.atomic
def begin(job_id: int, *, params: dict[str, Any]) -> bool:
    """Let a job that was prepared begin; answers whether it had not begun before."""
    jobs = Job.objects.filter(pk=job_id, state=Job.State.DRAFT)
    is_begun = bool(jobs.update(state=Job.State.WAITING, params=params))
    if is_begun:
        job = Job.objects.select_related("user").get(pk=job_id)
        audit.record(audit.Kind.MASS, job.title, user=job.user)
        transaction.on_commit(partial(wake, job_id))
    return is_begun


@transaction.atomic
def stop(job_id: int) -> bool:
    """Stop a job; the chunk that is under way is rolled back. Answers whether there was anything to stop."""
    jobs = Job.objects.filter(pk=job_id, state__in=Job.UNDER_WAY)
    return bool(jobs.update(state=Job.State.STOPPED, claim_token=None, claimed_until=None, ended_at=timezone.now()))


@transaction.atomic
def try_again(job_id: int) -> bool:
    """Let a failed or stopped job go on from where it stood; answers whether it may."""
    jobs = Job.objects.filter(pk=job_id, state__in=[Job.State.FAILED, Job.State.STOPPED])
    is_begun = bool(jobs.update(state=Job.State.WAITING, message="", ended_at=None))
    if is_begun:
        transaction.on_commit(partial(wake, job_id))
    return is_begun


# --- files --------------------------------------------------------------------------------------------------------


def keep(job: Job, pieces: Iterable[bytes], *, is_result: bool = True) -> None:
    """Add pieces to a job's file, in the caller's transaction."""
    number = job.chunks.filter(is_result=is_result).count()
    for piece in pieces:
        JobChunk.objects.create(job=job, is_result=is_result, number=number, data=piece)
        number += 1


def pieces(job: Job, *, is_result: bool) -> Iterator[bytes]:
    """A job's file, read piece by piece. A binary column comes as a memoryview or as bytes."""
    numbers = job.chunks.filter(is_result=is_result).order_by("number").values_list("number", flat=True)
    for number in list(numbers):
        for data in job.chunks.filter(is_result=is_result, number=number).values_list("data", flat=True):
            yield bytes(data)


# --- what workers do ----------------------------------------------------------------------------------------------


def wake(job_id: int) -> None:
    async_task("common.jobs.run", job_id)


def run(job_id: int, seconds: float = SLICE) -> None:
    """Work at a job until it ends or the time is up, then let others have their turn."""
    until = monotonic() + seconds
    job = _claim(job_id)
    try:
        while job and _is_left(job):
            if monotonic() >= until:
                _give_back(job)
                wake(job.pk)
                return
    except _LeaseLost:
        logger.info("Job %s is not ours any more.", job_id)


def tick() -> None:
    """Once a minute: what no worker was woken for, or whose worker was killed."""
    for pk in Job.objects.runnable().order_by("pk").values_list("pk", flat=True):
        wake(pk)


def prune() -> None:
    """Once a day: files of jobs that ended a week ago go, so do those that never began; others after three months."""
    now = timezone.now()
    JobChunk.objects.filter(job__ended_at__lt=now - FILES_KEPT).delete()
    Job.objects.filter(ended_at__lt=now - JOBS_KEPT).delete()
    Job.objects.filter(state=Job.State.DRAFT, created_at__lt=now - FILES_KEPT).delete()


@transaction.atomic
def _claim(job_id: int) -> Job | None:
    job = Job.objects.runnable().select_for_update(skip_locked=True).filter(pk=job_id).first()
    if job:
        job.state, job.claim_token, job.claimed_until = Job.State.RUNNING, uuid4(), timezone.now() + LEASE
        job.save(update_fields=["state", "claim_token", "claimed_until"])
    return job


def _give_back(job: Job) -> None:
    Job.objects.filter(pk=job.pk, claim_token=job.claim_token).update(claim_token=None, claimed_until=None)


def _is_left(job: Job) -> bool:
    """Do one chunk; answers whether there is more to do now."""
    try:
        return _chunk(job) is False
    except _LeaseLost:
        raise
    except JobRefused as refusal:
        _fail(job, str(refusal))
    except Exception:
        logger.exception("Job %s (%s) broke.", job.pk, job.kind)
        _fail(job, BROKEN)
    return False


def _chunk(job: Job) -> bool | None:
    """Do one chunk again while PostgreSQL ends it for others to go on (deadlock, serialisation)."""
    for _ in range(TRIES - 1):
        try:
            return _do_one(job)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "")[:2] != "40":
                raise
            job.refresh_from_db(fields=MOVED)
    return _do_one(job)


@transaction.atomic
def _do_one(job: Job) -> bool | None:
    step = _steps.get(job.kind)
    if step is None:
        raise JobRefused("This version of Tandem does not know this kind of work.")
    if not job.user.is_active:
        raise JobRefused(f"{job.user} was deactivated.")
    if not job.user.may_edit and job.kind not in _for_readers:
        raise JobRefused(f"{job.user} may only read.")
    with (
        acting_as(job.user),
        timezone.override(job.user.time_zone),
        pghistory.context(user=job.user_id, job=job.pk),
    ):
        is_last = step(job)
    values: dict[str, Any] = {name: getattr(job, name) for name in MOVED}
    if is_last:
        values |= {"state": Job.State.DONE, "claim_token": None, "claimed_until": None, "ended_at": timezone.now()}
    elif is_last is None:
        values |= {"claim_token": None, "claimed_until": None}
    else:
        values["claimed_until"] = timezone.now() + LEASE
    ours = Job.objects.filter(pk=job.pk, claim_token=job.claim_token, state=Job.State.RUNNING)
    if not ours.update(**values, updated_at=timezone.now()):
        raise _LeaseLost
    return is_last


def _fail(job: Job, message: str) -> None:
    now = timezone.now()
    ended = {"claim_token": None, "claimed_until": None, "ended_at": now, "updated_at": now}
    ours = Job.objects.filter(pk=job.pk, claim_token=job.claim_token)
    ours.update(state=Job.State.FAILED, message=message, **ended)
