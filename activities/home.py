"""The first page: what is mine to do, how my deals stand, what changed. Each question reads a few rows of an index."""

from collections.abc import Iterable
from datetime import date
from heapq import nlargest
from operator import attrgetter
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from activities.models import Activity
from common.http import Request
from common.models import Record, Workspace
from common.paging import honest_count
from common.records import MODELS, kind_of, record_model
from common.visibility import seen_of
from contacts.models import Contact
from deals.board import next_to_close
from deals.forecast import Sums, forecast
from deals.models import Deal, Pipeline, Stage

SHOWN = 8
ICONS = {"account": "building", "contact": "user", "deal": "coin"}


@login_required
def home(request: Request) -> HttpResponse:
    today = timezone.localdate()
    tasks = Activity.objects.open_tasks().filter(owner=request.user)
    contacts = Contact.objects.listed().filter(owner=request.user)
    context = {
        "tasks": _by_day(tasks.select_related("account", "contact", "deal").order_by("due_on", "id")[:SHOWN], today),
        "due": honest_count(tasks.filter(due_on__lte=today)),
        "overdue": honest_count(tasks.filter(due_on__lt=today)),
        "contacts": contacts.select_related("account").order_by("-id")[:SHOWN],
        "changed": _changed_last(request),
        "is_new": not Contact.objects.exists(),
        "today": today,
    }
    return render(request, "activities/home.html", context | _my_deals(request))


def _by_day(tasks: Iterable[Activity], today: date) -> list[tuple[str, list[Activity]]]:
    """Under the headings of the page: what is late, what is for today, what comes next."""
    groups: dict[str, list[Activity]] = {}
    for task in tasks:
        groups.setdefault(_heading(task, today), []).append(task)
    return list(groups.items())


def _heading(task: Activity, today: date) -> str:
    if task.due_on is None:
        return "Some day"
    if task.due_on < today:
        return "Overdue"
    return "Today" if task.due_on == today else "Next"


def _my_deals(request: Request) -> dict[str, Any]:
    """Those that close next, and what is expected of all, in the currency of the workspace or the one that there is."""
    mine, today = Deal.objects.listed().filter(owner=request.user), timezone.localdate()
    still_open = list(Stage.objects.filter(is_closed=False).values_list("pk", flat=True))
    found = forecast(Pipeline.objects.first(), mine, today)
    usual = Workspace.load().currency_of_deals
    currency = usual if usual in found.currencies else next(iter(found.currencies), usual)
    months = found.months.get(currency, {})
    return {
        "deals": next_to_close(mine.select_related("stage", "account"), still_open, SHOWN),
        "currency": currency,
        "months": months.items(),
        "this_month": months.get(today.replace(day=1), Sums()),
        "late": found.late.get(currency),
    }


def _changed_last(request: Request) -> list[dict[str, Any]]:
    """The records of every kind that changed last, of those that one sees."""
    rows: list[Any] = []
    for kind in MODELS:
        model: type[Record] = record_model(kind)
        seen = seen_of(model, request.user).listed().select_related(*model.HINT_NEEDS)
        rows += seen.order_by("-updated_at", "-id")[:SHOWN]
    newest = nlargest(SHOWN, rows, key=attrgetter("updated_at"))
    return [{"record": row, "icon": ICONS[kind_of(row)]} for row in newest]
