"""The token endpoint: each grant, and the answer they share."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from localorg import clock
from localorg.auth import assertions, signin
from localorg.auth.errors import OAuthError
from localorg.auth.signin import Person
from localorg.auth.tokens import LoginRateExceeded, Session
from localorg.org import Org

Form = Mapping[str, str]
Json = dict[str, Any]

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
EVERYTHING = "refresh_token openid id api web full profile email"


def grant(org: Org, form: Form, origin: str) -> Json:
    """The token response. Raises OAuthError."""
    kind = form.get("grant_type", "")
    handler = GRANTS.get(kind)
    if handler is None:
        raise OAuthError("unsupported_grant_type", "grant type not supported")
    if kind != JWT_BEARER:  # an assertion names its client and proves itself
        check_client(org, form, needs_secret=kind != "refresh_token")
    try:
        return handler(org, form, origin)
    except LoginRateExceeded:
        raise OAuthError("invalid_grant", "login rate exceeded") from None


def check_client(org: Org, form: Form, needs_secret: bool = True) -> None:
    if form.get("client_id") != org.settings.client_id:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    secret = form.get("client_secret")
    if (secret or needs_secret) and not hmac.compare_digest(str(secret).encode(), org.settings.client_secret.encode()):
        raise OAuthError("invalid_client", "invalid client credentials")


def _by_code(org: Org, form: Form, origin: str) -> Json:
    code = org.tokens.take_code(form.get("code", ""))
    if code is None:
        raise OAuthError("invalid_grant", "expired authorization code")
    if form.get("redirect_uri") != code.redirect_uri:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    _check_verifier(code.challenge, form.get("code_verifier"))
    person = _active(signin.by_id(org, code.user_id))
    session = org.tokens.open(person.id, code.scope)
    wants_refresh = {"refresh_token", "offline_access"} & set(code.scope.split())
    refresh = org.tokens.new_refresh(person.id, code.scope, session.family) if wants_refresh else None
    return response(org, session, origin, refresh)


def _check_verifier(challenge: str | None, verifier: str | None) -> None:
    if challenge is None:
        return
    if not verifier:
        raise OAuthError("invalid_grant", "code verifier is required")
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if not hmac.compare_digest(digest, challenge):
        raise OAuthError("invalid_grant", "invalid code verifier")


def _by_refresh(org: Org, form: Form, origin: str) -> Json:
    refresh = org.tokens.find_refresh(form.get("refresh_token", ""))
    if refresh is None:
        raise OAuthError("invalid_grant", "expired access/refresh token")
    if refresh.used:
        org.tokens.revoke_family(refresh.family)
        raise OAuthError("invalid_grant", "expired access/refresh token")
    person = _active(signin.by_id(org, refresh.user_id))
    session = org.tokens.open(person.id, refresh.scope, refresh.family)
    if not org.settings.rotate_refresh_tokens:
        return response(org, session, origin, None)
    org.tokens.mark_used(refresh.token)
    return response(org, session, origin, org.tokens.new_refresh(person.id, refresh.scope, refresh.family))


def _by_password(org: Org, form: Form, origin: str) -> Json:
    person = signin.by_password(org, form.get("username", ""), form.get("password", ""))
    if person is None:
        raise OAuthError("invalid_grant", "authentication failure")
    return response(org, org.tokens.open(_active(person).id, "id api web full"), origin, None)


def _by_client(org: Org, form: Form, origin: str) -> Json:
    person = _active(signin.run_as(org))
    return response(org, org.tokens.open(person.id, "id api web full"), origin, None)


def _by_assertion(org: Org, form: Form, origin: str) -> Json:
    """No refresh token, and nothing signed with the secret that this client need not have."""
    person = _active(assertions.person_of(org, form.get("assertion", ""), origin))
    session = org.tokens.open(person.id, "id api web full")
    told = response(org, session, origin, None)
    return {name: told[name] for name in ("access_token", "scope", "instance_url", "id", "token_type")}


def _active(person: Person | None) -> Person:
    if person is None or not person.is_active:
        raise OAuthError("inactive_user", "user is inactive")
    return person


def response(org: Org, session: Session, origin: str, refresh: str | None) -> Json:
    identity = org.identity_url(origin, session.user_id)
    issued = str(int(clock.time() * 1000))
    body = {"access_token": session.token}
    if refresh:
        body["refresh_token"] = refresh
    return body | {
        "signature": _signature(org, identity + issued),
        "scope": session.scope,
        "instance_url": origin,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued,
    }


def _signature(org: Org, text: str) -> str:
    digest = hmac.new(org.settings.client_secret.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


GRANTS: dict[str, Callable[[Org, Form, str], Json]] = {
    "authorization_code": _by_code,
    "refresh_token": _by_refresh,
    "password": _by_password,
    "client_credentials": _by_client,
    JWT_BEARER: _by_assertion,
}
