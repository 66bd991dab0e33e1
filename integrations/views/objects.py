"""The page of one kind of record: how it is pulled and pushed, its fields and its stages."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from common.models import RecordKind
from integrations import changes
from integrations.access import admin_required
from integrations.models import Connection, SyncedKind
from integrations.progress import LABELS
from integrations.views import once
from integrations.views.deletions import deletions_context
from integrations.views.frame import framed
from integrations.views.tables import Table, connected, part

TITLES = {RecordKind.CONTACT: "Contacts & leads", RecordKind.ACCOUNT: "Accounts", RecordKind.DEAL: "Deals"}


@admin_required
def object_page(request: HttpRequest, kind: str) -> HttpResponse:
    if kind == SyncedKind.ACTIVITY:
        return redirect("integrations:activities")
    connection = _connected(kind)
    descriptions = changes.descriptions_of(connection, kind)
    if not descriptions:
        return framed(request, "integrations/unseen.html", {"title": TITLES[kind]})  # type: ignore[index]
    stages = [Table(connection, description).stages_context() for description in descriptions.values()]
    context = {
        "kind": kind,
        "title": TITLES[kind],  # type: ignore[index]
        "settings_form": changes.settings_form(connection, kind, descriptions),
        "deletions": [
            deletions_context(connection, name, changes.deletions_form(connection, description))
            for name, description in descriptions.items()
        ],
        "conditions": [
            (reverse("integrations:conditions", args=[name]), f"Pull conditions of {LABELS[name].lower()}")
            for name in descriptions
        ],
        "fields_url": f"{reverse('integrations:field_table', args=[kind])}?{request.GET.urlencode()}",
        "pulls": [once.pull_row(connection, name) for name in descriptions],
        "once_push": once.push_row(connection, kind),
        "stages": stages,
    }
    return framed(request, "integrations/object.html", context)


@admin_required
def object_settings(request: HttpRequest, kind: str) -> HttpResponse:
    connection = _connected(kind)
    form = changes.bind(connection, "settings", kind, request.POST or None)
    if request.method == "POST" and form.is_valid():
        for line in changes.save(connection, "settings", kind, form):
            messages.success(request, line)
        form = changes.bind(connection, "settings", kind)
    return part(request, "integrations/_object_settings.html", _settings(form, kind), form.errors)


@admin_required
@require_POST
def object_draft(request: HttpRequest, kind: str) -> HttpResponse:
    """The form as it is being filled in: some choices change what others offer, and whether they have an effect."""
    form = changes.bind(_connected(kind), "settings", kind, request.POST).as_draft()
    return render(request, "integrations/_object_settings.html", _settings(form, kind))


def _settings(form: Any, kind: str) -> dict[str, Any]:
    return {"form": form, "kind": kind}


def _connected(kind: str) -> Connection:
    connection = connected()
    if kind not in TITLES:
        raise Http404(f"There are no settings for “{kind}”.")
    return connection
