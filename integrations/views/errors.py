"""The error log: what was refused, why, and how to mend it."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from common.http import Request, number, typed, wants_fragment
from common.paging import paged
from common.sheets import sheet
from integrations import causes, deciding, mending, services
from integrations.access import admin_required
from integrations.explanations import OF_A_CHOICE, explain
from integrations.logins import the_connection
from integrations.models import ErrorEntry, ErrorEntryQuerySet, ObjectSettings
from integrations.progress import LABELS
from integrations.views.frame import boxed, framed

NEWEST = {"": ("-last_at", "-id")}
STATES = {"open": "Open", "closed": "Closed", "all": "Open and closed"}
FILTERS = ("object", "code", "field", "state", "q")
HEAD: tuple[str, ...] = ("Record", "Kind", "Operation", "Object", "CRM ID", "Refused by", "Code", "Message", "Fields")
HEAD += ("Login", "Why this login", "For", "Attempts", "First refused", "Last refused", "Closed", "Why closed", "Sent")


@admin_required
def error_list(request: Request) -> HttpResponse:
    entries = _filtered(request)
    found = causes.causes(the_connection(), ErrorEntry.objects.open().refusals())
    context = {
        "page": paged(entries.select_related("credential"), request, NEWEST),
        "causes": found,
        "chosen": next((cause for cause in found if _is_chosen(cause, request)), None),
        "codes": sorted({(cause.code, cause.title) for cause in found} | _asked_code(request), key=lambda one: one[1]),
        "objects": LABELS.items(),
        "states": STATES.items(),
        "filters": {name: typed(request.GET, name) for name in FILTERS},
        "is_filtered": any(typed(request.GET, name) for name in FILTERS),
        "query": request.GET.urlencode(),
    }
    if wants_fragment(request):
        return render(request, "integrations/_errors.html", context)
    return boxed(request, "errors", "integrations/errors.html", context)


@admin_required
def export(request: Request) -> HttpResponseBase:
    """What the filters leave, as a table for a spreadsheet."""
    entries = _filtered(request).select_related("credential", "actor").order_by("-last_at", "-id")
    return sheet("salesforce-errors", HEAD, map(_row, entries.iterator(chunk_size=1_000)))


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
        if "field" in request.POST:
            chosen = entries.of_cause(typed(request.POST, "object"), code, typed(request.POST, "field"))
    else:
        chosen = entries.filter(pk__in=[number(pk) for pk in request.POST.getlist("entry")])
    unchanged = chosen.exclude(causes.changed(the_connection())).count()
    if count := _retry(request, list(chosen)):
        messages.success(request, _on_the_way(count))
        if unchanged:
            messages.warning(request, _will_fail(unchanged, count))
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
    remote_id = typed(request.POST, "remote_id")
    try:
        deciding.resolve_match(entry, remote_id, request.user)
    except services.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Linked." if remote_id else "It will be created as another record.")
    return redirect(_back(request, pk))


@admin_required
@require_POST
def look_up(request: Request, pk: int) -> HttpResponse:
    """Ask Salesforce which records it could be, or whether it has the one that somebody means."""
    entry = get_object_or_404(ErrorEntry.objects.open().select_related("connection"), pk=pk)
    try:
        count = deciding.look_up(entry, typed(request.POST, "remote_id"))
    except services.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        if not count:
            messages.warning(request, "Nothing there has its address, domain or name. Paste the address of one.")
    return redirect("integrations:error", pk=pk)


@admin_required
@require_POST
def save_anyway(request: Request, pk: int) -> HttpResponse:
    """It is nobody's duplicate: rules that only warn are to let it through."""
    entry = get_object_or_404(ErrorEntry.objects.open().select_related("connection"), pk=pk)
    try:
        deciding.save_anyway(entry, request.user)
    except services.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "It is on the way, and told to pass the duplicate rule.")
    return redirect("integrations:error", pk=pk)


