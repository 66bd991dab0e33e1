"""Notes, calls, meetings and tasks: made on a record's page, edited on their own."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from activities import services
from activities.forms import FIELDS, ActivityForm
from activities.models import Activity
from activities.panels import activity_context
from common.models import Record
from common.pages import UNPROCESSABLE
from common.views import model_or_404


@login_required
def activity_add(request: HttpRequest, record_kind: str, pk: int, kind: str) -> HttpResponse:
    """The card of a record with the form for a new activity; a POST adds it."""
    record = get_object_or_404(model_or_404(record_kind), pk=pk)
    if kind not in FIELDS:
        raise Http404(f"A {kind} cannot be added by hand.")
    if request.method != "POST":
        return _card(request, record, kind, _new_form(request, kind))
    form = _new_form(request, kind, request.POST)
    if not form.is_valid():
        return _card(request, record, kind, form, status=UNPROCESSABLE)
    services.create_activity(kind=kind, **{record_kind: record}, **form.cleaned_data | form.changes())
    messages.success(request, f"{Activity.Kind(kind).label} added.")
    return trigger_client_event(_card(request, record), "record-saved")


@login_required
def activity_card(request: HttpRequest, record_kind: str, pk: int) -> HttpResponse:
    return _card(request, get_object_or_404(model_or_404(record_kind), pk=pk))


@login_required
def activity_detail(request: HttpRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.select_related("account", "contact", "deal"), pk=pk)
    form = ActivityForm(request.POST or None, instance=activity, kind=activity.kind)
    if form.is_valid():
        services.update_activity(activity.pk, form.changes())
        messages.success(request, "Saved.")
        return redirect(activity.about)
    context = {"activity": activity, "form": form}
    return render(request, "activities/detail.html", context, status=UNPROCESSABLE if form.errors else 200)


@login_required
@require_POST
def activity_complete(request: HttpRequest, pk: int) -> HttpResponse:
    """Check a task off, or open it again; answers its row."""
    task = get_object_or_404(Activity, pk=pk, kind=Activity.Kind.TASK)
    task = services.complete_task(task.pk, is_done=task.completed_at is None)
    response = render(request, "activities/_task.html", {"task": task, "today": timezone.localdate()})
    return trigger_client_event(response, "record-saved")


@login_required
@require_POST
def activity_delete(request: HttpRequest, pk: int) -> HttpResponse:
    activity = get_object_or_404(Activity.objects.select_related("account", "contact", "deal"), pk=pk)
    services.delete_activity(pk)
    messages.success(request, f"{activity.get_kind_display()} deleted.")
    return redirect(activity.about)


def _new_form(request: HttpRequest, kind: str, data: Any = None) -> ActivityForm:
    initial = {"owner": request.user, "happened_at": timezone.localtime().replace(second=0, microsecond=0)}
    return ActivityForm(data, kind=kind, initial=initial)


def _card(
    request: HttpRequest, record: Record, kind: str = "", form: ActivityForm | None = None, status: int = 200
) -> HttpResponse:
    context = activity_context(record) | {"form": form, "form_kind": kind}
    return render(request, "activities/_card.html", context, status=status)
