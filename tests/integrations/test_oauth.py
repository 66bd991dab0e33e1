"""Signing in, against the local org and against servers that are no org."""

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from integrations.salesforce import oauth
from tests.salesforce_org import Org

Respond = Callable[[BaseHTTPRequestHandler], None]
ORG_ID, USER_ID = "00D000000000001EAA", "005000000000001AAA"


@pytest.fixture
def server() -> Iterator[Callable[[Respond], str]]:
    """Starts a server that answers every POST in one way; gives its address."""
    servers = []

    def start(respond: Respond) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                respond(self)

            def log_message(self, *args: Any) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()


def answering(status: int, body: str, kind: str = "application/json") -> Respond:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        handler.send_header("Content-Type", kind)
        handler.end_headers()
        handler.wfile.write(body.encode())

    return respond


def app_at(url: str, timeout: float = 5.0) -> oauth.App:
    return oauth.App(url, "id", "secret", local_url=url, timeout=timeout)


def signing(key: str = "secret", **changes: str) -> Respond:
    """Answers as a token endpoint whose app has the secret ``key``."""

    def respond(handler: BaseHTTPRequestHandler) -> None:
        url = f"http://{handler.headers['Host']}"
        identity, issued_at = f"{url}/id/{ORG_ID}/{USER_ID}", "1767323045123"
        digest = hmac.new(key.encode(), f"{identity}{issued_at}".encode(), hashlib.sha256).digest()
        answer = {"access_token": "a", "instance_url": url, "id": identity, "issued_at": issued_at}
        signature = base64.b64encode(digest).decode()
        answering(200, json.dumps(answer | {"signature": signature} | changes))(handler)

    return respond


def refused(app: oauth.App) -> oauth.LoginRefused:
    with pytest.raises(oauth.LoginRefused) as caught:
        oauth.client_credentials(app)
    return caught.value


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("acme.my.salesforce.com", "https://acme.my.salesforce.com"),
        (" HTTPS://Acme.my.salesforce.com/setup/home ", "https://acme.my.salesforce.com"),
        ("acme--uat.sandbox.my.salesforce.com", "https://acme--uat.sandbox.my.salesforce.com"),
        ("https://acme.lightning.force.com/lightning/page/home", "https://acme.my.salesforce.com"),
        ("acme.my.salesforce-setup.com", "https://acme.my.salesforce.com"),
        ("http://127.0.0.1:8100/", "http://127.0.0.1:8100"),
    ],
)
def test_a_login_host_is_understood_however_it_is_typed(typed: str, host: str) -> None:
    assert oauth.login_host(typed, "http://127.0.0.1:8100") == host


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "acme",
        "evil.example",
        "http://acme.my.salesforce.com",
        "https://login.salesforce.com@evil.example",
        "https://login.salesforce.com.evil.example",
        "https://salesforce.com.evil.example/my.salesforce.com",
        "https://login.salesforce.com:8443",
        "http://127.0.0.1:9999",
        "https://[",
    ],
)
def test_the_secret_goes_to_no_other_host(typed: str) -> None:
    with pytest.raises(ValueError, match="not a host of Salesforce's"):
        oauth.login_host(typed, "http://127.0.0.1:8100")


def test_lightning_is_no_place_for_tokens() -> None:
    assert oauth.is_trusted("https://acme.my.salesforce.com")
    assert not oauth.is_trusted("https://acme.lightning.force.com")
    assert not oauth.is_trusted("http://acme.my.salesforce.com")
    assert not oauth.is_trusted("http://127.0.0.1:8100")


