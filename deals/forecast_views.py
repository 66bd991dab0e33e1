"""Deals as a forecast."""

from collections.abc import Iterable

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from common.http import Request
from deals.filters import BoardFilter
from deals.forecast import ZERO, Sums, forecast
from deals.models import Deal, Pipeline


@login_required
def deal_forecast(request: Request) -> HttpResponse:
    """One currency at a time: what is not converted cannot be added up."""
    filters = BoardFilter(request.GET, Deal.objects.visible_to(request.user).listed())
    found = forecast(filters.pipeline_shown, filters.shown, timezone.localdate())
    chosen = request.GET.get("currency", "")
    currency = chosen if chosen in found.currencies else next(iter(found.currencies), "")
    months = found.months.get(currency, {})
    context = {
        "filters": filters,
        "pipelines": Pipeline.objects.all(),
        "currencies": found.currencies,
        "currency": currency,
        "months": months.items(),
        "all": _together(months.values()),
        "late": found.late.get(currency),
        "undated": found.undated.get(currency),
    }
    return render(request, "deals/forecast.html", context)


def _together(months: Iterable[Sums]) -> Sums:
    months = list(months)
    return Sums(
        sum((one.won for one in months), ZERO),
        sum((one.expected for one in months), ZERO),
        sum((one.open for one in months), ZERO),
        sum(one.deals for one in months),
    )
