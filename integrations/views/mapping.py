"""Which field here is which field there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from integrations import changes
from integrations.access import admin_required
from integrations.views.tables import Table, connected, part


@admin_required
def mapping(request: HttpRequest, remote_object: str) -> HttpResponse:
    """The mapping table of one remote object."""
    table = Table.load_named(connected(), remote_object)
    context = table.mapping_context(request.POST or None)
    form = context["form"]
    if request.method == "POST" and form.is_valid():
        for line in changes.save(table.connection, "mapping", remote_object, form):
            messages.success(request, line)
        context = table.mapping_context() | {"warnings": [fault for fault in form.faults if fault.is_warning]}
    return part(request, "integrations/_mapping.html", context | {"is_open": True}, form.errors)
