"""Who may frame what: the org's own pages the panel, and nobody anything else."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from integrations.embedding.framing import ancestors
from integrations.models import Connection
from tests.factories import AdminFactory
from tests.test_readers import filled

pytestmark = pytest.mark.django_db
OURS = re.compile(r"^embedded-crm/(?!sign-in/)")  # the windows that sign in are no frames
ORG = "https://acme.my.salesforce.com"
OF_ORG = {
    ORG,
    "https://acme.lightning.force.com",
    "https://acme--c.vf.force.com",
    "https://acme--c.visualforce.com",
}


def connected(instance_url: str = ORG) -> Connection:
    return Connection(provider="salesforce", org_id="00D000000000001AAA", instance_url=instance_url,
                      connected_at=timezone.now())  # fmt: skip


def framers(answer: Any) -> set[str]:
    """Who may frame it; nobody: 'none'."""
    policy = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
    return set(policy["frame-ancestors"].split())


def routes(patterns: Any = None, before: str = "") -> list[str]:
    found = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            found.append(route)
    return found


@pytest.mark.parametrize(
    ("instance_url", "hosts"),
    [
        (ORG, OF_ORG),
        (
            "https://acme--uat.sandbox.my.salesforce.com",
            {
                "https://acme--uat.sandbox.my.salesforce.com",
                "https://acme--uat.sandbox.lightning.force.com",
                "https://acme--uat--c.sandbox.vf.force.com",
                "https://acme--uat--c.sandbox.visualforce.com",
            },
        ),
        (
            "https://acme-dev-ed.develop.my.salesforce.com",
            {
                "https://acme-dev-ed.develop.my.salesforce.com",
                "https://acme-dev-ed.develop.lightning.force.com",
                "https://acme-dev-ed--c.develop.vf.force.com",
                "https://acme-dev-ed--c.develop.visualforce.com",
            },
        ),
        ("https://na35.salesforce.com", {"https://na35.salesforce.com"}),
        ("", set()),
    ],
)
def test_the_hosts_follow_from_my_domain(instance_url: str, hosts: set[str]) -> None:
    assert set(ancestors(connected(instance_url))) == hosts


def test_hosts_of_the_settings_come_beside_those_of_the_connected_org_only(settings: Any) -> None:
    settings.SALESFORCE_FRAME_HOSTS = ["https://acme--package.vf.force.com"]

    assert set(ancestors(connected())) == {*OF_ORG, "https://acme--package.vf.force.com"}
    assert not ancestors(connected(""))


def test_a_local_org_frames_by_the_settings_alone(settings: Any) -> None:
    settings.SALESFORCE_LOCAL_ORG = "http://127.0.0.1:8100"
    settings.SALESFORCE_FRAME_HOSTS = ["http://127.0.0.1:8100", "http://localorg--c.vf.localhost:8100"]

    assert ancestors(connected("http://127.0.0.1:8100")) == settings.SALESFORCE_FRAME_HOSTS


def test_every_address_says_who_may_frame_it(client: Client) -> None:
    """Of an admin, so that whole pages answer."""
    connected().save()
    client.force_login(AdminFactory())
    for route in set(routes()):
        if route.startswith(("api/v1/schema", "auth/logout")):
            continue
        for method in (client.get, client.post) if OURS.match(route) else (client.get,):
            answer = method(f"/{filled(route).replace('^', '')}")
            if OURS.match(route):
                assert framers(answer) == OF_ORG, route
                assert "X-Frame-Options" not in answer, route
            else:
                assert framers(answer) <= {"'none'", "'self'"}, route
                assert answer["X-Frame-Options"] in ("DENY", "SAMEORIGIN"), route


def test_without_an_org_nobody_frames_the_panel(client: Client) -> None:
    assert framers(client.get(reverse("embedding:account"))) == {"'none'"}


def test_the_old_form_of_the_address_leads_a_frame_to_the_panel(client: Client) -> None:
    connected().save()

    framed = client.get("/", headers={"Sec-Fetch-Dest": "iframe"})
    page = client.get(framed["Location"])

    assert (framed.status_code, framed["Location"]) == (302, "/embedded-crm/")
    assert framers(framed) == framers(page) == OF_ORG
    assert "data-hash-form" in page.content.decode()


@pytest.mark.parametrize("destination", ["document", ""])
def test_everybody_else_gets_the_home_page_as_ever(client: Client, destination: str) -> None:
    answer = client.get("/", headers={"Sec-Fetch-Dest": destination} if destination else {})

    assert answer["Location"].startswith("/auth/login/")
    assert framers(answer) == {"'none'"}
    assert "Sec-Fetch-Dest" in answer["Vary"]


def test_only_the_windows_that_sign_in_keep_their_opener(client: Client) -> None:
    kept = client.get(reverse("embedding:sign_in"), {"challenge": "a" * 43})

    assert kept["Cross-Origin-Opener-Policy"] == "unsafe-none"
    for address in ("/auth/login/", reverse("embedding:account"), "/embedded-crm/panel/", "/"):
        assert client.get(address)["Cross-Origin-Opener-Policy"] == "same-origin"
