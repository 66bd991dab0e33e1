"""Connecting: the app's form, the way to the org and back, and disconnecting."""

import secrets
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from common import audit
from common.access import for_readers
from common.http import Request
from common.vault import seal, unseal
from integrations import connecting, identities, signing_in
from integrations.access import admin_required
from integrations.embedding import doors
from integrations.forms.app import AppForm
from integrations.logins import app_for, the_connection
from integrations.models import Connection, Credential
from integrations.permissions import rights_of
from integrations.personal import DAYS, use_of
from integrations.revoking import effects
from integrations.salesforce import oauth
from integrations.salesforce.demo import local_org
from integrations.sync.provider import ProviderError

LOGIN, APP, OTHER_ORG = "salesforce_login", "salesforce_app", "salesforce_other_org"  # what the session keeps
UNPROCESSABLE = 422


@dataclass(frozen=True)
class Attempt:
    """A login under way; good for one return from the org."""

    state: str
    verifier: str
    is_personal: bool = False
    replacing: str = ""


@admin_required
def connect(request: Request) -> HttpResponse:
    """The app and its login host; then off to the org."""
    connection, org = _with_typed_app(request, the_connection()), local_org()
    form = AppForm(connection, org, request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        kept = {name: values[name] for name in ("login_url", "client_id")}
        request.session[APP] = {**kept, "client_secret": seal(values["client_secret"])}
        return _to_the_org(request, _with_typed_app(request, connection))
    context = {"form": form, "connection": connection, "local_org": org, "callback_url": identities.callback()}
    context |= {"from_environment": bool(settings.SALESFORCE_CLIENT_ID), "other_org": request.session.get(OTHER_ORG)}
    return render(request, "integrations/connect.html", context, status=UNPROCESSABLE if form.errors else 200)


def callback(request: Request) -> HttpResponseBase:
    """The org sends the browser back here, with a code or with its refusal."""
    if doors.is_expected(request):
        return doors.come_back(request)
    return signing_in.come_back(request) if signing_in.is_expected(request) else _connected(request)


@login_required
@require_GET
def _connected(request: Request) -> HttpResponse:
    attempt = _attempt(request)
    if attempt is None:
        messages.error(request, "This login was not begun here, or was finished already. Connect once more.")
        return redirect("integrations:overview" if request.user.is_admin else "salesforce:personal")
    page = "salesforce:personal" if attempt.is_personal else "salesforce:connect"
    try:
        credential = _finish(request, attempt)
    except connecting.OtherOrg as other:
        if not attempt.is_personal:
            request.session[OTHER_ORG] = {"id": other.org_id, "name": other.org_name}
            return redirect("salesforce:replace")
        messages.error(request, other.reason)
    except (oauth.LoginRefused, ProviderError) as refused:
        if getattr(refused, "code", "") == "invalid_client":
            request.session.pop(APP, None)  # a wrong secret is not worth keeping
        messages.error(request, refused.reason)
    else:
        whose = "own login" if attempt.is_personal else "workspace"
        audit.record(audit.Kind.ACCESS, f"Connected the {whose} to {credential.connection} as {credential}")
        messages.success(request, f"Connected to {credential.connection} as {credential}.")
        page = "salesforce:personal" if attempt.is_personal else "integrations:overview"
    return redirect(page)


@admin_required
def replace(request: Request) -> HttpResponse:
    """The login was another org's: go over to it only when an admin knows what that costs."""
    other = request.session.get(OTHER_ORG)
    if not other:
        return redirect("salesforce:connect")
    connection = the_connection()
    if request.method == "POST":
        del request.session[OTHER_ORG]
        return _to_the_org(request, _with_typed_app(request, connection), replacing=other["id"])
    context = {"connection": connection, "other": other, "links": connection.links.live().count()}
    return render(request, "integrations/replace.html", context)


@admin_required
def disconnect(request: Request) -> HttpResponse:
    connection = the_connection()
    if not connection.is_connected:
        return redirect("integrations:overview")
    if request.method == "POST":
        is_revoked = connecting.disconnect(connection)
        messages.success(request, "Disconnected. Records and their Salesforce ids are kept.")
        if not is_revoked:
            messages.warning(
                request, "Salesforce did not confirm that every login is revoked. Revoke them there, in Setup, too."
            )
        return redirect("integrations:overview")
    context = {"connection": connection, "waiting": connection.outbox.count()}
    return render(request, "integrations/disconnect.html", context)


@login_required
@for_readers
def personal(request: Request) -> HttpResponse:
    """A user's own login; POST goes to the org."""
    connection = the_connection()
    if request.method == "POST" and connection.is_connected:
        return _to_the_org(request, connection, is_personal=True)
    credential = _own_login(request)
    context: dict[str, Any] = {"connection": connection, "credential": credential, "local_org": local_org()}
    if credential and connection.is_connected:
        context |= {"use": use_of(credential), "days": DAYS, "rights": rights_of(credential)}
    return render(request, "integrations/personal.html", context)


@login_required
@for_readers
def personal_disconnect(request: Request) -> HttpResponse:
    """Says what stops, and takes a user's own login away on POST."""
    credential = _own_login(request)
    if credential is None:
        return redirect("salesforce:personal")
    if request.method == "POST":
        is_confirmed = connecting.disconnect_personal(credential)
        audit.record(audit.Kind.ACCESS, f"Disconnected the own login {credential}")
        messages.success(request, "Your Salesforce login is disconnected. The team's login does your pushes now.")
        if not is_confirmed:
            messages.warning(request, "Salesforce did not confirm it. Revoke it there, too, in your personal settings.")
        return redirect("salesforce:personal")
    context = {"connection": credential.connection, "login": credential, "effects": effects(credential)}
    return render(request, "integrations/personal_disconnect.html", context)


def _own_login(request: Request) -> Credential | None:
    return Credential.objects.select_related("connection").filter(user=request.user.pk).first()


def _to_the_org(request: Request, connection: Connection, **purpose: Any) -> HttpResponse:
    """Redirects there. Pages post by htmx: a form's own redirect to another site is stopped by our ``form-action``."""
    attempt = Attempt(state=oauth.new_secret(), verifier=oauth.new_secret(), **purpose)
    request.session[LOGIN] = asdict(attempt)
    app = app_for(connection)
    return redirect(oauth.authorization_url(app, identities.callback(), state=attempt.state, verifier=attempt.verifier))


def _attempt(request: Request) -> Attempt | None:
    """The attempt that this return belongs to. It is used up, whatever comes of it."""
    kept = request.session.pop(LOGIN, None)
    if not kept or not secrets.compare_digest(kept["state"].encode(), request.GET.get("state", "").encode()):
        return None
    return Attempt(**kept)


def _finish(request: Request, attempt: Attempt) -> Credential:
    if error := request.GET.get("error", ""):
        raise oauth.refusal(error, request.GET.get("error_description", ""))
    if not attempt.is_personal and not request.user.is_admin:
        raise oauth.LoginRefused("Only an admin connects the workspace.")
    connection = the_connection() if attempt.is_personal else _with_typed_app(request, the_connection())
    app = app_for(connection)
    code = request.GET.get("code", "")
    tokens = oauth.exchange_code(app, identities.callback(), code=code, verifier=attempt.verifier)
    try:
        return _kept(request, connection, attempt, tokens)
    except (oauth.LoginRefused, ProviderError):
        oauth.revoke(app, tokens.refresh_token or tokens.access_token)  # nobody keeps it
        raise


def _kept(request: Request, connection: Connection, attempt: Attempt, tokens: oauth.TokenSet) -> Credential:
    if attempt.is_personal:
        return connecting.connect_personal(connection, request.user, tokens)
    credential = connecting.connect(connection, request.user, tokens, replacing=attempt.replacing)
    request.session.pop(APP, None)
    return credential


def _with_typed_app(request: Request, connection: Connection) -> Connection:
    """The connection with the app as it was typed; saved only once a login through it has succeeded."""
    if typed := request.session.get(APP):
        connection.login_url, connection.client_id = typed["login_url"], typed["client_id"]
        connection.client_secret = unseal(typed["client_secret"])
    return connection
