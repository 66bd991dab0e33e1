"""One field of ours and what it is in an object of Salesforce: looked at, tried out and saved in a panel of its own."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from common.http import Request, typed
from common.paging import honest_count
from integrations import aligning, changes
from integrations.access import admin_required
from integrations.choosing import offered
from integrations.examples import held
from integrations.field_table import FieldTable
from integrations.forms.mapping import PairForm
from integrations.models import FieldMapping
from integrations.permissions import field_lacks
from integrations.services import Refused
from integrations.sync.provider import ProviderError
from integrations.sync.records import KINDS
from integrations.views.tables import connected, part

CLOSE = "panel-done"


@admin_required
def mapping(request: Request, remote_object: str) -> HttpResponse:
    """The panel of one field; posted, it is saved, and the row in the table follows."""
    connection = connected()
    if request.method != "POST":
        form = changes.bind(connection, "mapping", remote_object, request.GET)
        return render(request, "integrations/_pair.html", panel_context(form))
    form = changes.bind(connection, "mapping", remote_object, request.POST)
    if not form.is_valid():
        return part(request, "integrations/_pair.html", panel_context(form), form.errors)
    try:
        said = changes.save(connection, "mapping", remote_object, form)
    except ValidationError as error:  # another admin was quicker by a moment
        form = changes.bind(connection, "mapping", remote_object, request.POST)
        form.add_error(None, error)
        return part(request, "integrations/_pair.html", panel_context(form), form.errors)
    for line in said:
        messages.success(request, line)
    return _saved(request, remote_object, form)


@admin_required
@require_POST
def pair_draft(request: Request, remote_object: str) -> HttpResponse:
    """What goes with the field that is chosen, before it is saved: problems, rules, value map."""
    form = changes.bind(connected(), "mapping", remote_object, request.POST)
    form.as_draft(more=5 if "more" in request.POST else 0, fill="fill" in request.POST)
    return render(request, "integrations/_pair_rest.html", panel_context(form))


@admin_required
def pair_choices(request: Request, remote_object: str) -> HttpResponse:
    """The fields of Salesforce that ours may be mapped to, and that a search finds."""
    form = changes.bind(connected(), "mapping", remote_object, request.GET)
    return render(request, "integrations/_remote_choices.html", _choices(form, typed(request.GET, "q")))


@admin_required
def pair_examples(request: Request, remote_object: str) -> HttpResponse:
    """What both fields hold on a few records; one question to Salesforce."""
    connection = connected()
    form = changes.bind(connection, "mapping", remote_object, request.GET)
    context: dict[str, Any] = {"form": form}
    try:
        context["held"] = held(connection, remote_object, form.local, form.chosen)
    except Refused as refused:
        context["refusal"] = str(refused)
    except ProviderError as error:
        context["refusal"] = f"Salesforce could not be asked: {error.reason}"
    return render(request, "integrations/_pair_examples.html", context)


def panel_context(form: PairForm) -> dict[str, Any]:
    return {
        "form": form,
        "description": form.description,
        "lacks": _lacks(form),
        "kind": KINDS[form.description.name],
        **_choices(form, ""),
    }


def _choices(form: PairForm, text: str) -> dict[str, Any]:
    return {"form": form, "offer": offered(form.description, form.locals, form.local, form.present, form.choice, text)}


def _lacks(form: PairForm) -> Any:
    """What any login lacks for it, as far as it is known."""
    if form.chosen is None:
        return []
    choice = form.choice
    return field_lacks(
        FieldMapping(
            connection=connected(),
            record_kind=KINDS[form.description.name],
            remote_object=form.description.name,
            field=choice.field,
            remote_field=choice.remote_field,
            direction=choice.direction,
        )
    )


def _saved(request: Request, remote_object: str, form: PairForm) -> HttpResponse:
    """The rows that changed, in the table; the panel closes, unless there is something to apply."""
    connection = connected()
    table = FieldTable.load(connection, KINDS[remote_object])
    names = {form.local.name, *([form.other.field] if form.other else [])}
    present = next(one for one in table.objects if one.description.name == remote_object).mappings
    row = present.get(form.local.name)
    context = {
        "table": table,
        "changed": [one for one in table.rows if one.field.name in names],
        "description": form.description,
        "local": form.local,
        "waiting": row if row and not row.is_compared else None,
    }
    if context["waiting"]:
        context["linked"] = honest_count(aligning.linked(connection, remote_object))
    response = render(request, "integrations/_pair_saved.html", context)
    return response if context["waiting"] else trigger_client_event(response, CLOSE)
