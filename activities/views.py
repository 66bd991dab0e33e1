"""Notes, calls, meetings and tasks: made on a record's page, edited on their own."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from activities import services
from activities.forms import FIELDS, ActivityForm
from activities.models import Activity
from activities.panels import activity_context
from activities.tables import ACTIVITIES
from common.access import refuse_readers
from common.http import Request
from common.models import Record
from common.pages import UNPROCESSABLE
from common.table_views import table_page
from common.views import record_or_404
from common.visibility import seen_of


@login_required
def activity_list(request: Request) -> HttpResponse:
    return table_page(request, ACTIVITIES, "activities/list.html")


@login_required
def activity_add(request: Request, record_kind: str, pk: int, kind: str) -> HttpResponse:
    """The card of a record with the form for a new activity; a POST adds it."""
    record = record_or_404(request, record_kind, pk)
    if kind not in FIELDS:
        raise Http404(f"A {kind} cannot be added by hand.")
    if request.method != "POST":
        refuse_readers(request)
        return _card(request, record, kind, _new_form(request, kind))
    form = _new_form(request, kind, request.POST)
    if not form.is_valid():
        return _card(request, record, kind, form, status=UNPROCESSABLE)
    services.create_activity(kind=kind, **{record_kind: record}, **form.cleaned_data | form.changes())
    messages.success(request, f"{Activity.Kind(kind).label} added.")
    return trigger_client_event(_card(request, record), "record-saved")


@login_required
def activity_card(request: Request, record_kind: str, pk: int) -> HttpResponse:
    return _card(request, record_or_404(request, record_kind, pk))


@login_required
def activity_detail(request: Request, pk: int) -> HttpResponse:
    activity = _activity_or_404(request, pk)
    form = ActivityForm(request.POST or None, instance=activity, kind=activity.kind)
    if form.is_valid():
        services.update_activity(activity.pk, form.changes())
        messages.success(request, "Saved.")
        return _to_what_it_is_about(request, activity)
    context = {"activity": activity, "form": form}
    return render(request, "activities/detail.html", context, status=UNPROCESSABLE if form.errors else 200)


@login_required
@require_POST
def activity_complete(request: Request, pk: int) -> HttpResponse:
    """Check a task off, or open it again; answers its row."""
    task = get_object_or_404(Activity.objects.visible_to(request.user), pk=pk, kind=Activity.Kind.TASK)
    task = services.complete_task(task.pk, is_done=task.completed_at is None)
    response = render(request, "activities/_task.html", {"task": task, "today": timezone.localdate()})
    return trigger_client_event(response, "record-saved")


@login_required
@require_POST
def activity_delete(request: Request, pk: int) -> HttpResponse:
    activity = _activity_or_404(request, pk)
    services.delete_activity(pk)
    messages.success(request, f"{activity.get_kind_display()} deleted.")
    return _to_what_it_is_about(request, activity)


def _activity_or_404(request: Request, pk: int) -> Activity:
    activities = Activity.objects.visible_to(request.user).select_related("account", "contact", "deal")
    return get_object_or_404(activities, pk=pk)


def _to_what_it_is_about(request: Request, activity: Activity) -> HttpResponse:
    """One's own activity may be about a record that one does not see any more."""
    record = activity.about
    is_seen = seen_of(type(record), request.user).filter(pk=record.pk).exists()
    return redirect(record if is_seen else "home")


def _new_form(request: Request, kind: str, data: Any = None) -> ActivityForm:
    initial = {"owner": request.user, "happened_at": timezone.localtime().replace(second=0, microsecond=0)}
    return ActivityForm(data, kind=kind, initial=initial)


def _card(
    request: Request, record: Record, kind: str = "", form: ActivityForm | None = None, status: int = 200
) -> HttpResponse:
    context = activity_context(request, record) | {"form": form, "form_kind": kind}
    return render(request, "activities/_card.html", context, status=status)
