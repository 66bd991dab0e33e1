"""Deals as a board."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from common.http import Request, number, wants_fragment
from common.paging import BadCursorError
from deals import board, services
from deals.filters import BoardFilter
from deals.models import Deal, Pipeline, Stage


@login_required
def deal_board(request: Request) -> HttpResponse:
    filters = _filters(request, request.GET)
    columns = board.columns(filters.pipeline_shown, filters.shown, closed_since=filters.closed_since)
    board.fill(columns, filters.shown, closed_since=filters.closed_since)
    context = _context(filters, columns)
    if wants_fragment(request):
        return render(request, "deals/_board.html", context)
    is_empty = not any(column.count for column in columns) and not Deal.objects.visible_to(request.user).exists()
    return render(request, "deals/board.html", context | {"is_empty": is_empty})


@login_required
def deal_board_more(request: Request) -> HttpResponse:
    """The next deals of one column."""
    filters = _filters(request, request.GET)
    stage = get_object_or_404(Stage, pk=number(request.GET.get("stage", "")))
    try:
        page = board.more(stage, filters.shown, request.GET.get("after", ""), closed_since=filters.closed_since)
    except BadCursorError as error:
        raise Http404("There is no such place in the column.") from error
    return render(request, "deals/_cards.html", {"page": page, "stage": stage, "today": timezone.localdate()})


@login_required
@require_POST
def deal_move(request: Request, pk: int) -> HttpResponse:
    """Put a deal into another stage; answers its card, and the heads of all columns for the board as filtered."""
    deal = get_object_or_404(Deal.objects.visible_to(request.user), pk=pk)
    stage = get_object_or_404(Stage.objects.choosable(), pk=number(request.POST.get("stage", "")))
    services.update_deal(deal.pk, {"stage": stage})
    filters = _filters(request, request.POST)
    columns = board.columns(filters.pipeline_shown, filters.shown, closed_since=filters.closed_since)
    deal = Deal.objects.select_related("account", "owner").get(pk=pk)
    return render(request, "deals/_moved.html", _context(filters, columns) | {"deal": deal, "stage": stage})


def _filters(request: Request, chosen: QueryDict) -> BoardFilter:
    return BoardFilter(chosen, Deal.objects.visible_to(request.user).listed())


def _context(filters: BoardFilter, columns: list[board.Column]) -> dict[str, Any]:
    return {
        "filters": filters,
        "columns": columns,
        "pipelines": Pipeline.objects.all(),
        "today": timezone.localdate(),
    }
