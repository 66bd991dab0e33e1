"""Which of the pulled records are shown: rows of conditions, and how many records they let through."""

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from common.http import Request
from integrations import changes, conditioning
from integrations.access import admin_required
from integrations.models import Connection
from integrations.progress import LABELS
from integrations.sync.records import KINDS
from integrations.views.frame import section
from integrations.views.tables import connected


def _context(connection: Connection, remote_object: str, form: Any) -> dict[str, Any]:
    settings = connection.object_settings.get(record_kind=KINDS[remote_object])
    return {
        "form": form,
        "remote_object": remote_object,
        "label": LABELS[remote_object],
        "is_visible": settings.is_visible,
        "is_under_way": settings.shown_after is not None,
    }


@admin_required
def conditions(request: Request, remote_object: str) -> HttpResponse:
    connection = connected()
    data = request.POST if request.method == "POST" else None
    form = changes.bind(connection, "conditions", remote_object, data)
    if form.is_bound and form.is_valid():
        try:
            said = changes.save(connection, "conditions", remote_object, form)
        except ValidationError as fault:  # a field was unmapped while the form stood open
            form.add_error(None, fault)
        else:
            messages.success(request, said[0])
            form = changes.bind(connection, "conditions", remote_object)
    context = _context(connection, remote_object, form)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return section(request, "integrations/_conditions.html", "Pull conditions", KINDS[remote_object], context, status)


@admin_required
@require_POST
def draft(request: Request, remote_object: str) -> HttpResponse:
    """The rows as they are being filled in, one more or one less, and what they would show and hide."""
    connection = connected()
    form = changes.bind(connection, "conditions", remote_object, request.POST).as_draft()
    form.remove(request.POST.get("without", ""))
    if "add" in request.POST:
        form.add()
    effect = conditioning.effect_of(connection, remote_object, list(form.asked_so_far()))
    context = _context(connection, remote_object, form) | {"effect": effect, "is_draft": True}
    return render(request, "integrations/_conditions.html", context)
