"""The page of one kind of record: how it is pulled and pushed, its fields and its stages."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from common.models import RecordKind
from integrations import tuning
from integrations.access import admin_required
from integrations.forms import MappingForm, ObjectSettingsForm, StageMappingForm
from integrations.logins import the_connection
from integrations.models import Connection, FieldMapping, ObjectSettings, StageMapping
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, RECORD_TYPES
from integrations.views.frame import framed

UNPROCESSABLE = 422
TITLES = {RecordKind.CONTACT: "Contacts & leads", RecordKind.ACCOUNT: "Accounts"}
OBJECTS = {RecordKind.CONTACT: ("Lead", "Contact"), RecordKind.ACCOUNT: ("Account",)}


@admin_required
def object_page(request: HttpRequest, kind: str) -> HttpResponse:
    connection = _connected()
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
    connection = _connected()
    form = _settings_form(connection, kind, _descriptions(connection, kind), request.POST or None)
    if request.method == "POST" and form.is_valid():
        for line in tuning.save_settings(form.save(commit=False), form.changed_data):
            messages.success(request, line)
        form = _settings_form(connection, kind, _descriptions(connection, kind))
    return _part(request, "integrations/_object_settings.html", {"form": form, "kind": kind}, form.errors)


@admin_required
def mapping(request: HttpRequest, remote_object: str) -> HttpResponse:
    """The mapping table of one remote object."""
    table = Table.load_named(_connected(), remote_object)
    context = table.mapping_context(request.POST or None)
    form = context["form"]
    if request.method == "POST" and form.is_valid():
        changed = tuning.save_mapping(table.connection, table.description, form.choices())
        messages.success(request, f"{changed} changed." if changed else "Nothing had changed.")
        context = table.mapping_context() | {"warnings": [fault for fault in form.faults if fault.is_warning]}
    return _part(request, "integrations/_mapping.html", context | {"is_open": True}, form.errors)


@admin_required
def stages(request: HttpRequest, remote_object: str) -> HttpResponse:
    """Which status of one remote object means which stage."""
    table = Table.load_named(_connected(), remote_object)
    context = table.stages_context(request.POST or None)
    if not context:
        raise Http404(f"No status field of {remote_object} is mapped to the stage.")
    form = context["form"]
    if request.method == "POST" and form.is_valid():
        tuning.save_stages(table.connection, remote_object, form.chosen())
        messages.success(request, "The stages are mapped.")
        context = table.stages_context() or context
    return _part(request, "integrations/_stages.html", context | {"is_open": True}, form.errors)


@dataclass(frozen=True)
class Table:
    """What the two tables of a remote object are made of."""

    connection: Connection
    description: Description
    mappings: dict[str, FieldMapping]

    @classmethod
    def load(cls, connection: Connection, description: Description) -> "Table":
        rows = connection.field_mappings.filter(remote_object=description.name)
        return cls(connection, description, {row.field: row for row in rows})

    @classmethod
    def load_named(cls, connection: Connection, remote_object: str) -> "Table":
        row = connection.descriptions.filter(remote_object=remote_object).first()
        if remote_object not in KINDS or row is None:
            raise Http404(f"There is no mapping of “{remote_object}”.")
        return cls.load(connection, Description.from_json(row.content))

    def mapping_context(self, data: Any = None) -> dict[str, Any]:
        form = MappingForm(RECORD_TYPES[KINDS[self.description.name]].fields, self.description, self.mappings, data)
        return {"form": form, "description": self.description}

    def stages_context(self, data: Any = None) -> dict[str, Any] | None:
        """None: no field is mapped to the stage, so there is nothing to pair."""
        remote = self.description.fields.get(self.mappings["stage"].remote_field) if "stage" in self.mappings else None
        if not remote or self.description.name == "Opportunity":
            return None
        model = RECORD_TYPES[KINDS[self.description.name]].stage_model
        present = StageMapping.objects.filter(connection=self.connection, remote_object=self.description.name)
        form = StageMappingForm(
            list(model._default_manager.values_list("pk", "name")),
            remote,
            dict(present.values_list("stage_id", "remote_value")),
            data,
            is_one_to_one=self.description.name != "Account",
        )
        return {"form": form, "description": self.description, "remote": remote}


def _connected() -> Connection:
    connection = the_connection()
    if not connection.org_id:
        raise Http404("Connect Salesforce first.")
    return connection


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


def _part(request: HttpRequest, template: str, context: dict[str, Any], errors: Any) -> HttpResponse:
    return render(request, template, context, status=UNPROCESSABLE if errors else 200)