def test_the_authorization_url_carries_a_challenge_and_not_the_verifier() -> None:
    app = oauth.App("https://login.salesforce.com", "id", "secret")
    verifier = oauth.new_secret()

    url = oauth.authorization_url(app, "https://crm.example/cb", state="s", verifier=verifier)

    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    digest = hashlib.sha256(verifier.encode()).digest()
    assert asked["code_challenge"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")
    assert (asked["code_challenge_method"], asked["state"]) == ("S256", "s")
    assert asked["scope"] == "api refresh_token openid id"
    assert verifier not in url
    assert "secret" not in url


def test_tokens_are_not_printed() -> None:
    tokens = oauth.TokenSet("access", "refresh", "https://x", "https://y", ORG_ID, USER_ID, "1", "signed")

    assert "access" not in repr(tokens).replace("access_token", "")
    assert "signed" not in repr(tokens)


@pytest.mark.parametrize(
    ("code", "description", "words"),
    [
        ("access_denied", "end-user denied authorization", "denied"),
        ("access-denied", "", "denied"),
        ("invalid_client_id", "client identifier invalid", "ten minutes"),
        ("invalid_client", "invalid client credentials", "secret"),
        ("redirect_uri_mismatch", "redirect_uri must match configuration", "callback URL"),
        ("invalid_grant", "expired access/refresh token", "revoked or has expired"),
        ("invalid_grant", "expired authorization code", "used already"),
        ("invalid_grant", "authentication failure", "user name or password"),
        ("invalid_grant", "invalid code verifier", "browser that began it"),
        ("inactive_user", "user is inactive", "inactive"),
        ("invalid_app_access", "user is not admin approved", "approve"),
        ("odd_error", "something new", "odd_error: something new"),
        ("", "", "no reason given"),
    ],
)
def test_a_refusal_is_said_in_words(code: str, description: str, words: str) -> None:
    assert words in oauth.refusal(code, description).reason


@pytest.mark.parametrize(
    ("respond", "words"),
    [
        (answering(200, "<html>Maintenance</html>", "text/html"), "not Salesforce"),
        (answering(503, "<html>Busy</html>", "text/html"), "answered 503"),
        (answering(302, "", "text/html"), "not Salesforce"),
        (answering(200, ""), "not Salesforce"),
        (answering(200, "[]"), "not Salesforce"),
        (answering(200, "{}"), "lacks access_token"),
        (answering(400, '{"error": "unknown_error", "error_description": "retry your request"}'), "passing fault"),
        (lambda handler: handler.connection.close(), "could not be reached"),
    ],
)
def test_what_is_no_answer_says_so(server: Callable[[Respond], str], respond: Respond, words: str) -> None:
    error = refused(app_at(server(respond)))

    assert isinstance(error, oauth.NoAnswer)
    assert words in error.reason


def test_a_slow_org_is_not_waited_for(server: Callable[[Respond], str]) -> None:
    done = threading.Event()

    error = refused(app_at(server(lambda handler: done.wait(5) and None), timeout=0.1))

    done.set()
    assert "did not answer in time" in error.reason


def test_nothing_listens() -> None:
    assert "could not be reached" in refused(app_at("http://127.0.0.1:9")).reason


def test_tokens_that_lead_elsewhere_are_refused(server: Callable[[Respond], str]) -> None:
    url = server(signing(instance_url="https://evil.example"))

    assert "not an address of Salesforce's" in refused(app_at(url)).reason


def test_an_unsigned_answer_is_refused(server: Callable[[Respond], str]) -> None:
    url = server(signing("another"))

    assert "not signed" in refused(app_at(url)).reason


def test_a_signed_answer_is_a_login(server: Callable[[Respond], str]) -> None:
    url = server(signing())

    tokens = oauth.client_credentials(app_at(url))

    assert (tokens.org_id, tokens.user_id, tokens.refresh_token) == (ORG_ID, USER_ID, "")


def org_app(org: Org) -> oauth.App:
    return oauth.App(org.url, org.client_id, org.client_secret, local_url=org.url)


def test_the_org_signs_in_by_password_and_says_who_it_is(org: Org) -> None:
    person = org.users[0]

    tokens = oauth.password_login(org_app(org), person["username"], person["password"])

    assert oauth.identity(org_app(org), tokens)["preferred_username"] == person["username"]


def test_a_wrong_password_is_said(org: Org) -> None:
    with pytest.raises(oauth.LoginRefused, match="user name or password is wrong"):
        oauth.password_login(org_app(org), org.users[0]["username"], "wrong")


def test_a_wrong_secret_is_said(org: Org) -> None:
    error = refused(replace(org_app(org), client_secret="wrong"))

    assert "client secret" in error.reason


def test_an_unknown_client_is_said(org: Org) -> None:
    assert "client id" in refused(replace(org_app(org), client_id="3MVGunknown")).reason


def test_a_revoked_token_says_nothing_any_more(org: Org) -> None:
    tokens = oauth.client_credentials(org_app(org))

    assert oauth.revoke(org_app(org), tokens.access_token)
    with pytest.raises(oauth.LoginRefused):
        oauth.identity(org_app(org), tokens)
