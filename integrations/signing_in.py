"""Signing in to Tandem with the org's own sign-in, for those who have connected their login; off unless it is set.

allauth goes on from there, as after a password: it refuses who may not sign in, and asks for a second factor.
"""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import get_next_redirect_url, perform_login
from allauth.core import ratelimit
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from common import audit
from common.access import for_readers
from integrations import identities
from integrations.logins import the_connection
from integrations.salesforce import oauth

ATTEMPT = "salesforce_sign_in"  # what the session keeps
WAY = "Salesforce"  # as the audit log tells it
OFF = "Signing in with Salesforce is off."
TOO_MANY = "That were many sign-ins. Wait some minutes."
NOT_CONNECTED = (
    "This Salesforce login is not connected here, or must be connected again. Sign in with your password, and do "
    "it under Settings > My Salesforce login: from then on you can sign in with it."
)


def is_offered() -> bool:
    return settings.SALESFORCE_SIGN_IN and the_connection().is_connected


@for_readers
@require_POST
def to_the_org(request: HttpRequest) -> HttpResponse:
    """Off to the org's own sign-in; the answer comes to the same address as when the workspace is connected."""
    if not is_offered():
        raise Http404(OFF)
    if not ratelimit.consume(request, action="org_sign_in"):
        messages.error(request, TOO_MANY)
        return redirect(settings.LOGIN_URL)
    return redirect(identities.begin(request, ATTEMPT, next=get_next_redirect_url(request) or ""))


def is_expected(request: HttpRequest) -> bool:
    return identities.is_expected(request, ATTEMPT)


@require_GET
def come_back(request: HttpRequest) -> HttpResponse:
    """From the org, with a code or its refusal."""
    attempt = request.session.pop(ATTEMPT)
    try:
        if not is_offered():
            raise oauth.LoginRefused(OFF)
        connection, identity = identities.identified(request, attempt)
        user = identities.user_of(connection.credentials.usable(), identity["user_id"])
        if user is None:
            raise oauth.LoginRefused(NOT_CONNECTED)
    except oauth.LoginRefused as refused:
        audit.record(audit.Kind.FAILED, f"With {WAY}: {refused.reason}")
        messages.error(request, refused.reason)
        return redirect(settings.LOGIN_URL)
    record_authentication(request, user, WAY)
    return perform_login(request, user, redirect_url=attempt["next"] or None)