@admin_required
@require_POST
def always(request: Request) -> HttpResponse:
    """Answer a question of one kind of record for good."""
    settings = get_object_or_404(ObjectSettings, connection=the_connection(), record_kind=typed(request.POST, "kind"))
    try:
        count = deciding.always(settings, typed(request.POST, "code"), typed(request.POST, "answer"), request.user)
    except services.Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Saved. It counts from now on." + (f" {_on_the_way(count)}" if count else ""))
    return redirect(_back(request))


def _filtered(request: Request) -> ErrorEntryQuerySet:
    state, code = typed(request.GET, "state") or "open", typed(request.GET, "code")
    entries = ErrorEntry.objects.all() if code else ErrorEntry.objects.refusals()
    return entries.matching(
        remote_object=typed(request.GET, "object"),
        code=code,
        field=typed(request.GET, "field"),
        state=state if state in ("open", "closed") else "",
        words=typed(request.GET, "q"),
    )


def _is_chosen(cause: causes.Cause, request: Request) -> bool:
    return [typed(request.GET, name) for name in ("object", "code", "field")] == [
        cause.remote_object,
        cause.code,
        cause.field,
    ]


def _asked_code(request: Request) -> set[tuple[str, str]]:
    code = typed(request.GET, "code")
    return {(code, explain(code).title or code)} if code else set()


def _row(entry: ErrorEntry) -> Sequence[Any]:
    return (
        entry.record_name, entry.get_record_kind_display(), entry.operation, entry.remote_object, entry.remote_id,
        entry.get_by_display(), entry.code, entry.message, ", ".join(entry.fields), entry.credential,
        entry.credential_reason, entry.actor, entry.attempts, entry.first_at.isoformat(), entry.last_at.isoformat(),
        entry.closed_at and entry.closed_at.isoformat(), entry.closed_reason, "; ".join(_sent(entry)),
    )  # fmt: skip


def _sent(entry: ErrorEntry) -> Iterator[str]:
    return (f"{name}: {'(empty)' if value is None else value}" for name, value in entry.payload.items())


def _detail(entry: ErrorEntry) -> dict[str, Any]:
    record = mending.record_of(entry)
    field = mending.mendable_field(entry) if record else None
    is_question = entry.code in OF_A_CHOICE
    can_link = entry.operation == "create" and (is_question or entry.code == deciding.DUPLICATE)
    return {
        "entry": entry,
        "record": record,
        "explanation": explain(entry.code),
        "field": field,
        "value": field.get(record) if field and record else "",
        "allowed": entry.details.get("allowed", []),
        "is_question": is_question,
        "is_duplicate": entry.code == deciding.DUPLICATE,
        "candidates": deciding.candidates_of(entry) if can_link and record else None,
        "rule": deciding.rule_of(entry),
        "is_waiting": not entry.closed_at and mending.is_waiting(entry),
        "is_hopeless": not entry.closed_at and not causes.is_anything_changed(entry),
        "same_cause": ErrorEntry.objects.open().of_cause(entry.remote_object, entry.code, _first_field(entry)).count(),
        "first_field": _first_field(entry),
        "object_page": reverse("integrations:object", args=[entry.record_kind]),
    }


def _first_field(entry: ErrorEntry) -> str:
    return str(entry.fields[0]) if entry.fields else ""


def _retry(request: Request, entries: list[ErrorEntry]) -> int:
    if reason := mending.look_again(entries):
        messages.warning(request, reason)
    return services.retry(entries, request.user)


def _on_the_way(count: int) -> str:
    return f"{count:,} {'record is' if count == 1 else 'records are'} on the way again."


def _will_fail(unchanged: int, count: int) -> str:
    whose = "It" if count == 1 else "All of them" if unchanged >= count else f"{unchanged:,} of them"
    return f"Nothing has changed here since the last attempt. {whose} will fail again, unless mended in Salesforce."


def _back(request: Request, pk: int = 0) -> str:
    """The list or the entry that the button stood on."""
    if request.POST.get("back") in ("matches", "unknown"):
        return reverse(f"integrations:{request.POST['back']}")
    pk = pk or number(request.POST.get("back", ""))
    return reverse("integrations:error", args=[pk]) if pk else reverse("integrations:errors")
