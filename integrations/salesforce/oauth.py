"""Signing in to Salesforce: parameters in, tokens out. No Django, no database.

Whatever goes wrong is a LoginRefused whose reason is written for the person who is connecting.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

SCOPES = ("api", "refresh_token", "openid", "id")
SALESFORCE_DOMAINS = ("salesforce.com", "salesforce.mil", "sfcrmproducts.cn")
# Addresses of pages that people copy from their browser, and the host that signs in to the same org.
PAGE_DOMAINS = {
    ".lightning.force.com": ".my.salesforce.com",
    ".my.salesforce-setup.com": ".my.salesforce.com",
}
CONNECT_TIMEOUT = 10.0
VERIFIER_LENGTH = 96  # RFC 7636 wants 43 to 128 characters


class LoginRefused(Exception):
    """No login, and why in words for a person. ``code`` is Salesforce's own."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class NoAnswer(LoginRefused):
    """The org gave no usable answer. That says nothing of the login: it may work in a minute."""


@dataclass(frozen=True)
class App:
    """The team's own app in Salesforce, and where it signs in. ``local_url``: the one address allowed without TLS."""

    login_url: str
    client_id: str
    client_secret: str = field(repr=False)
    local_url: str = ""
    timeout: float = 30.0

    def endpoint(self, name: str) -> str:
        return f"{self.login_url}/services/oauth2/{name}"

    def session(self, **options: Any) -> OAuth2Session:
        return OAuth2Session(
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 (a method's name)
            revocation_endpoint_auth_method="client_secret_post",
            code_challenge_method="S256",
            default_timeout=(CONNECT_TIMEOUT, self.timeout),
            **options,
        )


@dataclass(frozen=True)
class TokenSet:
    """What a login is worth. ``refresh_token`` is empty when the org gave none, or keeps the one that was used."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    instance_url: str
    identity_url: str
    org_id: str
    user_id: str
    issued_at: str
    signature: str = field(repr=False)


def new_secret() -> str:
    """For a state or a PKCE verifier: unguessable, and made of the letters that both allow."""
    return generate_token(VERIFIER_LENGTH)


def authorization_url(app: App, redirect_uri: str, *, state: str, verifier: str, scopes: Sequence[str] = SCOPES) -> str:
    """Where to send the browser."""
    session = app.session(redirect_uri=redirect_uri, scope=" ".join(scopes))
    url, _ = session.create_authorization_url(app.endpoint("authorize"), state=state, code_verifier=verifier)
    return url


def exchange_code(app: App, redirect_uri: str, *, code: str, verifier: str) -> TokenSet:
    return _tokens(
        app,
        lambda session: session.fetch_token(
            app.endpoint("token"),
            grant_type="authorization_code",
            code=code,
            redirect_uri=redirect_uri,
            code_verifier=verifier,
            allow_redirects=False,
        ),
    )


def refresh(app: App, refresh_token: str) -> TokenSet:
    """A new access token. Where the org rotates refresh tokens, the one in the answer replaces the one used."""
    return _tokens(
        app,
        lambda session: session.refresh_token(
            app.endpoint("token"), refresh_token=refresh_token, allow_redirects=False
        ),
    )


def client_credentials(app: App) -> TokenSet:
    """The app's own login: no person, no refresh token. Only My Domain hosts know it."""
    return _tokens(
        app,
        lambda session: session.fetch_token(
            app.endpoint("token"), grant_type="client_credentials", allow_redirects=False
        ),
    )


def password_login(app: App, username: str, password: str) -> TokenSet:
    """For scripts and the local org only: real orgs have it switched off."""
    return _tokens(
        app,
        lambda session: session.fetch_token(
            app.endpoint("token"), grant_type="password", username=username, password=password, allow_redirects=False
        ),
    )


def revoke(app: App, token: str) -> bool:
    """Make a token worthless; a refresh token takes its access tokens along. False: the org did not say that it did."""
    try:
        response = app.session().revoke_token(app.endpoint("revoke"), token=token, allow_redirects=False)
    except requests.RequestException:
        return False
    return response.status_code == HTTPStatus.OK


def identity(app: App, tokens: TokenSet) -> dict[str, Any]:
    """Who signed in: user_id, organization_id, preferred_username, name, email …"""
    address = f"{tokens.instance_url}/services/oauth2/userinfo"
    session = app.session(token={"access_token": tokens.access_token, "token_type": "Bearer"})
    answer = _asked(app, lambda: _json(session.get(address, allow_redirects=False)))
    if answer.get("user_id") != tokens.user_id or answer.get("organization_id") != tokens.org_id:
        raise LoginRefused("Salesforce named another user than the one it signed in.")
    return answer


LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def login_host(text: str, local_url: str = "") -> str:
    """The base URL of what somebody typed: a host or a URL of Salesforce's, also one copied from a page of the org.

    Raises ValueError, with words for a person, for anything else: the client secret is sent there.
    """
    typed = text.strip().lower()
    if local_url and typed.rstrip("/").removeprefix("http://") == local_url.removeprefix("http://"):
        return local_url
    try:
        parts = urlsplit(typed if "://" in typed else f"https://{typed}")
        host = parts.hostname or ""
        is_plain = not parts.username and not parts.password and parts.port in (None, 443)
    except ValueError:
        host, is_plain = "", False
    for page_domain, login_domain in PAGE_DOMAINS.items():
        host = host.removesuffix(page_domain) + login_domain if host.endswith(page_domain) else host
    if not is_plain or parts.scheme != "https" or not _is_salesforce(host):
        raise ValueError("That is not a host of Salesforce's. It looks like acme.my.salesforce.com.")
    return f"https://{host}"


def is_trusted(url: str, local_url: str = "") -> bool:
    """Whether tokens may be sent to ``url``: Salesforce's own hosts over TLS, or the local org."""
    try:
        parts = urlsplit(url)
        has_port = parts.port not in (None, 443)
    except ValueError:
        return False
    if local_url and f"{parts.scheme}://{parts.netloc}" == local_url:
        return True
    is_bare = not parts.username and not parts.password and not has_port
    return parts.scheme == "https" and is_bare and _is_salesforce(parts.hostname or "")


def _is_salesforce(host: str) -> bool:
    """Whether a host is one of theirs. Only plain labels: clients disagree on where a host with a backslash ends."""
    is_plain = all(LABEL.fullmatch(label) for label in host.split("."))
    return is_plain and host.endswith(tuple(f".{domain}" for domain in SALESFORCE_DOMAINS))


def _tokens(app: App, fetch: Callable[[OAuth2Session], Mapping[str, Any]]) -> TokenSet:
    answer = _asked(app, lambda: fetch(app.session()))
    missing = [name for name in ("access_token", "instance_url", "id") if not isinstance(answer.get(name), str)]
    if missing:
        raise NoAnswer(f"The org's answer lacks {', '.join(missing)}.")
    instance_url, identity_url = answer["instance_url"].rstrip("/"), answer["id"]
    if not is_trusted(instance_url, app.local_url) or not is_trusted(identity_url, app.local_url):
        raise LoginRefused(f"The login leads to {instance_url}, which is not an address of Salesforce's.")
    if not _is_signed(app.client_secret, answer):
        raise LoginRefused(NOT_SIGNED)
    org_id, user_id = identity_url.rstrip("/").rsplit("/", 2)[-2:]
    if not org_id.startswith("00D") or not user_id.startswith("005"):
        raise NoAnswer("The org's answer does not say who signed in.")
    return TokenSet(
        access_token=answer["access_token"],
        refresh_token=answer.get("refresh_token") or "",
        instance_url=instance_url,
        identity_url=identity_url,
        org_id=org_id,
        user_id=user_id,
        issued_at=str(answer.get("issued_at", "")),
        signature=str(answer.get("signature", "")),
    )


def _is_signed(client_secret: str, answer: Mapping[str, Any]) -> bool:
    signed = f"{answer['id']}{answer.get('issued_at', '')}".encode()
    expected = base64.b64encode(hmac.new(client_secret.encode(), signed, hashlib.sha256).digest())
    return hmac.compare_digest(expected, str(answer.get("signature", "")).encode())


def _asked(app: App, call: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """The org's answer, or its refusal in our words."""
    host = urlsplit(app.login_url).netloc
    try:
        return dict(call())
    except OAuthError as error:
        raise refusal(error.error or "", error.description or "") from error
    except requests.HTTPError as error:
        status = error.response.status_code
        raise NoAnswer(
            f"The org at {host} answered {status} with a page instead of a login. Try again later."
        ) from error
    except requests.Timeout as error:
        raise NoAnswer(f"The org at {host} did not answer in time. Try again later.") from error
    except requests.RequestException as error:
        raise NoAnswer(f"The org at {host} could not be reached. Check the address and the network.") from error
    except ValueError as error:
        raise NoAnswer(f"What answers at {host} is not Salesforce: it sent a page, or nothing.") from error


def _json(response: requests.Response) -> dict[str, Any]:
    response.raise_for_status()
    answer = response.json()
    if not isinstance(answer, dict):
        raise ValueError("Not a JSON object.")
    return answer


# By error, and where it says more, by a part of its description.
REASONS: dict[str, str] = {
    "access_denied": "Access was denied on Salesforce's page, so nothing was connected.",
    "inactive_org": "This Salesforce org is not active any more.",
    "inactive_user": "This Salesforce user is inactive. Ask your Salesforce admin to activate it.",
    "invalid_app_access": "Your Salesforce admin must first approve this user for the app "
    "(the app's policies, “Admin approved users are pre-authorized”).",
    "invalid_client": "Salesforce does not accept the client secret. Copy it again from the app.",
    "invalid_client_id": "Salesforce does not know this client id. Copy it again; "
    "a new app takes about ten minutes until it works.",
    "invalid_grant": "Salesforce refused the login.",
    "invalid_scope": "The app lacks a scope. It needs: Manage user data via APIs (api), Perform requests at any time "
    "(refresh_token), Access unique user identifiers (openid), Access the identity URL service (id).",
    "rate_limit_exceeded": "This user has signed in too often. Salesforce lets them in again within the hour.",
    "redirect_uri_mismatch": "The callback URL of the app in Salesforce differs from the one shown here. "
    "They must be the same, letter by letter.",
    "unsupported_grant_type": "The app in Salesforce does not allow this way to sign in.",
}
NOT_SIGNED = "The answer is not signed with this app's secret. Check the client secret."
SECRET_REFUSED = (REASONS["invalid_client"], NOT_SIGNED)  # a login that broke so works again with the right secret
# In this order: the first that fits says more than the error alone.
PARTICULARS: tuple[tuple[str, str], ...] = (
    ("code verifier", "The login was not finished by the browser that began it. Connect once more."),
    ("code challenge", "The app demands PKCE in another way than Tandem does it. Connect once more."),
    ("authorization code", "This login was used already or took too long. Connect once more."),
    ("expired access/refresh token", "The login was revoked or has expired in Salesforce. Connect again."),
    ("token validity expired", "The login was revoked or has expired in Salesforce. Connect again."),
    (
        "authentication failure",
        "The user name or password is wrong, or the org does not allow this login from here "
        "(login hours, IP ranges, or the user-name-password flow is off).",
    ),
    ("approved this consumer", "This user has not approved the app in Salesforce yet."),
)
PASSING = {"unknown_error", "server_error", "temporarily_unavailable"}


def refusal(code: str, description: str) -> LoginRefused:
    """Salesforce's error in words. What we don't know is quoted."""
    code = code.replace("-", "_")
    if code in PASSING:
        return NoAnswer("Salesforce had a passing fault. Try again in a minute.", code)
    for part, reason in PARTICULARS:
        if part in description.lower():
            return LoginRefused(reason, code)
    if reason := REASONS.get(code, ""):
        return LoginRefused(reason, code)
    quoted = f"{code}: {description}".strip(": ") or "no reason given"
    return LoginRefused(f"Salesforce refused the login ({quoted[:200]}).", code)
