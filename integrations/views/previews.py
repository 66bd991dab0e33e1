"""What would happen: previews of changes, pulls and pushes."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import resolve, reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRefresh

from integrations import changes
from integrations.access import admin_required
from integrations.tables import connected

# The view that saves a section: it answers what is wrong with a form, beside its fields.
SAVING = {
    "settings": "object_settings",
    "mapping": "mapping",
    "stages": "stages",
    "deletions": "deletions",
    "conditions": "conditions",
}


@admin_required
@require_POST
def preview_change(request: HttpRequest, section: str, name: str) -> HttpResponse:
    """What saving a section as it is filled in would do."""
    connection = connected()
    form = changes.bind(connection, section, name, request.POST)
    if not form.is_valid():
        saving = resolve(reverse(f"integrations:{SAVING[section]}", args=[name]))
        answer: HttpResponse = saving.func(request, *saving.args, **saving.kwargs)
        return answer
    with transaction.atomic():
        said = changes.save(connection, section, name, form)
        transaction.set_rollback(True)
    for line in said:
        messages.info(request, f"Nothing was saved. Saving would say: {line}")
    return HttpResponseClientRefresh()
