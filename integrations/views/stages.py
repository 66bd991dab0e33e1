"""Which status there means which stage."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST
from django_q.tasks import async_task

from integrations import changes, connecting, staging
from integrations.access import admin_required
from integrations.sync import inference
from integrations.sync.provider import ProviderError
from integrations.views.tables import Table, connected, part

TEMPLATE = "integrations/_stages.html"


@admin_required
def stages(request: HttpRequest, remote_object: str) -> HttpResponse:
    """What stages are kept in step with. GET with a source looks at that one before it is saved."""
    connection = connected()
    if request.method != "POST":
        return _section(request, remote_object, request.GET.get("source"))
    form = changes.bind(connection, "stages", remote_object, request.POST)
    if not form.is_valid():
        context = {"form": form, "description": form.description, "remote": form.remote, "is_open": True}
        return part(request, TEMPLATE, context, form.errors)
    for line in changes.save(connection, "stages", remote_object, form):
        messages.success(request, line)
    if inference.is_due():
        async_task("integrations.tasks.infer_stages")
    return _section(request, remote_object)


@admin_required
@require_POST
def auto_map(request: HttpRequest, remote_object: str) -> HttpResponse:
    """Pair by name, and make the stages that lack."""
    table = Table.load_named(connected(), remote_object)
    changes.bind(table.connection, "stages", remote_object)  # deals have no such table
    done = staging.carry_out(table.connection, table.description)
    if done:
        messages.success(request, f"{len(done.pairs)} paired by name, {len(done.new)} stages made and paired.")
    else:
        messages.info(request, "There was nothing to pair by name.")
    for line in done.skipped:
        messages.warning(request, f"Left out: {line}")
    return _section(request, remote_object)


@admin_required
@require_POST
def refresh(request: HttpRequest, remote_object: str) -> HttpResponse:
    """“Pull now”: read statuses and opportunity stages of the org again."""
    connection = connected()
    login = connection.team_credential
    if not connection.is_connected or login is None or login.broken_reason:
        messages.error(request, "The team's login does not work. Connect it again first.")
        return _section(request, remote_object)
    try:
        connecting.prepare(connection, login)
    except ProviderError as error:
        messages.error(request, error.reason)
    else:
        messages.success(request, "Stages and statuses are as Salesforce has them now.")
    return _section(request, remote_object)


def _section(request: HttpRequest, remote_object: str, draft: str | None = None) -> HttpResponse:
    context = Table.load_named(connected(), remote_object).stages_context(draft=draft)
    return part(request, TEMPLATE, context | {"is_open": True}, None)
