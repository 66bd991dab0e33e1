"""Who signs in to the org for Tandem: the team's login, everyone's, what each may do, and taking them away."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST
from django_q.tasks import async_task

from common.http import Request, number, typed
from integrations import campaign_rights, checking, connecting, revoking, rotation
from integrations.access import admin_required
from integrations.forms.logins import SecretForm
from integrations.forms.seen import SeenForm
from integrations.logins import the_connection
from integrations.models import Connection, Credential
from integrations.permissions import FieldRights, ObjectRights, asked_for, rights_of, rights_on, what_is_read
from integrations.salesforce import oauth
from integrations.salesforce.permission_set import FILE, archive
from integrations.sync.provider import ProviderError
from integrations.sync.records import KINDS
from integrations.views.frame import framed
from integrations.views.tables import connected
from users.models import User

LOGINS = 10  # on a page of permissions
FIELDS = 50  # that are listed with what each login may do
NAMED = 5  # people without a login who are named
NOT_CONFIRMED = "Salesforce did not confirm it. Revoke it there, too: Setup > Connected Apps OAuth Usage."


@admin_required
def login_list(request: Request) -> HttpResponse:
    connection = the_connection()
    if not connection.is_connected:
        return redirect("integrations:overview")
    return framed(request, "integrations/logins.html", _logins(connection, SecretForm()))


@admin_required
@require_POST
def team_login(request: Request) -> HttpResponse:
    """Choose the team's login; “strongest” leaves it to the highest permission again."""
    connection = the_connection()
    if request.POST.get("credential") == "strongest":
        connecting.choose_by_power(connection)
        messages.success(request, f"{connection.team_credential or 'No login'} is the team's login now.")
        return redirect("integrations:logins")
    usable = connection.credentials.filter(broken_reason="")
    credential = get_object_or_404(usable, pk=number(request.POST.get("credential", "")))
    connecting.choose_team_login(connection, credential)
    messages.success(request, f"{credential} is the team's login now.")
    return redirect("integrations:logins")


@admin_required
@require_POST
def seen_by(request: Request) -> HttpResponse:
    form = SeenForm(request.POST)
    if form.is_valid():
        form.save()
        messages.success(request, "Saved. It counts from now on.")
    return redirect("integrations:logins")


@admin_required
def permissions(request: Request) -> HttpResponse:
    """What all logins may do with one object, from what is stored; POST has the org asked again in the background."""
    connection = the_connection()
    if not connection.is_connected:
        return redirect("integrations:overview")
    if request.method == "POST":
        async_task("integrations.tasks.read_metadata")
        messages.success(request, "Salesforce is being asked again, a call for each object and login. Look again soon.")
        return redirect(request.get_full_path())
    rows = connection.field_mappings.order_by("remote_object").values_list("remote_object", flat=True).distinct()
    objects = [name for name in KINDS if name in set(rows)]
    chosen = typed(request.GET, "object")
    name = chosen if chosen in objects else next(iter(objects), "")
    page = max(number(request.GET.get("page", "")), 1)
    everyone = _in_order(connection)
    shown = everyone[(page - 1) * LOGINS : page * LOGINS]
    rights = rights_on(connection, name, shown)
    lacking = _lacking(rights)
    context = {
        "objects": objects,
        "chosen": name,
        "standings": list(zip(shown, rights, strict=True)) if rights else [],
        "fields": lacking[:FIELDS],
        "more_fields": len(lacking[FIELDS:]),
        "request_text": asked_for(shown, rights) if rights else "",
        "is_unknown": any(one.described_at is None for one in rights),
        "earlier": page - 1,
        "later": page + 1 if len(everyone) > page * LOGINS else 0,
        "logins_section": "permissions",
    }
    return framed(request, "integrations/permissions.html", context)


@admin_required
def permission_set(request: Request) -> HttpResponse:
    """A permission set for exactly what is mapped, for the Salesforce admin to deploy."""
    headers = {"Content-Disposition": f'attachment; filename="{FILE}"'}
    return HttpResponse(archive(connected()), content_type="application/zip", headers=headers)


