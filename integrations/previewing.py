"""Previews: asked for by an admin, and planned by a worker in the background."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django_q.tasks import async_task

from integrations import budget, changes
from integrations.models import ApiUsage, Connection, Run, RunLine, SyncedKind
from integrations.outlook import OUTCOMES
from integrations.planning import Planner, Stopped
from integrations.rehearsal import Told
from integrations.services import Refused
from integrations.sync.activities.objects import ACTIVITY_OBJECTS
from integrations.sync.credentials import Logins
from integrations.sync.provider import ProviderError
from integrations.sync.records import KINDS
from users.models import User

SECONDS = 45.0  # that one may take; a worker's job ends at 90
SILENT = timedelta(seconds=100)  # after which nobody is at a run that was begun
QUEUED = timedelta(minutes=15)  # that one may wait for a worker
BROKEN_OFF = "Broken off: its worker was stopped. It can be started again."
KEPT = timedelta(days=14)
DRY = (Run.Kind.PREVIEW, Run.Kind.CARRIED)


def refusal(connection: Connection) -> str:
    """Why nothing can be previewed now; "" when it can."""
    if not connection.is_connected:
        return "Salesforce is not connected."
    login = Logins(connection).for_team().credential
    if login is None:
        return "There is no login to read with: connect one."
    return f"The login of {login} must be connected again." if login.broken_reason else ""


class UnderWay(Refused):
    """Something else is being previewed of the same objects: ``run``."""

    def __init__(self, run: Run) -> None:
        super().__init__("Another preview of the same records is under way: wait for it, or cancel it.")
        self.run = run


@transaction.atomic
def begin(connection: Connection, request: dict[str, Any], user: User | None) -> Run:
    """Have something previewed. Asked for twice, it is one preview. Raises Refused."""
    if reason := refusal(connection):
        raise Refused(reason)
    Connection.objects.select_for_update().get(pk=connection.pk)
    end_broken_off()
    request = request | {"state": changes.state_of(connection)}
    wanted = objects_of(request)
    for run in connection.runs.filter(kind__in=DRY, state=Run.State.RUNNING):
        if run.kind == Run.Kind.PREVIEW and run.request == request:
            return run
        if wanted & objects_of(run.request):
            raise UnderWay(run)
    return queue(connection, Run.Kind.PREVIEW, request, user)


def objects_of(request: dict[str, Any]) -> set[str]:
    """The objects that a preview looks at."""
    match request["what"]:
        case "change":
            return set(changes.objects_of(KINDS.get(request["name"], request["name"])))
        case "pull":
            return set(request["names"])
        case "push":
            return {name for kind in request["kinds"] for name in _pushed_as(kind)}
    return set(KINDS)


def _pushed_as(kind: str) -> Sequence[str]:
    return ACTIVITY_OBJECTS if kind == SyncedKind.ACTIVITY else changes.objects_of(kind)


def again(run: Run, user: User | None) -> Run:
    """Have the same previewed once more, as the settings are now. Raises Refused."""
    if run.kind != Run.Kind.PREVIEW:
        raise Refused("Only a preview can be made again.")
    request = {name: value for name, value in run.request.items() if name != "state"}
    if request["what"] == "change":
        bound(run.connection, request)
    return begin(run.connection, request, user)


def queue(connection: Connection, kind: str, request: dict[str, Any], user: User | None, of: Run | None = None) -> Run:
    run = Run.objects.create(connection=connection, kind=kind, request=request, started_by=user, preview=of)
    transaction.on_commit(lambda: async_task("integrations.tasks.preview", run.pk))
    return run


def end_broken_off() -> int:
    """Previews and trials whose worker was stopped in the middle, and those that none ever began."""
    now = timezone.now()
    running = Run.objects.filter(kind__in=[*DRY, Run.Kind.TRIAL], state=Run.State.RUNNING)
    lost = running.filter(seen_at__lt=now - SILENT).exclude(found={}) | running.filter(seen_at__lt=now - QUEUED)
    return lost.update(state=Run.State.INCOMPLETE, finished_at=now, message=BROKEN_OFF)


def is_claimed(run: Run) -> bool:
    """Take a run on; False when another worker did: a job may come twice."""
    waiting = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING, found={})
    run.found = {"is_begun": True}
    return bool(waiting.update(found=run.found, seen_at=timezone.now()))


def cancel(run: Run) -> None:
    """Stop a preview that is under way; what it found so far stays to be read."""
    under_way = Run.objects.filter(pk=run.pk, kind__in=DRY, state=Run.State.RUNNING)
    under_way.update(state=Run.State.CANCELLED, finished_at=timezone.now(), message="It was cancelled.")


def prune() -> int:
    """Throw away previews that are too old to be trusted, and the lines of those that were carried out."""
    old = timezone.now() - KEPT
    RunLine.objects.filter(run__kind=Run.Kind.CARRIED, run__started_at__lt=old).delete()
    return Run.objects.filter(kind=Run.Kind.PREVIEW, started_at__lt=old).delete()[0]


def plan(run: Run) -> Planner | None:
    """Plan what a run asks for, and store what that comes to; None where it came to an end before it was through."""
    planner = Planner(run.connection, run.request, SECONDS, partial(_report, run))
    try:
        planner.work()
    except Stopped:
        return None
    except (ProviderError, Refused) as error:
        finish(run, Run.State.INCOMPLETE, getattr(error, "reason", str(error)))
        return None
    finally:
        _note_calls(planner)
        _store(run, planner)
    return planner


def _report(run: Run, planner: Planner, told: Sequence[Told]) -> None:
    if not Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).exists():
        raise Stopped
    lines = [line for one in told for line in one.lines]
    for line in lines:
        line.run = run
        if line.outcome == RunLine.Outcome.CREATED and line.direction == "pull":
            line.record_id = None  # it was only rehearsed
    RunLine.objects.bulk_create(lines)
    _store(run, planner)


def _store(run: Run, planner: Planner) -> None:
    """Keep what was found so far: exact counts of what was planned, and how much there is in all."""
    parts = list(planner.parts.values())
    for name in OUTCOMES:
        setattr(run, name, sum(part.counts[name] for part in parts))
    left_out = sum(part.left_out for part in parts)
    run.skipped += left_out
    run.total = sum(part.expected for part in parts) + left_out
    run.api_calls, run.seen_at = planner.calls, timezone.now()
    run.found = {
        **run.found,
        "parts": [part.as_json() for part in parts if part.expected or part.left_out],
        "notes": planner.notes,
        "is_estimate": planner.is_estimate,
        "is_in_pieces": planner.pieces > len(parts),
    }
    run.save(update_fields=[*OUTCOMES, "total", "api_calls", "seen_at", "found", "reasons"])


def _note_calls(planner: Planner) -> None:
    logins = {login.pk: login for login in planner.connection.credentials.all()}
    for pk, provider in planner.rehearsal.providers.items():
        if pk in logins:
            budget.note(logins[pk], provider.real, ApiUsage.Purpose.PEOPLE)


def finish(run: Run, state: Run.State, message: str = "") -> bool:
    """Whether it was still under way: a person may have cancelled it."""
    under_way = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING)
    return bool(under_way.update(state=state, message=message, finished_at=timezone.now(), found=run.found))


def bound(connection: Connection, request: dict[str, Any]) -> Any:
    """The form that was filled in. Raises Refused where it could not be saved any more."""
    try:
        form = changes.bind(connection, request["section"], request["name"], changes.filled(request["data"]))
    except Http404 as gone:
        raise Refused(f"{gone} Fill the settings in again.") from gone
    if not form.is_valid():
        raise Refused("What was filled in does not fit any more: fill the settings in again.")
    return form
