"""Which deletions and merges are followed, what that has to do with, and what the brake stopped."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from common.http import Request
from integrations import changes, services
from integrations import deletions as following
from integrations.access import admin_required
from integrations.models import Connection, HeldDeletions
from integrations.progress import LABELS
from integrations.sync.records import KINDS
from integrations.views.frame import framed
from integrations.views.tables import connected, part

SHOWN = 50  # names of records that wait for an answer


def deletions_context(connection: Connection, remote_object: str, form: Any) -> dict[str, Any]:
    return {
        "form": form,
        "remote_object": remote_object,
        "label": LABELS[remote_object],
        "held": HeldDeletions.objects.filter(connection=connection, remote_object=remote_object, decided_at=None),
    }


@admin_required
def deletions(request: Request, remote_object: str) -> HttpResponse:
    connection = connected()
    form = changes.bind(connection, "deletions", remote_object, request.POST or None)
    if request.method == "POST" and form.is_valid():
        for line in changes.save(connection, "deletions", remote_object, form):
            messages.success(request, line)
        form = changes.bind(connection, "deletions", remote_object)
    context = deletions_context(connection, remote_object, form)
    return part(request, "integrations/_deletions.html", context, form.errors)


@admin_required
def reach(request: Request, remote_object: str) -> HttpResponse:
    """The counts, which come after the page: among a million links they take a moment."""
    if remote_object not in KINDS:
        raise Http404(f"There are no settings of “{remote_object}”.")
    context = {"reach": following.reach(connected(), remote_object), "label": LABELS[remote_object]}
    return render(request, "integrations/_deletions_reach.html", context)


@admin_required
def held(request: Request, pk: int) -> HttpResponse:
    """Deletions that were stopped: which they are, and the admin's answer."""
    row = get_object_or_404(HeldDeletions.objects.select_related("connection", "decided_by"), pk=pk)
    if request.method == "POST" and request.POST.get("answer") in ("delete", "keep"):
        _decide(request, row, is_confirmed=request.POST["answer"] == "delete")
        kind = KINDS.get(row.remote_object)
        return redirect("integrations:object", kind) if kind else redirect("integrations:overview")
    context = {
        "held": row,
        "label": LABELS[row.remote_object],
        "kind": KINDS.get(row.remote_object, ""),
        "names": [] if row.decided_at else following.names_of(row, SHOWN),
    }
    return framed(request, "integrations/held.html", context)


def _decide(request: Request, row: HeldDeletions, *, is_confirmed: bool) -> None:
    try:
        if is_confirmed:
            following.confirm_in_background(row, request.user)
            messages.success(request, "They are being deleted now.")
        else:
            messages.success(request, f"{following.refuse(row, request.user):,} records stay.")
    except services.Refused as refusal:
        messages.error(request, str(refusal))
