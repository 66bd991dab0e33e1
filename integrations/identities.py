"""Who somebody is by the org's own sign-in. It is asked for nothing else, and the login is given back at once."""

import secrets
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from integrations.logins import app_for, the_connection
from integrations.models import Connection, Credential
from integrations.salesforce import oauth
from users.models import User

SCOPES = ("openid", "id")
Identity = dict[str, Any]


def begin(request: HttpRequest, key: str, **kept: str) -> str:
    """Where the browser goes. The session keeps under ``key`` what the return must fit, and ``kept`` beside it."""
    connection = the_connection()
    attempt = {"state": oauth.new_secret(), "verifier": oauth.new_secret(), **kept}
    request.session[key] = attempt
    state, verifier = attempt["state"], attempt["verifier"]
    return oauth.authorization_url(app_for(connection), callback(), state=state, verifier=verifier, scopes=SCOPES)


def is_expected(request: HttpRequest, key: str) -> bool:
    """Whether this return from the org belongs to what was begun under ``key``."""
    state = (request.session.get(key) or {}).get("state", "")
    return bool(state) and secrets.compare_digest(state.encode(), request.GET.get("state", "").encode())


def identified(request: HttpRequest, attempt: dict[str, str]) -> tuple[Connection, Identity]:
    """Whom the connected org names, in a return that was expected. Raises LoginRefused."""
    if error := request.GET.get("error", ""):
        raise oauth.refusal(error, request.GET.get("error_description", ""))
    connection = the_connection()
    app, code = app_for(connection), request.GET.get("code", "")
    tokens = oauth.exchange_code(app, callback(), code=code, verifier=attempt["verifier"])
    try:
        if tokens.org_id != connection.org_id:
            raise oauth.LoginRefused(f"This login belongs to another org than “{connection}”, which Tandem works with.")
        return connection, oauth.identity(app, tokens)
    finally:
        oauth.revoke(app, tokens.refresh_token or tokens.access_token)


def user_of(logins: QuerySet[Credential], remote_id: str) -> User | None:
    """Who connected one of these logins as their own, while signed in here.

    An address makes nobody somebody who is here: whoever administers the org can change addresses there. The app's own
    user is many people's, and so nobody's.
    """
    own = logins.exclude(user=None).filter(remote_user_id=remote_id)
    login = own.exclude(grant=Credential.Grant.CLIENT_CREDENTIALS).select_related("user").first()
    return login.user if login else None


def callback() -> str:
    """As the app in Salesforce must have it, letter by letter."""
    return settings.SITE_URL + reverse("salesforce:callback")