def _lacking(rights: Sequence[ObjectRights]) -> list[tuple[FieldRights, list[FieldRights | None]]]:
    """Mapped fields of which some login lacks a right, each with what every login may do with it."""
    by_field = [{row.field: row for row in one.fields} for one in rights]
    lacking = {row.field: row for one in rights for row in one.lacking_fields}
    return [(row, [fields.get(name) for fields in by_field]) for name, row in lacking.items()]


@admin_required
def login(request: Request, pk: int) -> HttpResponse:
    """What one login may do; POST asks the org again."""
    row = _login(pk)
    if request.method == "POST":
        try:
            checking.check(row)
        except ProviderError as error:
            messages.error(request, error.reason)
        else:
            messages.success(request, "Read from Salesforce just now.")
        return redirect("integrations:login", pk)
    context = {"rights": rights_of(row), "login": row, "campaign_lacks": campaign_rights.lacks(row)}
    return framed(request, "integrations/login.html", context)


@admin_required
def login_fields(request: Request, pk: int, remote_object: str) -> HttpResponse:
    """All mapped fields of an object, which may be many hundreds: they come when they are unfolded."""
    found = next((one for one in rights_of(_login(pk)).objects if one.remote_object == remote_object), None)
    if found is None:
        raise Http404(f"No field of “{remote_object}” is mapped.")
    return render(request, "integrations/_field_rights.html", {"fields": found.fields})


@admin_required
def login_revoke(request: Request, pk: int) -> HttpResponse:
    """Says what stops, and takes the login away on POST."""
    row = _login(pk)
    if request.method == "POST":
        is_confirmed = revoking.revoke(row)
        messages.success(request, f"The login of {row} is revoked.")
        if not is_confirmed:
            messages.warning(request, NOT_CONFIRMED)
        return redirect("integrations:logins")
    return framed(request, "integrations/login_revoke.html", {"login": row, "effects": revoking.effects(row)})


@admin_required
def revoke_all(request: Request) -> HttpResponse:
    connection = the_connection()
    if not connection.is_connected:
        return redirect("integrations:overview")
    if request.method == "POST":
        is_confirmed = revoking.revoke_all(connection)
        messages.success(request, "Every login is revoked. Nothing moves until one is connected again.")
        if not is_confirmed:
            messages.warning(request, NOT_CONFIRMED)
        return redirect("integrations:logins")
    working = connection.credentials.filter(broken_reason="").count()
    context = {"working": working, "waiting": connection.outbox.count()}
    return framed(request, "integrations/logins_revoke.html", context)


@admin_required
@require_POST
def secret(request: Request) -> HttpResponse:
    """Check a new client secret with the org, and keep it."""
    connection = the_connection()
    form = SecretForm(request.POST)
    if form.is_valid():
        try:
            by = rotation.rotate_secret(connection, form.cleaned_data["client_secret"])
        except oauth.LoginRefused as refused:
            form.add_error("client_secret", f"{refused.reason} The old secret stays.")
        else:
            messages.success(request, f"Salesforce accepted the new secret for the login of {by}. The old one is gone.")
            return redirect("integrations:logins")
    return framed(request, "integrations/logins.html", _logins(connection, form), status=422)


def _login(pk: int) -> Credential:
    return get_object_or_404(connecting.present_logins().select_related("connection", "user"), pk=pk)


def _in_order(connection: Connection) -> list[Credential]:
    """The team's login first, then those that may do most."""
    rows = connecting.present_logins().filter(connection=connection).select_related("user", "connection")
    return sorted(rows, key=lambda row: (row.pk != connection.team_credential_id, -row.power, str(row)))


def _logins(connection: Connection, secret_form: SecretForm) -> dict[str, Any]:
    logins = _in_order(connection)
    without = User.objects.filter(is_active=True, credential=None)
    names = [str(user) for user in without[: NAMED + 1]]
    return {
        "logins": logins,
        "team": next((row for row in logins if row.pk == connection.team_credential_id), None),
        "working": sum(not row.broken_reason for row in logins),
        "without": names[:NAMED],
        "more_without": without.count() - NAMED if len(names) > NAMED else 0,
        "what_is_read": what_is_read(connection),
        "seen_form": SeenForm(),
        "secret_form": secret_form,
        "is_secret_of_environment": not connection.client_secret,
        "logins_section": "logins",
    }
