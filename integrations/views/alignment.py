"""Applying newly mapped fields to the records that were linked before."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from common.http import Request, number
from integrations import aligning
from integrations.access import admin_required
from integrations.models import Alignment
from integrations.services import Refused
from integrations.sync.provider import ProviderError
from integrations.sync.records import KINDS, RECORD_TYPES
from integrations.tables import Table, connected
from integrations.views.frame import framed


@admin_required
def alignment(request: Request, remote_object: str) -> HttpResponse:
    """First what it would do, by the way that is asked for; then, posted, it begins, or ends where it is."""
    table = Table.load_named(connected(), remote_object)
    if request.method == "POST":
        return _act(request, table)
    how = request.GET.get("how", "")
    context = {
        "description": table.description,
        "kind": KINDS[remote_object],
        "fields": [field for name, field in RECORD_TYPES[KINDS[remote_object]].fields.items() if name in table.waiting],
        "linked": aligning.linked(table.connection, remote_object).count(),
        "ways": Alignment.How.choices,
        "how": how,
        "under_way": aligning.current(table.connection, remote_object),
    }
    if how in Alignment.How.values and table.waiting:
        try:
            context["told"] = aligning.forecast(table.connection, remote_object, table.waiting, how)
        except Refused as refused:
            context["refusal"] = str(refused)
        except ProviderError as error:
            context["refusal"] = f"Salesforce could not be asked: {error.reason}"
    return framed(request, "integrations/alignment.html", context)


def _act(request: Request, table: Table) -> HttpResponse:
    name = table.description.name
    under_way = aligning.current(table.connection, name)
    how = request.POST.get("how", "")
    if "cancel" in request.POST:
        if under_way:
            aligning.cancel(under_way)
        messages.success(request, "It was cancelled. What was written stays.")
    elif how not in Alignment.How.values or not table.waiting:
        messages.error(request, "There is nothing to apply, or no way was chosen.")
    else:
        shown = request.POST.get("shown", "")
        limit = number(shown) if shown.isdecimal() else None
        try:
            aligning.start(table.connection, name, table.waiting, how, request.user, limit)
            messages.success(request, "It has begun. It goes on in the background.")
        except Refused as refused:
            messages.error(request, str(refused))
    return redirect("integrations:alignment", name)
