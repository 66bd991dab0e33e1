"""Carrying out what a preview showed: planned again first, and stopped where that would touch much more."""

from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django_q.tasks import async_task

from integrations import changes, connecting, everything, services
from integrations.models import Connection, Run
from integrations.outlook import Part, differences, parts_of, touched
from integrations.planning import Planner
from integrations.previewing import bound, end_broken_off, finish, plan, queue
from integrations.previewing import refusal as preview_refusal
from integrations.services import Refused
from integrations.sync.activities.objects import ACTIVITY_OBJECTS, TASK
from users.models import User

TOLERANCE = 1.1  # times as many touched records as were shown stop what is carried out
STALE = "The settings were changed since: preview again."


def work(run: Run) -> None:
    """Plan what a run asks for; and carry it out, where that is what the run is for."""
    planner = plan(run)
    if planner and run.kind == Run.Kind.PREVIEW:
        finish(run, Run.State.DONE)
    elif planner:
        _carry_out(run, planner)


@transaction.atomic
def carry_out(preview: Run, user: User | None) -> Run:
    """Plan again, and do it if that is what was shown. Raises Refused."""
    Run.objects.select_for_update().get(pk=preview.pk)
    end_broken_off()
    if reason := refusal(preview):
        raise Refused(reason)
    return queue(preview.connection, Run.Kind.CARRIED, preview.request, user, preview)


def is_done(preview: Run) -> bool:
    """Whether it was carried out, or is about to be."""
    return preview.carried_out.filter(state__in=[Run.State.RUNNING, Run.State.DONE], kind=Run.Kind.CARRIED).exists()


def is_stale(run: Run) -> bool:
    """Whether settings were changed since it was asked for."""
    return bool(run.request.get("state")) and run.request["state"] != changes.state_of(run.connection)


def refusal(preview: Run) -> str:
    """Why a preview can't be carried out; "" when it can."""
    connection, what = preview.connection, preview.request.get("what")
    if preview.kind != Run.Kind.PREVIEW or preview.state != Run.State.DONE:
        return "Only a preview that was finished can be carried out."
    if is_done(preview):
        return "It was carried out already: make a new preview."
    if is_stale(preview):
        return STALE
    if reason := preview_refusal(connection):
        return reason
    if what == "change":
        return ""
    if what == "first_sync":
        if connection.phase != Connection.Phase.SETUP:
            return "Syncing has started already."
        return " ".join(connecting.missing_requirements(connection))
    if what == "push" and preview.request["everything"]:
        return _one_time_refusal(connection, preview.request["kinds"])
    return services.pull_refusal(connection)


def _one_time_refusal(connection: Connection, kinds: Sequence[str]) -> str:
    rows = everything.settings_of(connection, kinds)
    if any(map(everything.is_under_way, rows)):
        return "A one-time push is under way."
    refusals = [everything.refusal(connection, row) for row in rows]
    return "" if "" in refusals else next(iter(refusals), "")


def _carry_out(run: Run, planner: Planner) -> None:
    shown, now = parts_of(run.preview), list(planner.parts.values())
    run.found["differences"] = differences(shown, now)
    before, after = touched(shown), touched(now)
    if after > before * TOLERANCE:
        message = f"Stopped: {after:,} records would be touched now, {before:,} were shown. Nothing was done."
        finish(run, Run.State.INCOMPLETE, message)
        return
    try:
        with transaction.atomic():
            if not finish(run, Run.State.DONE):
                return
            said = _do(run, shown)
            Run.objects.filter(pk=run.pk).update(message=" ".join(said))
    except Refused as refused:
        finish(run, Run.State.INCOMPLETE, f"Stopped: {refused} Nothing was done.")


def _most(shown: Sequence[Part]) -> dict[str, int]:
    """By object, how many records may be pushed; activities are counted together, whatever they become.

    What was only estimated is no bound.
    """
    expected: Counter[str] = Counter()
    for part in shown:
        if part.direction == "push":
            expected[TASK if part.remote_object in ACTIVITY_OBJECTS else part.remote_object] += part.expected
    if any(part.is_estimated for part in shown):
        del expected[TASK]
    return {name: round(count * TOLERANCE) for name, count in expected.items()}


def _do(run: Run, shown: Sequence[Part]) -> list[str]:
    """Raises Refused, and then nothing is done."""
    connection, request, user = run.connection, run.request, run.started_by
    if request["state"] != changes.state_of(connection):
        raise Refused(STALE)
    match request["what"]:
        case "change":
            form = bound(connection, request)
            return changes.save(connection, request["section"], request["name"], form)
        case "first_sync":
            if lacking := connecting.missing_requirements(connection):
                raise Refused(" ".join(lacking))
            connecting.start_syncing(connection)
            services.wake_pull()
            return ["Syncing has started. The first pull is under way."]
        case "pull":
            cursors = connection.cursors.filter(remote_object__in=request["names"])
            if request["everything"]:
                services.read_everything(cursors)
            for name in cursors.values_list("remote_object", flat=True):
                services.request_pull(connection, name, user=user)
            return ["Pulling now."]
    if request["everything"]:
        everything.start(connection, request["kinds"], user, preview=run.preview, most=_most(shown))
        transaction.on_commit(lambda: async_task("integrations.tasks.mark_everything"))
    transaction.on_commit(services.wake_lanes)
    return ["Pushing now."]
