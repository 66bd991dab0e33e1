"""The integration's own page: the connection, the setup window, the first pull, and how it is getting on."""

from collections.abc import Collection
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from common.http import Request, typed
from integrations import budget, connecting, guide, progress, services
from integrations.access import admin_required
from integrations.forms.seen import SeenForm
from integrations.logins import the_connection
from integrations.models import Connection, ErrorEntry, ObjectSettings
from integrations.permissions import what_is_read
from integrations.salesforce.demo import local_org
from integrations.sync.provider import ProviderError
from integrations.telling import tell
from integrations.views.frame import framed

RECENT_RUNS = 10
LIVE, SLOW = "every 2s", "every 20s"


@admin_required
def overview(request: Request) -> HttpResponse:
    connection = the_connection()
    if not connection.is_connected:
        context = {"local_org": local_org(), "steps": guide.steps(connection)}
        return framed(request, "integrations/unconnected.html", context)
    return framed(request, "integrations/overview.html", _status(connection))


@admin_required
def status(request: Request) -> HttpResponse:
    """The living part of the page; it asks for itself again only while something is under way."""
    connection = the_connection()
    if not connection.is_connected:
        return redirect("integrations:overview")
    return render(request, "integrations/_status.html", _status(connection))


@admin_required
def start(request: Request) -> HttpResponse:
    """“Start syncing now”: says what will happen, and does it on POST."""
    connection = the_connection()
    if connection.phase != Connection.Phase.SETUP:
        return redirect("integrations:overview")
    lacking = connecting.missing_requirements(connection)
    form = SeenForm(request.POST if request.method == "POST" else None)
    if form.is_valid() and not lacking:
        form.save()
        connecting.start_syncing(connection)
        services.wake_pull()
        messages.success(request, "Syncing has started. The first pull is under way.")
        return redirect("integrations:overview")
    pulled = set(connection.cursors.values_list("remote_object", flat=True))
    context = {
        "lacking": lacking,
        "pulled": _waiting(connection, pulled),
        "left": _waiting(connection, set(connection.waiting_counts) - pulled),
        "settings": _settings(connection),
        "form": form,
        "what_is_read": what_is_read(connection),
    }
    return framed(request, "integrations/start.html", context, status=422 if request.method == "POST" else 200)


@admin_required
@require_POST
def hold(request: Request) -> HttpResponse:
    connection = the_connection()
    is_held = request.POST.get("held") == "1"
    connecting.hold(connection, is_held=is_held)
    messages.success(request, "Held back: nothing starts by itself." if is_held else "It starts by itself again.")
    return redirect("integrations:overview")


@admin_required
@require_POST
def first_pull(request: Request) -> HttpResponse:
    """Pause the first pull, or let it go on."""
    is_held = request.POST.get("held") == "1"
    try:
        services.hold_first_pull(the_connection(), is_held=is_held)
    except services.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The first pull is paused." if is_held else "The first pull goes on.")
    return redirect("integrations:overview")


@admin_required
@require_POST
def pass_step(request: Request) -> HttpResponse:
    """A step of the setup is looked at."""
    guide.let_pass(the_connection(), typed(request.POST, "step"))
    return redirect("integrations:overview")


@admin_required
@require_POST
def pull(request: Request) -> HttpResponse:
    """Pull one object, or all."""
    connection = the_connection()
    try:
        services.request_pull(connection, typed(request.POST, "object"), user=request.user)
    except services.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Pulling now.")
    return redirect("integrations:overview")


@admin_required
@require_POST
def refresh(request: Request) -> HttpResponse:
    """Read users, fields, picklists and stages of the org again."""
    connection = the_connection()
    credential = connection.team_credential
    if not credential or credential.broken_reason or not connection.is_connected:
        messages.error(request, "The team's login does not work. Connect it again first.")
        return redirect("integrations:overview")
    try:
        connecting.prepare(connection, credential)
    except ProviderError as error:
        messages.error(request, error.reason)
    else:
        messages.success(request, "Fields, picklists, users and stages are read from Salesforce again.")
    return redirect("integrations:overview")


def _status(connection: Connection) -> dict[str, Any]:
    phase, states, queue = connection.phase, progress.objects(connection), progress.queue(connection)
    is_busy = phase == Connection.Phase.INITIAL_PULL or any(state.is_running for state in states)
    return {
        "connection": connection,
        "phase": phase,
        "poll": LIVE
        if is_busy
        else SLOW
        if phase == Connection.Phase.SETUP or any(count for _, count in queue)
        else "",
        "waiting": _waiting(connection, connection.waiting_counts),
        "steps": guide.steps(connection) if phase == Connection.Phase.SETUP else [],
        "first_pull": progress.first_pull(connection) if phase == Connection.Phase.INITIAL_PULL else [],
        "is_first_pull_held": connection.cursors.filter(is_held=True).exists(),
        "objects": states,
        "queue": queue,
        "waiting_total": sum(count for _, count in queue),
        "open_errors": ErrorEntry.objects.open().count(),
        "runs": tell(connection.runs.select_related("started_by")[:RECENT_RUNS]),
        "holds": budget.holds(connection),
        "pull_refusal": services.pull_refusal(connection),
        "calls": sum(run.api_calls for run in connection.runs.filter(is_first=True)),
    }


def _waiting(connection: Connection, names: Collection[str]) -> list[tuple[str, int]]:
    """How many records Salesforce had of each object when it was connected."""
    counts = connection.waiting_counts
    return [(progress.LABELS.get(name, name), counts[name]) for name in progress.ordered(counts) if name in names]


def _settings(connection: Connection) -> list[Any]:
    """Of the kinds that are pushed."""
    sync = ObjectSettings.Sync
    return list(connection.object_settings.filter(sync__in=(sync.BOTH, sync.PUSH)).order_by("record_kind"))
