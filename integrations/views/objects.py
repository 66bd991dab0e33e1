"""The page of one kind of record: how it is pulled and pushed, its fields and its stages."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse

from common.models import RecordKind
from integrations import changes
from integrations.access import admin_required
from integrations.views.frame import framed
from integrations.views.tables import Table, connected, part

TITLES = {RecordKind.CONTACT: "Contacts & leads", RecordKind.ACCOUNT: "Accounts"}


@admin_required
def object_page(request: HttpRequest, kind: str) -> HttpResponse:
    connection = connected()
    if kind not in TITLES:
        raise Http404(f"There are no settings for “{kind}”.")
    descriptions = changes.descriptions_of(connection, kind)
    tables = [Table.load(connection, description) for description in descriptions.values()]
    context = {
        "kind": kind,
        "title": TITLES[kind],  # type: ignore[index]
        "settings_form": changes.bind(connection, "settings", kind),
        "mappings": [table.mapping_context() for table in tables],
        "stages": [context for table in tables if (context := table.stages_context())],
    }
    return framed(request, "integrations/object.html", context)


@admin_required
def object_settings(request: HttpRequest, kind: str) -> HttpResponse:
    connection = connected()
    if kind not in TITLES:
        raise Http404(f"There are no settings for “{kind}”.")
    form = changes.bind(connection, "settings", kind, request.POST or None)
    if request.method == "POST" and form.is_valid():
        for line in changes.save(connection, "settings", kind, form):
            messages.success(request, line)
        form = changes.bind(connection, "settings", kind)
    return part(request, "integrations/_object_settings.html", {"form": form, "kind": kind}, form.errors)
