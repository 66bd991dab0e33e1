"""The error log: what was refused, why, and how to mend it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from common.http import Request, number, typed, wants_fragment
from common.paging import paged
from integrations import deciding, mending, services
from integrations.access import admin_required
from integrations.explanations import OF_A_CHOICE, explain
from integrations.models import ErrorEntry
from integrations.progress import LABELS
from integrations.views.frame import framed

NEWEST = {"": ("-last_at", "-id")}
STATES = {"open": "Open", "closed": "Closed", "all": "All"}


@admin_required
def error_list(request: Request) -> HttpResponse:
    entries = _filtered(request)
    context = {
        "page": paged(entries.select_related("credential"), request, NEWEST),
        "causes": _causes(),
        "objects": LABELS.items(),
        "states": STATES.items(),
        "filters": {name: request.GET.get(name, "") for name in ("object", "code", "state", "q")},
    }
    if wants_fragment(request):
        return render(request, "integrations/_errors.html", context)
    return framed(request, "integrations/errors.html", context)


@admin_required
def error_detail(request: Request, pk: int) -> HttpResponse:
    """While the record is on its way again, the page asks for itself until the outcome is known."""
    entry = get_object_or_404(ErrorEntry.objects.select_related("connection", "credential", "actor"), pk=pk)
    return framed(request, "integrations/error.html", _detail(entry))


@admin_required
@require_POST
def retry(request: Request) -> HttpResponse:
    """Retry the chosen entries, or all of one cause."""
    entries = ErrorEntry.objects.open().select_related("connection")
    if code := typed(request.POST, "code"):
        chosen = entries.filter(code=code, remote_object=typed(request.POST, "object"))
    else:
        chosen = entries.filter(pk__in=[number(pk) for pk in request.POST.getlist("entry")])
    count = _retry(request, list(chosen))
    if count:
        messages.success(request, f"{count:,} {'record is' if count == 1 else 'records are'} on the way again.")
    else:
        messages.warning(request, "Choose what to retry.")
    return redirect(_back(request))


@admin_required
@require_POST
def mend(request: Request, pk: int) -> HttpResponse:
    """Another value, and off it goes again."""
    entry = get_object_or_404(ErrorEntry.objects.open().select_related("connection"), pk=pk)
    try:
        mending.mend_value(entry, typed(request.POST, "value"))
    except ValidationError as error:
        context = _detail(entry) | {"mend_errors": error.messages, "typed": request.POST.get("value", "")}
        context["is_waiting"] = False  # what was typed stays, whatever else happens
        return framed(request, "integrations/error.html", context, status=422)
    services.retry([entry], request.user)
    messages.success(request, f"Changed, and {entry.record_name} is on the way to Salesforce again.")
    return redirect("integrations:error", pk=pk)


@admin_required
@require_POST
def match(request: Request, pk: int) -> HttpResponse:
    """Link to one of the candidates, or create another record."""
    entry = get_object_or_404(ErrorEntry.objects.open().select_related("connection"), pk=pk)
    remote_id = request.POST.get("remote_id", "")
    try:
        deciding.resolve_match(entry, remote_id, request.user)
    except services.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Linked." if remote_id else "It will be created as another record.")
    return redirect("integrations:error", pk=pk)


def _filtered(request: Request) -> QuerySet[ErrorEntry]:
    entries = ErrorEntry.objects.all()
    state = request.GET.get("state", "open")
    if state != "all":
        entries = entries.filter(closed_at__isnull=state != "closed")
    for column, name in (("remote_object", "object"), ("code", "code")):
        if value := typed(request.GET, name):
            entries = entries.filter(**{column: value})
    if words := typed(request.GET, "q"):
        entries = entries.filter(Q(record_name__icontains=words) | Q(message__icontains=words))
    return entries


def _causes() -> list[dict[str, Any]]:
    rows = ErrorEntry.objects.open().values("code", "remote_object").annotate(count=Count("pk")).order_by("-count")
    return [{**row, "label": LABELS.get(row["remote_object"], row["remote_object"])} for row in rows]


def _detail(entry: ErrorEntry) -> dict[str, Any]:
    record = mending.record_of(entry)
    field = mending.mendable_field(entry) if record else None
    return {
        "entry": entry,
        "record": record,
        "explanation": explain(entry.code),
        "field": field,
        "value": field.get(record) if field and record else "",
        "allowed": entry.details.get("allowed", []),
        "candidates": _candidates(entry) if entry.code in OF_A_CHOICE else None,
        "is_waiting": not entry.closed_at and mending.is_waiting(entry),
        "is_hopeless": not entry.closed_at and not mending.is_anything_changed(entry, record),
        "same_cause": ErrorEntry.objects.open().filter(code=entry.code, remote_object=entry.remote_object).count(),
        "object_page": reverse("integrations:object", args=[entry.record_kind]),
    }


def _candidates(entry: ErrorEntry) -> list[dict[str, str]]:
    return [one for one in entry.details.get("candidates", []) if one.get("remote_id")]


def _retry(request: Request, entries: list[ErrorEntry]) -> int:
    if reason := mending.look_again(entries):
        messages.warning(request, reason)
    return services.retry(entries, request.user)


def _back(request: Request) -> str:
    """The list or the entry that the button stood on."""
    pk = number(request.POST.get("back", ""))
    return reverse("integrations:error", args=[pk]) if pk else reverse("integrations:errors")
