"""The page of one kind of record: how it is pulled and pushed, its fields and its stages."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse

from common.models import RecordKind
from integrations import tuning
from integrations.access import admin_required
from integrations.forms.objects import ObjectSettingsForm
from integrations.models import Connection, ObjectSettings
from integrations.sync.provider import Description
from integrations.sync.records import RECORD_TYPES
from integrations.views.frame import framed
from integrations.views.tables import Table, connected, part

TITLES = {RecordKind.CONTACT: "Contacts & leads", RecordKind.ACCOUNT: "Accounts"}
OBJECTS = {RecordKind.CONTACT: ("Lead", "Contact"), RecordKind.ACCOUNT: ("Account",)}


@admin_required
def object_page(request: HttpRequest, kind: str) -> HttpResponse:
    connection = connected()
    if kind not in OBJECTS:
        raise Http404(f"There are no settings for “{kind}”.")
    descriptions = _descriptions(connection, kind)
    tables = [Table.load(connection, description) for description in descriptions.values()]
    context = {
        "kind": kind,
        "title": TITLES[kind],  # type: ignore[index]
        "settings_form": _settings_form(connection, kind, descriptions),
        "mappings": [table.mapping_context() for table in tables],
        "stages": [context for table in tables if (context := table.stages_context())],
    }
    return framed(request, "integrations/object.html", context)


@admin_required
def object_settings(request: HttpRequest, kind: str) -> HttpResponse:
    connection = connected()
    form = _settings_form(connection, kind, _descriptions(connection, kind), request.POST or None)
    if request.method == "POST" and form.is_valid():
        for line in tuning.save_settings(form.save(commit=False), form.changed_data):
            messages.success(request, line)
        form = _settings_form(connection, kind, _descriptions(connection, kind))
    return part(request, "integrations/_object_settings.html", {"form": form, "kind": kind}, form.errors)


def _descriptions(connection: Connection, kind: str) -> dict[str, Description]:
    rows = {row.remote_object: row for row in connection.descriptions.filter(remote_object__in=OBJECTS.get(kind, ()))}  # type: ignore[call-overload]
    return {name: Description.from_json(rows[name].content) for name in OBJECTS.get(kind, ()) if name in rows}  # type: ignore[call-overload]


def _settings_form(
    connection: Connection, kind: str, descriptions: dict[str, Description], data: Any = None
) -> ObjectSettingsForm:
    row = ObjectSettings.objects.filter(connection=connection, record_kind=kind).first()
    if row is None or not descriptions:
        raise Http404(f"There are no settings for “{kind}”.")
    stages = list(RECORD_TYPES[kind].stage_model._default_manager.values_list("pk", "name"))
    return ObjectSettingsForm(data, instance=row, stages=stages, descriptions=descriptions)
