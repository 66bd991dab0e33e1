"""Which field here is which field there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from integrations import tuning
from integrations.access import admin_required
from integrations.views.tables import Table, connected, part


@admin_required
def mapping(request: HttpRequest, remote_object: str) -> HttpResponse:
    """The mapping table of one remote object."""
    table = Table.load_named(connected(), remote_object)
    context = table.mapping_context(request.POST or None)
    form = context["form"]
    if request.method == "POST" and form.is_valid():
        changed = tuning.save_mapping(table.connection, table.description, form.choices())
        messages.success(request, f"{changed} changed." if changed else "Nothing had changed.")
        context = table.mapping_context() | {"warnings": [fault for fault in form.faults if fault.is_warning]}
    return part(request, "integrations/_mapping.html", context | {"is_open": True}, form.errors)
