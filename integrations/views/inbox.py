"""What waits for a person's answer, a page for each kind of question."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from common import duplicates
from common.http import Request, number, typed
from common.models import DuplicatePair
from common.paging import paged
from integrations import conflicts, deciding
from integrations import inbox as boxes
from integrations.access import admin_required
from integrations.logins import the_connection
from integrations.models import ErrorEntry, HeldDeletions, Outbox, RecordLink, SyncEvent
from integrations.services import Refused
from integrations.views.frame import boxed

NEWEST = {"": ("-last_at", "-id")}
PER_PAGE = 25


@admin_required
def inbox(request: Request) -> HttpResponse:
    """The first page on which something waits."""
    waiting = (box for box in boxes.boxes(boxes.counts_for(request)) if box.count)
    return redirect(next((box.url for box in waiting), "integrations:errors"))


@admin_required
def conflict_list(request: Request) -> HttpResponse:
    page = paged(SyncEvent.objects.conflicts(), request, size=PER_PAGE)
    context = {"page": page, "conflicts": boxes.conflicts_of(page.rows)}
    return boxed(request, "conflicts", "integrations/conflicts.html", context)


@admin_required
@require_POST
def conflict_restore(request: Request, pk: int) -> HttpResponse:
    """Take the value back that lost: an edit like any other."""
    event = get_object_or_404(SyncEvent, pk=pk, kind=SyncEvent.Kind.CONFLICT)
    try:
        is_changed = conflicts.restore_value(event, request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(
            request, "The value is back, and goes to the other side." if is_changed else "It is so already."
        )
    return redirect("integrations:conflicts")


@admin_required
@require_POST
def conflicts_leave(request: Request) -> HttpResponse:
    """The values that won are right."""
    ids = [number(pk) for pk in request.POST.getlist("event")]
    count = conflicts.leave(SyncEvent.objects.filter(pk__in=ids))
    messages.success(
        request, f"{count:,} settled: the values stay as they are." if count else "They are settled already."
    )
    return redirect("integrations:conflicts")


@admin_required
@require_POST
def conflict_always(request: Request, pk: int) -> HttpResponse:
    """From now on one side wins in this field."""
    event = get_object_or_404(SyncEvent, pk=pk, kind=SyncEvent.Kind.CONFLICT)
    try:
        label = conflicts.always(event, typed(request.POST, "winner"))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        side = "Salesforce" if typed(request.POST, "winner") == "theirs" else "Tandem"
        messages.success(request, f"From now on {side} wins whenever both sides change “{label}”.")
    return redirect("integrations:conflicts")


@admin_required
def match_list(request: Request) -> HttpResponse:
    """Questions of which record is which, and links that were a guess."""
    entries = ErrorEntry.objects.open().filter(code=boxes.MATCH).select_related("connection")
    links = list(RecordLink.objects.doubtful().order_by("-pk")[:PER_PAGE])
    records = boxes.records_of((link.record_kind, link.record_id) for link in links)
    context = {
        "page": paged(entries, request, NEWEST, size=PER_PAGE),
        "links": [(link, records.get((link.record_kind, link.record_id or 0))) for link in links],
        "links_total": RecordLink.objects.doubtful().count(),
        "rules": deciding.rules(the_connection(), boxes.MATCH),
    }
    return boxed(request, "matches", "integrations/matches.html", context)


@admin_required
@require_POST
def link_confirm(request: Request, pk: int) -> HttpResponse:
    deciding.confirm_link(get_object_or_404(RecordLink.objects.doubtful(), pk=pk))
    messages.success(request, "The link stays.")
    return redirect("integrations:matches")


@admin_required
@require_POST
def link_unlink(request: Request, pk: int) -> HttpResponse:
    link = get_object_or_404(RecordLink.objects.doubtful(), pk=pk)
    try:
        deciding.unlink(link, request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "They are two now. The one here is kept out of the sync until somebody lets it in.")
    return redirect("integrations:matches")


@admin_required
def unknown_list(request: Request) -> HttpResponse:
    """Creates whose answer was lost: those that Tandem finds out about by itself, and those that it can't."""
    entries = ErrorEntry.objects.open().filter(code=boxes.UNKNOWN).select_related("connection")
    searching = Outbox.objects.filter(operation=Outbox.Operation.CREATE, sent_at__isnull=False, claim_token=None)
    context = {
        "page": paged(entries, request, NEWEST, size=PER_PAGE),
        "searching": searching.filter(job=None).count(),
    }
    return boxed(request, "unknown", "integrations/unknown.html", context)


@admin_required
def deletion_list(request: Request) -> HttpResponse:
    held = HeldDeletions.objects.filter(decided_at=None)
    decided = HeldDeletions.objects.exclude(decided_at=None).select_related("decided_by")[:PER_PAGE]
    return boxed(request, "deletions", "integrations/deletions.html", {"held": held, "decided": decided})


@admin_required
def duplicate_list(request: Request) -> HttpResponse:
    """Records of ours that look like one, mirrored from Salesforce or made here."""
    page = paged(DuplicatePair.objects.filter(dismissed_at=None), request, size=PER_PAGE)
    context = {"page": page, "twins": boxes.twins_of(page.rows)}
    return boxed(request, "duplicates", "integrations/duplicates.html", context)


@admin_required
@require_POST
def duplicate_dismiss(request: Request, pk: int) -> HttpResponse:
    """They are two, and are not proposed again."""
    pair = get_object_or_404(DuplicatePair, pk=pk)
    for twins in boxes.twins_of([pair]):
        duplicates.dismiss(twins.first, twins.second)
    messages.success(request, "They stay two.")
    return redirect("integrations:duplicates")
