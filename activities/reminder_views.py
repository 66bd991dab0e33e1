"""What one is to be reminded of: beside one's name on every page, and on the home page until one says so."""

from collections.abc import Sequence
from datetime import timedelta

from django.contrib.auth.decorators import login_required
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from activities import reminding, services
from activities.models import Activity, Reminder
from common import slots
from common.access import for_readers
from common.http import Request
from users.models import User

SHOWN = 10
LATER = {"hour": timedelta(hours=1), "day": timedelta(days=1)}


def _mine(user: User) -> list[Reminder]:
    rows = Reminder.objects.unseen().filter(user=user)
    return list(rows.select_related("activity__contact", "activity__account", "activity__deal").order_by("-at")[:SHOWN])


@slots.fill("menu.foot")
def alarms(request: Request, records: Sequence[Model]) -> list[str]:
    """It asks for itself, so that pages cost nothing and one is reminded while one looks at them."""
    return [render_to_string("activities/_alarm.html", {"is_asking": True}, request) for _ in records]


@slots.fill("home.panels")
def reminder_cards(request: Request, records: Sequence[Model]) -> list[str]:
    reminders = _mine(request.user)
    card = render_to_string("activities/_reminders.html", {"reminders": reminders}, request) if reminders else ""
    return [card for _ in records]


@login_required
def alarm(request: Request) -> HttpResponse:
    return render(request, "activities/_alarm.html", {"count": len(_mine(request.user))})


@for_readers
@login_required
@require_POST
def reminder_answer(request: Request, pk: int) -> HttpResponse:
    """Said to be known, put off, or done; answers what is left."""
    reminder = get_object_or_404(Reminder.objects.select_related("activity"), pk=pk, user=request.user)
    answer = request.POST.get("answer", "")
    if answer in LATER:
        reminding.snooze(pk, request.user, LATER[answer])
    else:
        is_task = reminder.activity.kind == Activity.Kind.TASK
        if answer == "done" and is_task and request.user.may_edit:
            services.complete_task(reminder.activity_id)
        reminding.mark_seen(pk, request.user)
    response = render(request, "activities/_reminders.html", {"reminders": _mine(request.user)})
    return trigger_client_event(response, "reminders-changed")
