"""The table of a kind's fields: looked through, suggestions taken or turned down, fields added."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from common import custom
from common.http import Request, number, typed
from integrations import changes, connecting, pairing
from integrations.access import admin_required
from integrations.field_table import SHOWS, FieldTable, Filter, ObjectFields
from integrations.forms.custom_fields import ALIKE, CustomFieldForm
from integrations.forms.mapping import PairForm
from integrations.models import FieldMapping
from integrations.suggesting import Suggestion
from integrations.sync.provider import ProviderError, RemoteField
from integrations.views.frame import section
from integrations.views.mapping import panel_context
from integrations.views.tables import connected, part

FREE_SHOWN = 30
CHANGED = "fields-changed"  # rows of the table may have come or gone
ROWS = "integrations/_field_rows.html"


@admin_required
def field_table(request: Request, kind: str) -> HttpResponse:
    table = FieldTable.load(connected(), kind)
    return section(request, "integrations/_fields.html", "Fields", kind, rows_context(table, looked_for(request)))


@admin_required
def field_rows(request: Request, kind: str) -> HttpResponse:
    """The rows that are looked for, some at a time."""
    table = FieldTable.load(connected(), kind)
    after = number(request.GET.get("after", ""))
    return render(request, ROWS, rows_context(table, looked_for(request), after) | {"is_fresh": not after})


def rows_context(table: FieldTable, wanted: Filter, after: int = 0) -> dict[str, Any]:
    rows, following = table.page(wanted, after)
    return {
        "table": table,
        "field_rows": rows,
        "following": following,
        "after": after,
        "filter": wanted,
        "shows": SHOWS.items(),
        "directions": FieldMapping.Direction.choices,
    }


def looked_for(request: Request) -> Filter:
    show, direction = typed(request.GET, "show"), typed(request.GET, "direction")
    return Filter(
        typed(request.GET, "q"),
        show if show in SHOWS else "",
        direction if direction in FieldMapping.Direction.values else "",
    )


@admin_required
@require_POST
def suggestion(request: Request, kind: str) -> HttpResponse:
    """Take what is suggested for one field, or turn it down."""
    table = FieldTable.load(connected(), kind)
    one, found = _suggested(table, typed(request.POST, "object"), typed(request.POST, "field"))
    if found is None or found.remote.name != typed(request.POST, "remote"):
        messages.warning(request, "That is not suggested any more: somebody has changed the mapping meanwhile.")
    elif "decline" in request.POST:
        pairing.decline(table.connection, one.description.name, found.field, found.remote.name)
    else:
        _take(table, one, [found])
    table = FieldTable.load(table.connection, kind)
    return render(request, "integrations/_rows_changed.html", {"table": table, "changed": [table.row(_name(request))]})


def _name(request: Request) -> str:
    return typed(request.POST, "field")


def _suggested(table: FieldTable, name: str, field: str) -> tuple[ObjectFields, Suggestion | None]:
    one = next((one for one in table.objects if one.description.name == name), None)
    if one is None or field not in table.fields:
        raise Http404(f"There is no field “{field}” of {name}.")
    return one, one.suggested.get(field)


def _take(table: FieldTable, one: ObjectFields, found: list[Suggestion]) -> int:
    chosen = [pairing.proposed(one.description, table.fields[each.field], each.remote.name) for each in found]
    return pairing.save_new_pairs(table.connection, one.description, chosen)


@admin_required
@require_POST
def suggestions_take(request: Request, kind: str) -> HttpResponse:
    """Take all of them."""
    table = FieldTable.load(connected(), kind)
    with transaction.atomic():
        count = sum(_take(table, one, list(one.suggested.values())) for one in table.objects)
    messages.success(request, f"{count} {'pair is' if count == 1 else 'pairs are'} mapped now.")
    return _reload()


@admin_required
@require_POST
def suggestions_again(request: Request, kind: str) -> HttpResponse:
    """Read the fields of Salesforce again, and suggest again also what was turned down."""
    connection = connected()
    table = FieldTable.load(connection, kind)
    names = [one.description.name for one in table.objects]
    connection.declined_pairs.filter(remote_object__in=names).delete()
    login = connection.team_credential
    if not connection.is_connected or login is None or login.broken_reason:
        messages.error(request, "The fields were not read again: the team's login does not work. Connect it again.")
        return _reload()
    try:
        connecting.refresh_descriptions(connection, login)
    except ProviderError as error:
        messages.error(request, f"The fields could not be read again: {error.reason}")
        return _reload()
    count = FieldTable.load(connection, kind).suggested
    messages.success(request, f"The fields are as Salesforce has them now; {count or 'no'} suggestions.")
    return _reload()


def _reload() -> HttpResponse:
    return trigger_client_event(HttpResponse(status=204), CHANGED)


@admin_required
def custom_field(request: Request, kind: str) -> HttpResponse:
    """Add a field to a kind, from nothing or after one of Salesforce's, to which it is then mapped."""
    connection = connected()
    table = FieldTable.load(connection, kind)
    sent = request.POST if request.method == "POST" else request.GET
    one, like = _like(table, typed(sent, "object"), typed(sent, "like"))
    labels = {field.label for field in table.fields.values()}
    form = CustomFieldForm(request.POST or None, labels=labels, like=like)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "kind": kind, "objects": table.objects, "like": like, "like_object": one}
        context["free"] = _free(table, typed(sent, "q"))
        is_search = "q" in request.GET
        template = "integrations/_free_fields.html" if is_search else "integrations/_custom_field.html"
        return part(request, template, context, form.errors)
    definition = form.save(commit=False)
    definition.record_kind = kind
    custom.add(definition)
    messages.success(request, f"“{definition.label}” is a field of every record of this kind now.")
    return trigger_client_event(_map_next(request, kind, f"custom.{definition.key}", one, like), CHANGED)


def _map_next(
    request: Request, kind: str, field: str, one: ObjectFields | None, like: RemoteField | None
) -> HttpResponse:
    """The panel of the new field, with the one that it was made after filled in."""
    table = FieldTable.load(connected(), kind)
    described = one.description.name if one else table.objects[0].description.name
    data = {"field": field} | ({"like": like.name} if like else {})
    form: PairForm = changes.bind(table.connection, "mapping", described, data)
    return render(request, "integrations/_pair.html", panel_context(form))


def _like(table: FieldTable, name: str, field: str) -> tuple[ObjectFields | None, RemoteField | None]:
    one = next((one for one in table.objects if one.description.name == name), None)
    return one, one.description.fields.get(field) if one else None


def _free(table: FieldTable, text: str) -> list[tuple[ObjectFields, RemoteField]]:
    """The first fields of Salesforce that nothing here is mapped to and that a field of ours could hold."""
    words = text.casefold().split()
    found = [
        (one, remote)
        for one in table.objects
        for remote in one.description.fields.values()
        if remote.type in ALIKE
        and remote.name not in {row.remote_field for row in one.mappings.values()}
        and all(word in f"{remote.label} {remote.name}".casefold() for word in words)
    ]
    return sorted(found, key=lambda pair: (not pair[1].is_custom, pair[1].label.casefold()))[:FREE_SHOWN]
