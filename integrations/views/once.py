"""The one-time pull and push: what they would do, told first; then begun, held, taken up again or cancelled."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render

from common.http import Request, number, typed
from integrations import everything, forecasting, obstacles, services
from integrations.access import admin_required
from integrations.carrying import TOLERANCE
from integrations.models import ActivitySettings, Connection, Cursor, Run, SyncedKind
from integrations.progress import LABELS, PLURALS, Progress
from integrations.sync.provider import ProviderError
from integrations.sync.records import KINDS
from integrations.tables import connected

UNDER_WAY = (Run.State.RUNNING, Run.State.INCOMPLETE)


def pull_row(connection: Connection, remote_object: str) -> dict[str, Any]:
    """How the pull of everything of an object stands."""
    cursor = connection.cursors.filter(remote_object=remote_object).select_related("run").first()
    is_first = bool(cursor and cursor.position is None and connection.phase == Connection.Phase.INITIAL_PULL)
    is_running = bool(cursor and cursor.is_full and not is_first)
    run = cursor.run if cursor and cursor.run and cursor.run.is_first and cursor.run.state in UNDER_WAY else None
    last = connection.runs.filter(kind=Run.Kind.PULL, remote_object=remote_object, is_first=True)
    return {
        "remote_object": remote_object,
        "label": LABELS[remote_object],
        "is_running": is_running,
        "is_held": bool(cursor and cursor.is_held),
        "progress": Progress(LABELS[remote_object], run, 0) if is_running else None,
        "obstacle": obstacles.to_pull(connection, remote_object),
        "last": last.exclude(finished_at=None).order_by("-pk").first(),
    }


def push_row(connection: Connection, kind: str) -> dict[str, Any]:
    """How the push of everything of a kind stands."""
    settings = _settings(connection, kind)
    is_running = everything.is_under_way(settings)
    last = settings.push_all_run if settings.push_all_run and settings.push_all_run.finished_at else None
    return {
        "kind": kind,
        "label": PLURALS[kind],
        "is_running": is_running,
        "is_held": settings.push_all_held,
        "is_marking": settings.push_all_after is not None,
        "progress": Progress("", settings.push_all_run, 0) if is_running else None,
        "obstacle": obstacles.to_push(connection, settings),
        "last": last,
    }


def _settings(connection: Connection, kind: str) -> everything.Settings:
    """Raises Http404. Of activities there may be none yet: then nothing is on."""
    if kind == SyncedKind.ACTIVITY:
        return ActivitySettings.of(connection)
    found = everything.settings_of(connection, [kind])
    if not found:
        raise Http404(f"There is no push of “{kind}”.")
    return found[0]


@admin_required
def pull(request: Request, remote_object: str) -> HttpResponse:
    """The row of one object; with ``count`` it tells what a pull of everything would do, which asks Salesforce once."""
    connection = connected()
    if remote_object not in KINDS:
        raise Http404(f"There is no pull of “{remote_object}”.")
    if request.method == "POST":
        _do(request, lambda what: _pull(request, connection, remote_object, what))
    row = pull_row(connection, remote_object)
    context: dict[str, Any] = {"row": row}
    if "count" in request.GET and not row["obstacle"] and not row["is_running"]:
        try:
            context["told"] = forecasting.pull(connection, remote_object)
        except (services.Refused, ProviderError) as error:
            context["fault"] = str(error)
    return render(request, "integrations/_once_pull.html", context)


@admin_required
def push(request: Request, kind: str) -> HttpResponse:
    """The row of one kind; with ``count`` it tells what a push of everything would do."""
    connection = connected()
    _settings(connection, kind)
    if request.method == "POST":
        _do(request, lambda what: _push(request, connection, kind, what, number(typed(request.POST, "shown"))))
    row = push_row(connection, kind)
    context: dict[str, Any] = {"row": row}
    if "count" in request.GET and not row["obstacle"] and not row["is_running"]:
        (context["told"],) = forecasting.push(connection, [kind])
    return render(request, "integrations/_once_push.html", context)


def _do(request: Request, act: Callable[[str], None]) -> None:
    try:
        act(request.POST.get("do", ""))
    except services.Refused as refusal:
        messages.error(request, str(refusal))


def _pull(request: Request, connection: Connection, remote_object: str, what: str) -> None:
    cursor = get_object_or_404(Cursor, connection=connection, remote_object=remote_object)
    match what:
        case "start":
            services.request_full_pull(connection, remote_object, user=request.user)
        case "hold" if cursor.is_full:
            services.hold_pull(cursor)
        case "resume":
            services.resume_pull(cursor)
        case "cancel" if cursor.is_full and cursor.position:
            services.cancel_pull(cursor)


def _push(request: Request, connection: Connection, kind: str, what: str, shown: int) -> None:
    """``shown``: how many records were counted; what would push over a tenth more stops."""
    settings = _settings(connection, kind)
    match what:
        case "start":
            if reason := everything.refusal(connection, settings):
                raise services.Refused(reason)
            most = {everything.object_of(settings): round(shown * TOLERANCE)} if shown else None
            everything.start(connection, [kind], request.user, most=most)
            everything.resume(connection, kind)  # wakes who marks and who sends
        case _ if settings.pk is None:
            return
        case "hold":
            everything.hold(connection, kind)
        case "resume":
            everything.resume(connection, kind)
        case "cancel":
            everything.cancel(connection, [kind])
