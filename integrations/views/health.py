"""How the sync does over time, and how much of the org's allowance it may use."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from common.http import Request
from integrations import budget
from integrations import health as measured
from integrations.access import admin_required
from integrations.forms.ceiling import CeilingForm
from integrations.models import Connection
from integrations.progress import queue
from integrations.views.frame import framed
from integrations.views.tables import connected


@admin_required
def health(request: Request) -> HttpResponse:
    connection = connected()
    return framed(request, "integrations/health.html", _health(request, connection, CeilingForm(connection)))


@admin_required
@require_POST
def ceiling(request: Request) -> HttpResponse:
    connection = connected()
    form = CeilingForm(connection, request.POST)
    if not form.is_valid():
        return framed(request, "integrations/health.html", _health(request, connection, form), status=422)
    form.save()
    messages.success(request, "Saved. It counts from now on; what waited goes on within a minute if it may.")
    return redirect(f"{reverse('integrations:health')}#allowance")


def _health(request: Request, connection: Connection, form: CeilingForm) -> dict[str, Any]:
    span = measured.SPANS.get(request.GET.get("span", ""), measured.SPANS["day"])
    lanes, charts = queue(connection), measured.charts(connection, span)
    return {
        "span": span,
        "spans": measured.SPANS.values(),
        "charts": charts,
        "is_measured": any(chart.series for chart in charts),
        "standings": measured.standings(connection),
        "queue": lanes,
        "waiting_total": sum(count for _, count in lanes),
        "uses": budget.uses(connection),
        "holds": budget.holds(connection),
        "form": form,
    }
