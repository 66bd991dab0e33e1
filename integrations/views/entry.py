"""One entry of the error log: what happened, what it means, and every way to mend it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from common.http import Request, typed
from integrations import causes, deciding, mending, services
from integrations.access import admin_required
from integrations.explanations import OF_A_CHOICE, explain
from integrations.models import ErrorEntry
from integrations.views.frame import framed, on_the_way

LISTS = ("matches", "unknown")


def answering(view: Callable[[Request, ErrorEntry], HttpResponse]) -> Callable[..., Any]:
    """What an admin posts to an open entry. One that was settled meanwhile is shown as it is now."""

    @admin_required
    @require_POST
    @wraps(view)
    def checked(request: Request, pk: int) -> HttpResponse:
        entry = ErrorEntry.objects.select_related("connection", "credential", "actor").filter(pk=pk).first()
        if entry is None:
            messages.info(request, "It is in the log no more: its record was deleted.")
            return redirect("integrations:errors")
        if entry.closed_at:
            messages.info(request, "It was settled meanwhile.")
            return redirect("integrations:error", pk=pk)
        try:
            return view(request, entry)
        except services.Refused as refusal:
            messages.error(request, str(refusal))
            return redirect(_back(request, entry))

    return checked


@admin_required
def error_detail(request: Request, pk: int) -> HttpResponse:
    """While the record is on its way again, the page asks for itself until the outcome is known."""
    entry = get_object_or_404(ErrorEntry.objects.select_related("connection", "credential", "actor"), pk=pk)
    return framed(request, "integrations/error.html", _detail(entry))


@answering
def mend(request: Request, entry: ErrorEntry) -> HttpResponse:
    """Another value, and off it goes again."""
    try:
        mending.mend_value(entry, typed(request.POST, "value"))
    except ValidationError as error:
        return _mended_wrong(request, entry, {"mend_errors": error.messages, "typed": request.POST.get("value", "")})
    services.retry([entry], request.user)
    messages.success(request, f"Changed, and {entry.record_name} is on the way to Salesforce again.")
    return redirect("integrations:error", pk=entry.pk)


@answering
def map_values(request: Request, entry: ErrorEntry) -> HttpResponse:
    """From now on the value is called otherwise there; whatever was refused for it goes again."""
    ours, theirs = request.POST.getlist("ours"), request.POST.getlist("theirs")
    try:
        mended = mending.map_values(entry, dict(zip(ours, theirs, strict=False)))
    except ValidationError as error:
        return _mended_wrong(request, entry, {"map_errors": error.messages})
    count = services.retry(list(mended.select_related("connection")), request.user)
    messages.success(request, f"Mapped for good. {on_the_way(count)}")
    return redirect("integrations:error", pk=entry.pk)


@answering
def ask_allowed(request: Request, entry: ErrorEntry) -> HttpResponse:
    """Ask Salesforce which values the type of this record allows."""
    mending.ask_allowed(entry)
    return redirect("integrations:error", pk=entry.pk)


@answering
def match(request: Request, entry: ErrorEntry) -> HttpResponse:
    """Link to one of the candidates, or create another record."""
    remote_id = typed(request.POST, "remote_id")
    deciding.resolve_match(entry, remote_id, request.user)
    messages.success(request, "Linked." if remote_id else "It will be created as another record.")
    return redirect(_back(request, entry))


@answering
def look_up(request: Request, entry: ErrorEntry) -> HttpResponse:
    """Ask Salesforce which records it could be, or whether it has the one that somebody means."""
    if not deciding.look_up(entry, typed(request.POST, "remote_id")):
        messages.warning(request, "Nothing there has its address, domain or name. Paste the address of one.")
    return redirect("integrations:error", pk=entry.pk)


@answering
def save_anyway(request: Request, entry: ErrorEntry) -> HttpResponse:
    """It is nobody's duplicate: rules that only warn are to let it through."""
    deciding.save_anyway(entry, request.user)
    messages.success(request, "It is on the way, and told to pass the duplicate rule.")
    return redirect("integrations:error", pk=entry.pk)


def _detail(entry: ErrorEntry) -> dict[str, Any]:
    record = mending.record_of(entry)
    is_question = entry.code in OF_A_CHOICE
    can_link = entry.operation == "create" and (is_question or entry.code == deciding.DUPLICATE)
    mend = mending.mend_of(entry, record)
    return {
        "entry": entry,
        "record": record,
        "explanation": explain(entry.code),
        "mend": mend,
        "may_be_narrowed": bool(record) and not entry.closed_at and mending.may_be_narrowed(entry),
        "alike": mending.alike(entry).count() if mend and mend.strays else 0,
        "allowed": entry.details.get("allowed", []),
        "is_question": is_question,
        "is_duplicate": entry.code == deciding.DUPLICATE,
        "candidates": deciding.candidates_of(entry) if can_link and record else None,
        "rule": deciding.rule_of(entry),
        "is_waiting": not entry.closed_at and mending.is_waiting(entry),
        "is_hopeless": not entry.closed_at and not causes.is_anything_changed(entry),
        "same_cause": ErrorEntry.objects.open().of_cause(entry.remote_object, entry.code, entry.first_field).count(),
        "object_page": reverse("integrations:object", args=[entry.record_kind]),
    }


def _mended_wrong(request: Request, entry: ErrorEntry, told: dict[str, Any]) -> HttpResponse:
    """The page with what was wrong at the field; what was typed stays, whatever else happens."""
    return framed(request, "integrations/error.html", _detail(entry) | told | {"is_waiting": False}, status=422)


def _back(request: Request, entry: ErrorEntry) -> str:
    """The list that the button stood on, or the entry."""
    back = request.POST.get("back")
    return reverse(f"integrations:{back}") if back in LISTS else reverse("integrations:error", args=[entry.pk])
