"""Undoing a run: what that would do, and doing it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from common.http import Request
from integrations import telling, undoing
from integrations.access import admin_required
from integrations.models import Run
from integrations.services import Refused
from integrations.views.frame import framed
from integrations.views.tables import connected


@admin_required
def undo(request: Request, pk: int) -> HttpResponse:
    """Says what undoing the run would do, and does it on POST."""
    run = get_object_or_404(connected().runs.select_related("connection"), pk=pk)
    if request.method == "POST":
        try:
            started = undoing.start(run, request.user)
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("integrations:run", pk)
        return redirect("integrations:run", started.pk)
    if reason := undoing.refusal(run):
        messages.warning(request, reason)
        return redirect("integrations:run", pk)
    is_merge = run.kind == Run.Kind.MERGE
    context = {
        "run": run,
        "told": telling.Told(run),
        "merge": undoing.what_returns(run) if is_merge else None,
        "forecast": None if is_merge else undoing.forecast(run),
    }
    return framed(request, "integrations/undo.html", context)


@admin_required
@require_POST
def stop(request: Request, pk: int) -> HttpResponse:
    run = get_object_or_404(connected().runs, pk=pk, kind=Run.Kind.UNDO)
    undoing.cancel(run)
    return redirect("integrations:run", pk)
