"""What would happen: previews of changes, pulls and pushes, and how they are carried out."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import resolve, reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from common.http import Request, number, typed, wants_fragment
from common.models import RecordKind
from common.paging import paged
from integrations import carrying, changes, previewing, trying
from integrations.access import admin_required
from integrations.forms.seen import SeenForm
from integrations.models import Connection, Run, RunLine, SyncedKind
from integrations.outlook import SHOWN as SHOWN_COUNTS
from integrations.outlook import WORDS, Part, parts_of, touched
from integrations.permissions import what_is_read
from integrations.previewing import UnderWay
from integrations.progress import LABELS, ordered
from integrations.services import Refused
from integrations.sync.records import KINDS as SYNCED
from integrations.sync.records import RECORD_TYPES
from integrations.tables import connected
from integrations.telling import what_of
from integrations.views.frame import framed

# The view that saves a section: it answers what is wrong with a form, beside its fields.
SAVING = {
    "settings": "object_settings",
    "mapping": "mapping",
    "stages": "stages",
    "deletions": "deletions",
    "conditions": "conditions",
}
OVERVIEW = "integrations:overview"
FIELDS = 40  # of a record that are shown in a list of many
SHOWN = 20  # newest previews
ACTIVITIES = (SyncedKind.ACTIVITY.value, "Activities")
KINDS = (Run.Kind.PREVIEW, Run.Kind.CARRIED, Run.Kind.TRIAL)


@admin_required
@require_POST
def preview_change(request: Request, section: str, name: str) -> HttpResponse:
    """What saving a section as it is filled in would do."""
    connection = connected()
    form = changes.bind(connection, section, name, request.POST)
    if not form.is_valid():
        saving = resolve(reverse(f"integrations:{SAVING.get(section, section)}", args=[name]))
        answer: HttpResponse = saving.func(request, *saving.args, **saving.kwargs)
        return answer
    wanted = {"what": "change", "section": section, "name": name, "data": changes.as_data(request.POST)}
    return _begin(request, connection, wanted | {"state": changes.state_of(connection)})


@admin_required
@require_POST
def preview_first_sync(request: Request) -> HttpResponse:
    return _begin(request, connected(), {"what": "first_sync"})


@admin_required
@require_POST
def preview_pull(request: Request) -> HttpResponse:
    """Of one object, or all; of what changed, or everything."""
    connection = connected()
    names = list(connection.cursors.values_list("remote_object", flat=True))
    chosen = typed(request.POST, "object")
    if chosen and chosen not in names:
        raise Http404(f"“{chosen}” is not pulled.")
    wanted = {"what": "pull", "names": [chosen] if chosen else ordered(names)}
    return _begin(request, connection, wanted | {"everything": bool(request.POST.get("everything"))})


@admin_required
@require_POST
def preview_push(request: Request) -> HttpResponse:
    """Of what waits; with ``everything`` also the one-time push of one kind, or of all kinds of records."""
    chosen, is_whole = typed(request.POST, "kind"), bool(request.POST.get("everything"))
    if chosen and chosen not in (*RECORD_TYPES, SyncedKind.ACTIVITY):
        raise Http404(f"“{chosen}” can’t be pushed so.")
    kinds = [chosen] if chosen else list(map(str, RECORD_TYPES if is_whole else SyncedKind))
    wanted = {"what": "push", "kinds": kinds, "everything": is_whole}
    return _begin(request, connected(), wanted)


def _begin(request: Request, connection: Connection, wanted: dict[str, Any]) -> HttpResponse:
    return _shown(request, lambda: previewing.begin(connection, wanted, request.user))


def _shown(request: Request, act: Callable[[], Run], otherwise: str = "") -> HttpResponse:
    """The page of the run that ``act`` begins."""
    try:
        url = reverse("integrations:preview", args=[act().pk])
    except UnderWay as refusal:
        messages.warning(request, str(refusal))
        url = reverse("integrations:preview", args=[refusal.run.pk])
    except Refused as refusal:
        messages.error(request, str(refusal))
        url = otherwise or reverse("integrations:previews")
    return HttpResponseClientRedirect(url) if wants_fragment(request) else redirect(url)


@admin_required
def preview_list(request: Request) -> HttpResponse:
    """The newest previews, and forms to ask for others."""
    connection = connected()
    names = ordered(connection.cursors.values_list("remote_object", flat=True))
    runs = connection.runs.filter(kind__in=KINDS).select_related("started_by")[:SHOWN]
    context = {
        "runs": [{"run": run, "title": what_of(run)} for run in runs],
        "refusal": previewing.refusal(connection),
        "objects": [(name, LABELS.get(name, name)) for name in names],
        "kinds": [*((kind.value, f"{kind.label}s") for kind in RecordKind if kind.value in RECORD_TYPES), ACTIVITIES],
        "is_setup": connection.phase == Connection.Phase.SETUP,
    }
    return framed(request, "integrations/previews.html", context)


@admin_required
def preview(request: Request, pk: int) -> HttpResponse:
    run = _find(pk)
    context = {"run": run, "title": what_of(run), **_status(run), **_lines(request, run)}
    if wants_fragment(request) and request.htmx.target == "rows":
        return render(request, "integrations/_preview_lines.html", context)
    return framed(request, "integrations/preview.html", context)


@admin_required
def preview_status(request: Request, pk: int) -> HttpResponse:
    """How it is getting on; when it is over, the page is loaded once more, with its lines."""
    run = _find(pk)
    if run.state != Run.State.RUNNING:
        return HttpResponseClientRedirect(reverse("integrations:preview", args=[pk]))
    return render(request, "integrations/_preview_status.html", {"run": run, **_status(run)})


@admin_required
@require_POST
def preview_cancel(request: Request, pk: int) -> HttpResponse:
    previewing.cancel(_find(pk))
    return redirect("integrations:preview", pk)


@admin_required
@require_POST
def preview_again(request: Request, pk: int) -> HttpResponse:
    """The same once more, as the settings and the records are now."""
    run = _find(pk)
    return _shown(request, lambda: previewing.again(run, request.user), request.path.removesuffix("again/"))


@admin_required
@require_POST
def preview_carry_out(request: Request, pk: int) -> HttpResponse:
    run = _find(pk)
    seen = SeenForm(request.POST)
    if run.request["what"] == "first_sync" and seen.is_valid() and not carrying.refusal(run):
        seen.save()
    return _shown(request, lambda: carrying.carry_out(run, request.user), reverse("integrations:preview", args=[pk]))


def _find(pk: int) -> Run:
    previewing.end_broken_off()
    runs = Run.objects.filter(kind__in=KINDS).select_related("connection", "started_by", "preview")
    return get_object_or_404(runs, pk=pk)


def _status(run: Run) -> dict[str, Any]:
    parts = trying.parts_of(run) if run.kind == Run.Kind.TRIAL else parts_of(run)
    is_running, what = run.state == Run.State.RUNNING, run.request["what"]
    is_preview = run.kind == Run.Kind.PREVIEW
    is_first = what == "first_sync" and is_preview and not is_running
    refusal = carrying.refusal(run) if is_preview and not is_running else ""
    return {
        "parts": [_told(part) for part in parts],
        "refusal": refusal,
        # Of one that is finished that was asked already.
        "is_stale": refusal == carrying.STALE
        or (is_preview and run.state != Run.State.DONE and carrying.is_stale(run)),
        "touched": touched(parts),
        "is_running": is_running,
        "is_queued": is_running and not run.found,
        "back": _back(run),
        "action": ACTIONS.get(what, "Carry out"),
        "seen_form": SeenForm() if is_first else None,
        "what_is_read": what_is_read(run.connection) if is_first else "",
    }


def _told(part: Part) -> tuple[str, str, list[tuple[int, str, str]], Part]:
    counts = [(part.scaled(name), WORDS.get(name, name), COLOURS.get(name, "")) for name in SHOWN_COUNTS]
    label = LABELS.get(part.remote_object, part.remote_object)
    return label, RunLine.Direction(part.direction).label, [row for row in counts if row[0]], part


COLOURS = {"created": "text-green", "updated": "text-blue", "deleted": "text-red", "conflicts": "text-yellow"}
COLOURS |= {"failed": "text-red"}
ACTIONS = {"change": "Save", "first_sync": "Start syncing", "pull": "Pull", "push": "Push"}


def _back(run: Run) -> str:
    """The page that a preview was asked for on, or where what it began is under way."""
    if run.request["what"] == "change":
        name = run.request["name"]
        return reverse("integrations:object", args=[SYNCED.get(name, name)])
    if run.request.get("everything"):
        kinds = {*run.request.get("kinds", ()), *(SYNCED.get(name, "") for name in run.request.get("names", ()))}
        if kinds == {SyncedKind.ACTIVITY}:
            return f"{reverse('integrations:activities')}#once"
        return f"{reverse('integrations:object', args=[*kinds])}#once" if len(kinds) == 1 else reverse(OVERVIEW)
    return reverse("integrations:previews")


def _lines(request: HttpRequest, run: Run) -> dict[str, Any]:
    q, outcome, part = (typed(request.GET, name) for name in ("q", "outcome", "part"))
    rows = run.lines.all()
    if q:
        rows = rows.filter(name__icontains=q)
    if outcome in RunLine.Outcome.values:
        rows = rows.filter(outcome=outcome)
    if only := number(typed(request.GET, "line")):
        rows = rows.filter(pk=only)
    if part:
        direction, _, name = part.partition(":")
        rows = rows.filter(direction=direction, remote_object=name)
    choices = []
    for one in parts_of(run):
        label, where, *_ = _told(one)
        choices.append((f"{one.direction}:{one.remote_object}", f"{label}, {where}"))
    filters = {"q": q, "outcome": outcome, "part": part, "choices": choices, "outcomes": RunLine.Outcome.choices}
    fields = ":" if only else f":{FIELDS}"
    return filters | {"page": paged(rows, request, {"": ("id",)}), "fields": fields, "most": FIELDS, "only": only}
