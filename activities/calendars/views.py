"""The calendars that somebody subscribed to, on the page of their mailbox."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from activities.calendars.forms import CalendarForm
from activities.mail.waking import wake_when_done
from activities.models import Calendar
from common.access import refuse_readers
from common.http import Request
from common.pages import UNPROCESSABLE

MOST = 10  # of one person


@login_required
def calendar_add(request: Request) -> HttpResponse:
    refuse_readers(request)
    form = CalendarForm(request.POST or None, user=request.user)
    if form.is_valid() and Calendar.objects.filter(user=request.user).count() >= MOST:
        form.add_error(None, f"You have {MOST} calendars: take one away first.")
    if not form.is_valid():
        return render(request, "mail/calendar.html", {"form": form}, status=UNPROCESSABLE if form.errors else 200)
    with transaction.atomic():
        wake_when_done(Calendar.objects.create(user=request.user, **form.cleaned_data))
    messages.success(request, "The calendar is connected, and read now.")
    return redirect("mail:mailbox")


@login_required
@require_POST
def calendar_read(request: Request, pk: int) -> HttpResponse:
    """At once and whole, also what needed attention."""
    calendar = get_object_or_404(Calendar, pk=pk, user=request.user)
    values = {"state": Calendar.State.WORKS, "problem": "", "attempts": 0, "whole_at": None, "due_at": timezone.now()}
    with transaction.atomic():
        Calendar.objects.filter(pk=calendar.pk).update(**values, updated_at=timezone.now())
        wake_when_done(calendar)
    messages.success(request, "It is read now.")
    return redirect("mail:mailbox")


@login_required
@require_POST
def calendar_remove(request: Request, pk: int) -> HttpResponse:
    get_object_or_404(Calendar, pk=pk, user=request.user).delete()
    messages.success(request, "The calendar is taken away; its meetings stay.")
    return redirect("mail:mailbox")
