"""Signing in by the web server flow, with a browser played by requests."""

import base64
import hashlib
from urllib.parse import parse_qs, urlsplit

import requests

from tests.localorg.client import REDIRECT, Server

VERIFIER = "a-verifier-of-at-least-forty-three-characters-long"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def token(server: Server, auth: tuple[str, str] | None = None, **form: str) -> requests.Response:
    if auth is None:
        form = {"client_id": server.facts["client_id"], "client_secret": server.facts["client_secret"]} | form
    return requests.post(f"{server.url}/services/oauth2/token", data=form, auth=auth, timeout=30)


def authorize_query(server: Server, **changes: str | None) -> dict[str, str]:
    query: dict[str, str | None] = {
        "response_type": "code",
        "client_id": server.facts["client_id"],
        "redirect_uri": REDIRECT,
        "scope": "api refresh_token id",
        "state": "s 1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in (query | changes).items() if value is not None}


def consent(server: Server, decision: str = "allow", **changes: str | None) -> dict[str, str]:
    """What the callback is told after login and consent in a browser."""
    browser = requests.Session()
    url = (
        requests.Request("GET", f"{server.url}/services/oauth2/authorize", params=authorize_query(server, **changes))
        .prepare()
        .url
    )
    assert 'name="password"' in browser.get(url, timeout=30).text
    user = server.facts["users"][0]
    page = browser.post(url, data={"username": user["username"], "password": user["password"]}, timeout=30)
    assert "Allow access?" in page.text
    answer = browser.post(page.url, data={"decision": decision}, allow_redirects=False, timeout=30)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(REDIRECT + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def exchange(server: Server, code: str, **changes: str) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    return token(server, **(form | changes))
