"""Which status there means which stage."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse

from integrations import changes
from integrations.access import admin_required
from integrations.views.tables import Table, connected, part


@admin_required
def stages(request: HttpRequest, remote_object: str) -> HttpResponse:
    """Which status of one remote object means which stage."""
    table = Table.load_named(connected(), remote_object)
    context = table.stages_context(request.POST or None)
    if not context:
        raise Http404(f"No status field of {remote_object} is mapped to the stage.")
    form = context["form"]
    if request.method == "POST" and form.is_valid():
        for line in changes.save(table.connection, "stages", remote_object, form):
            messages.success(request, line)
        context = table.stages_context() or context
    return part(request, "integrations/_stages.html", context | {"is_open": True}, form.errors)
