"""The error log: what was refused and why, by cause and one by one."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from common.http import Request, number, typed, wants_fragment
from common.paging import paged
from common.sheets import sheet
from integrations import causes, deciding, mending, services
from integrations.access import admin_required
from integrations.explanations import explain
from integrations.logins import the_connection
from integrations.models import ErrorEntry, ErrorEntryQuerySet, ObjectSettings
from integrations.progress import LABELS
from integrations.views.entry import LISTS
from integrations.views.frame import boxed, on_the_way

NEWEST = {"": ("-last_at", "-id")}
STATES = {"open": "Open", "closed": "Closed", "all": "Open and closed"}
FILTERS = ("object", "code", "field", "state", "q")
HEAD: tuple[str, ...] = ("Record", "Kind", "Operation", "Object", "CRM ID", "Refused by", "Code", "Message", "Fields")
HEAD += ("Login", "Why this login", "For", "Attempts", "First refused", "Last refused", "Closed", "Why closed", "Sent")


@admin_required
def error_list(request: Request) -> HttpResponse:
    entries = _filtered(request)
    found = causes.causes(the_connection(), ErrorEntry.objects.open().refusals())
    chosen = [cause for cause in found if _is_chosen(cause, request)]
    context = {
        "page": paged(entries.select_related("credential"), request, NEWEST),
        "causes": chosen or found,
        "chosen": chosen,
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
        messages.success(request, on_the_way(count))
        if unchanged:
            messages.warning(request, _will_fail(unchanged, count))
    else:
        messages.warning(request, "Choose what to retry.")
    return redirect(_back(request))


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
        messages.success(request, "Saved. It counts from now on." + (f" {on_the_way(count)}" if count else ""))
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


def _retry(request: Request, entries: list[ErrorEntry]) -> int:
    if reason := mending.look_again(entries):
        messages.warning(request, reason)
    return services.retry(entries, request.user)


def _will_fail(unchanged: int, count: int) -> str:
    whose = "It" if count == 1 else "All of them" if unchanged >= count else f"{unchanged:,} of them"
    return f"Nothing has changed here since the last attempt. {whose} will fail again, unless mended in Salesforce."


def _back(request: Request) -> str:
    """The page that the button stood on."""
    if request.POST.get("back") in LISTS:
        return reverse(f"integrations:{request.POST['back']}")
    pk = number(request.POST.get("back", ""))
    if pk:
        return reverse("integrations:error", args=[pk])
    filters = QueryDict(typed(request.POST, "query")).urlencode()
    return reverse("integrations:errors") + (f"?{filters}" if filters else "")
