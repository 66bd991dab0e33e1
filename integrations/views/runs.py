"""Runs: what the sync did, in plain words, and to which records."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from common.http import Request, number, typed, wants_fragment
from common.paging import paged
from integrations import telling, undoing
from integrations.access import admin_required
from integrations.models import Connection, Run
from integrations.progress import LABELS
from integrations.sync.records import KINDS
from integrations.views.frame import framed
from integrations.views.tables import connected
from users.models import User

FILTERS = ("object", "kind", "state", "who")
NOBODY = "nobody"
PREVIEWED = (Run.Kind.PREVIEW, Run.Kind.CARRIED, Run.Kind.TRIAL)  # these have pages of their own


@admin_required
def run_list(request: Request) -> HttpResponse:
    page = paged(_filtered(request, connected()), request)
    context = {
        "page": page,
        "runs": telling.tell(page),
        "objects": LABELS.items(),
        "kinds": Run.Kind.choices,
        "states": Run.State.choices,
        "people": [(NOBODY, "By itself"), *((str(user.pk), str(user)) for user in User.objects.order_by("pk"))],
        "filters": {name: typed(request.GET, name) for name in FILTERS},
    }
    if wants_fragment(request):
        return render(request, "integrations/_runs.html", context)
    return framed(request, "integrations/runs.html", context)


def _filtered(request: Request, connection: Connection) -> QuerySet[Run]:
    runs = connection.runs.select_related("started_by")
    for column, name in (("remote_object", "object"), ("kind", "kind"), ("state", "state")):
        if value := typed(request.GET, name):
            runs = runs.filter(**{column: value})
    who = typed(request.GET, "who")
    if who == NOBODY:
        return runs.filter(started_by=None)
    return runs.filter(started_by=number(who)) if who else runs


@admin_required
def run_detail(request: Request, pk: int) -> HttpResponse:
    """What a run did. While it is under way the head of the page asks for itself again."""
    run = get_object_or_404(connected().runs.select_related("started_by", "credential"), pk=pk)
    if run.kind in PREVIEWED:
        return redirect("integrations:preview", pk)
    if wants_fragment(request) and request.htmx.target == "run":
        return render(request, "integrations/_run.html", _head(run))
    context = _records(request, run)
    if wants_fragment(request):
        return render(request, "integrations/_run_records.html", context)
    return framed(request, "integrations/run.html", _head(run) | context)


def _head(run: Run) -> dict[str, Any]:
    return {
        "run": run,
        "told": telling.Told(run),
        "undo": undoing.latest(run),
        "undoes": undoing.undone_by(run),
        "undo_refusal": undoing.refusal(run),
        "counts": [(telling.WORDS[name], getattr(run, name)) for name in Run.OUTCOMES],
    }


def _records(request: Request, run: Run) -> dict[str, Any]:
    """A page of what the run did to records; those that a pull made are told by themselves."""
    show = typed(request.GET, "show")
    show = show if show in telling.SHOWS else ""
    has_arrivals = run.kind == Run.Kind.PULL and run.remote_object in KINDS
    context: dict[str, Any] = {"run": run, "shows": telling.SHOWS.items(), "show": show}
    if show == "created" and has_arrivals:
        page = paged(telling.arrivals_of(run), request)
        return context | {"page": page, "arrivals": page}
    events = telling.events_of(run)
    page_of_events = paged(events.filter(kind__in=telling.EVENTS[show]) if show else events, request)
    return context | {
        "page": page_of_events,
        "lines": telling.lines(page_of_events.rows),
        "has_arrivals": has_arrivals and bool(run.created),
    }
