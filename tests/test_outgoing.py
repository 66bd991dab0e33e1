"""Where Tandem calls out to: which modules may, to which hosts, and that nothing leads them elsewhere."""

import ast
from pathlib import Path

import pytest
import requests

from integrations.salesforce.client import Session
from integrations.salesforce.oauth import is_trusted
from integrations.sync.provider import ConnectionBroken

ROOT = Path(__file__).parent.parent
SPEAKING = {
    "aiohttp", "authlib", "ftplib", "http.client", "httpx", "imapclient", "imaplib", "requests", "simple_salesforce",
    "smtplib", "socket", "urllib.request",
}  # fmt: skip
# Each looks at where it goes: to Salesforce's hosts (oauth.is_trusted), to servers that people name
# (activities.mail.hosts), or to the one address of a setting. activities/sending.py only tells errors apart.
ALLOWED = {
    "activities/calendars/feeds.py",
    "activities/mail/connecting.py",
    "activities/mail/hosts.py",
    "activities/mail/imap.py",
    "activities/mail/reading.py",
    "activities/mail/smtp.py",
    "activities/sending.py",
    "config/demo.py",
    "directory/http_provider.py",
    "integrations/salesforce/client.py",
    "integrations/salesforce/oauth.py",
}
OURS = ("common", "users", "directory", "accounts", "contacts", "deals", "activities", "integrations", "config")


def test_only_these_modules_speak_to_the_network() -> None:
    found = {
        str(path.relative_to(ROOT))
        for app in OURS
        for path in (ROOT / app).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if SPEAKING & set(_imported(node))
    }

    assert found - ALLOWED == set()


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.my.salesforce.com/",
        "https://acme.my.salesforce.com:8443/",
        "https://salesforce.com.evil.example/",
        "https://evil.example/acme.my.salesforce.com",
        "https://acme.my.salesforce.com@evil.example/",
        "https://evil.example\\.salesforce.com/",
        "https://evilsalesforce.com/",
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/",
        "http://127.0.0.1:8101/",
        "//acme.my.salesforce.com/",
        "file:///etc/passwd",
    ],
)
def test_a_token_goes_nowhere_but_to_salesforce(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests.Session, "request", lambda *_, **__: pytest.fail("It was sent."))
    session = Session("the token", lambda: "another", local_url="http://127.0.0.1:8100")

    assert not is_trusted(url, "http://127.0.0.1:8100")
    with pytest.raises(ConnectionBroken, match="not one of Salesforce"):
        session.request("GET", url)


@pytest.mark.parametrize(
    ("url", "sent_to"),
    [
        ("https://acme.my.salesforce.com/services/data/", "https://acme.my.salesforce.com/services/data/"),
        ("https://127.0.0.1:8100/services/data/", "http://127.0.0.1:8100/services/data/"),
    ],
)
def test_it_does_go_to_salesforce_and_to_the_local_org_and_follows_no_redirect(
    url: str, sent_to: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []

    def send(self: requests.Session, method: str, url: str, **options: object) -> requests.Response:
        asked.append((url, bool(options["allow_redirects"])))
        response = requests.Response()
        response.status_code = 302
        response.headers["Location"] = "https://evil.example/"
        return response

    monkeypatch.setattr(requests.Session, "request", send)
    session = Session("the token", lambda: "another", local_url="http://127.0.0.1:8100")

    assert session.request("GET", url).status_code == 302
    assert asked == [(sent_to, False)]


def _imported(node: ast.AST) -> list[str]:
    """The modules that an import names, each with those around it."""
    match node:
        case ast.Import(names=names):
            full = [one.name for one in names]
        case ast.ImportFrom(module=str(module), level=0):
            full = [module]
        case _:
            full = []
    return [*full, *(name.partition(".")[0] for name in full)]
