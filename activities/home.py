"""The first page: what is mine to do."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from activities.models import Activity
from common.http import Request
from contacts.models import Contact
from deals.models import Deal
from users.models import User

SHOWN = 10


@login_required
def home(request: Request) -> HttpResponse:
    mine = Contact.objects.listed().filter(owner=request.user)
    context = {
        "tasks": _my_tasks(request.user)[:SHOWN],
        "contacts": mine.select_related("account", "stage").order_by("-id")[:SHOWN],
        "stages": _my_stages(request.user),
        "is_new": not Contact.objects.exists(),
        "today": timezone.localdate(),
    }
    return render(request, "activities/home.html", context)


def _my_tasks(user: User) -> Any:
    tasks = Activity.objects.open_tasks().filter(owner=user)
    return tasks.select_related("account", "contact", "deal").order_by("due_on", "id")


def _my_stages(user: User) -> Any:
    """Open deals by stage and currency: how many, and how much together."""
    deals = Deal.objects.listed().open().filter(owner=user)
    by_stage = deals.values("stage_id", "stage__name", "stage__position", "currency")
    return by_stage.annotate(deals=Count("id"), total=Sum("amount")).order_by("stage__position", "stage_id", "currency")
