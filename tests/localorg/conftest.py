"""One server for all tests of the local org, back to its seed before each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page

from tests.chromium import launched
from tests.localorg.client import REDIRECT, Caller, Server

SETTINGS = {
    "used": 0,
    "daily_limit": 100_000,
    "logins_per_hour": 3600,
    "long_request_seconds": 20,
    "long_requests": 25,
    "session_seconds": 7200,
}


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("localorg"), "--redirect-uri", REDIRECT)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def ruled_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An org whose administrators have made rules."""
    running = Server(tmp_path_factory.mktemp("ruled"), "--org", str(Path(__file__).with_name("ruled.toml")))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def private_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An org where people see little of each other's records."""
    running = Server(tmp_path_factory.mktemp("private"), "--org", str(Path(__file__).with_name("private.toml")))
    yield running
    running.stop()


@pytest.fixture
def fresh(server: Server) -> Server:
    """The server with the records of its seed, no faults, nothing counted."""
    return freshened(server)


def freshened(server: Server) -> Server:
    requests.post(f"{server.url}/localorg/faults", json=[], timeout=30)
    requests.post(f"{server.url}/localorg/reset", timeout=30)
    requests.post(f"{server.url}/localorg/settings", json=SETTINGS, timeout=30)
    requests.delete(f"{server.url}/localorg/calls", timeout=30)
    return server


@pytest.fixture
def admin(fresh: Server) -> Caller:
    return sign_in(fresh, "System Administrator")


@pytest.fixture
def rep(fresh: Server) -> Caller:
    return sign_in(fresh, "Standard User")


@pytest.fixture
def ruler(ruled_server: Server) -> Caller:
    """The administrator of the org with rules."""
    return sign_in(freshened(ruled_server), "System Administrator")


@pytest.fixture
def ruled(ruled_server: Server) -> Caller:
    """A standard user of the org with rules."""
    return sign_in(freshened(ruled_server), "Standard User")


@pytest.fixture
def keeper(private_server: Server) -> Caller:
    """The administrator of the org where people see little."""
    return sign_in(freshened(private_server), "System Administrator")


@pytest.fixture
def bridge(keeper: Caller, private_server: Server) -> Caller:
    """Its integration user, above one standard user in the role hierarchy."""
    return sign_in(private_server, "Integration")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, fresh: Server) -> Iterator[Page]:
    """A browser's page of its own, signed in as the administrator."""
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.goto(f"{fresh.url}/login")
    page.get_by_role("button", name="Ada Admin").click()
    page.wait_for_url(f"{fresh.url}/")
    yield page
    context.close()


def sign_in(server: Server, profile: str) -> Caller:
    user = next(user for user in server.facts["users"] if user["profile"] == profile)
    form = {
        "grant_type": "password",
        "username": user["username"],
        "password": user["password"],
        "client_id": server.facts["client_id"],
        "client_secret": server.facts["client_secret"],
    }
    answer = requests.post(f"{server.url}/services/oauth2/token", data=form, timeout=30)
    return Caller(server.url, answer.json()["access_token"])
