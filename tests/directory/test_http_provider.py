"""A data service over real HTTP: what it tells is stored and found; what it refuses is told, and harms nothing."""

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from directory import http_provider, providers
from directory.http_provider import HttpProvider, from_settings
from directory.models import Company, Move, Prospect
from directory.providers import Search, Unavailable
from tests.factories import UserFactory
from users.models import User

pytestmark = pytest.mark.django_db

ADA = {
    "key": 17, "first_name": "Ada", "last_name": "Sample", "email": "ada@acme.example", "title": "Head of Sales",
    "email_status": "valid", "company_key": "a",
}  # fmt: skip
ACME = {"key": "a", "name": "Acme", "domain": "www.acme.example", "employees": "1,001-5,000"}


class Service(ThreadingHTTPServer):
    """Answers what ``reply`` does with a request; keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, Any]] = []
        self.reply: Callable[[Handler], None] = told({"people": [ADA], "companies": [ACME]})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, self.headers["Authorization"], body))
        self.server.reply(self)

    def log_message(self, *args: Any) -> None:
        pass

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def told(answer: Any) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(200, json.dumps(answer).encode())


def refused(status: int, **headers: str) -> Callable[[Handler], None]:
    return lambda handler: handler.answer(status, b"<html>", **headers)


@pytest.fixture
def service() -> Iterator[Service]:
    cache.clear()
    server = Service()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def provider(service: Service, settings: Any) -> HttpProvider:
    settings.DIRECTORY_HTTP_URL, settings.DIRECTORY_HTTP_TOKEN = f"{service.url}/", "secret"
    settings.DIRECTORY_HTTP_NAME = "Example Data"
    settings.DIRECTORY_PROVIDERS = ["directory.http_provider.from_settings"]
    return from_settings()


def test_what_it_tells_is_stored_under_its_source(provider: HttpProvider, service: Service) -> None:
    found = list(provider.people(emails=["ada@acme.example"]))

    ada = Prospect.objects.get()
    assert found == [ada]
    assert service.asked == [("/people", "Bearer secret", {"emails": ["ada@acme.example"]})]
    assert (ada.source, ada.key, ada.email_status, ada.company and ada.company.domain) == (
        "Example Data", "17", "verified", "acme.example",
    )  # fmt: skip
    assert Company.objects.get().employees == 1001


def test_whoever_moved_since_it_told_is_noted(provider: HttpProvider, service: Service) -> None:
    provider.people(keys=["17"])
    beta = {"key": "b", "name": "Beta", "domain": "beta.example"}
    service.reply = told({"people": [{**ADA, "company_key": "b"}], "companies": [beta]})

    provider.people(keys=["17"])

    assert Move.objects.get().from_company_name == "Acme"


def test_look_ups_ask_it_once_for_whom_the_tables_lack(provider: HttpProvider, service: Service) -> None:
    for _ in range(2):
        assert providers.look_up_people(["ada@acme.example"]) == []

    assert len(service.asked) == 1


def test_many_addresses_go_a_hundred_at_a_time(provider: HttpProvider, service: Service) -> None:
    service.reply = told({})

    provider.people(emails=[f"{number}@acme.example" for number in range(250)])

    assert [len(question["emails"]) for _, _, question in service.asked] == [100, 100, 50]


def test_a_search_asks_for_words_and_filters(provider: HttpProvider, service: Service) -> None:
    found = provider.search_companies(Search("acme", {"industry": ["Energy"]}, most=5))

    assert [one.name for one in found] == ["Acme"]
    assert service.asked[0][2] == {"q": "acme", "filters": {"industry": ["Energy"]}, "limit": 5}


def test_entries_that_cannot_be_stored_are_left_out(provider: HttpProvider, service: Service) -> None:
    wrong = [{"key": "1"}, {**ADA, "key": "2", "email": "nowhere"}, {**ADA, "key": "3", "title": "x" * 300}]
    service.reply = told({"people": [*wrong, {**ADA, "key": "4", "unknown": {"a": 1}, "last_name": "S\u0000"}, ADA]})

    assert [one.key for one in provider.search_people(Search("sample"))] == ["17"]


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (refused(401), "DIRECTORY_HTTP_TOKEN"),
        (refused(500), "answered 500"),
        (refused(302, Location="http://127.0.0.1:9/"), "answered 302"),
        (refused(200), "not understood"),
        (told([1]), "not understood"),
        (told({"people": [1]}), "not understood"),
        (lambda handler: handler.connection.close(), "could not be reached"),
    ],
)
def test_what_it_refuses_is_told(
    provider: HttpProvider, service: Service, reply: Callable[[Handler], None], message: str
) -> None:
    service.reply = reply

    with pytest.raises(Unavailable, match=message):
        provider.people(keys=["17"])


def test_after_too_many_requests_nobody_asks_for_a_while(provider: HttpProvider, service: Service) -> None:
    service.reply = refused(429, Retry_After="30")
    for _ in range(2):
        with pytest.raises(Unavailable, match="asked us to wait"):
            provider.people(keys=["17"])

    assert len(service.asked) == 1


def test_a_service_that_is_slow_or_endless_is_given_up(
    provider: HttpProvider, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_provider, "READING", 0.05)
    service.reply = lambda handler: time.sleep(0.2)
    with pytest.raises(Unavailable, match="too long to answer"):
        provider.people(keys=["17"])

    monkeypatch.setattr(http_provider, "MOST_BYTES", 10)
    service.reply = told({"people": [ADA]})
    with pytest.raises(Unavailable, match="too long"):
        provider.people(keys=["17"])


def test_a_service_that_is_not_there_spoils_nothing(provider: HttpProvider, service: Service, settings: Any) -> None:
    settings.DIRECTORY_HTTP_URL = "http://127.0.0.1:9"

    assert providers.look_up_people(["ada@acme.example"]) == ["Example Data: It could not be reached."]


@pytest.mark.parametrize("url", ["", "ftp://data.example", "http://data.example/v1", "data.example"])
def test_it_is_asked_at_an_address_of_the_settings_and_with_encryption_only(settings: Any, url: str) -> None:
    settings.DIRECTORY_HTTP_URL = url

    with pytest.raises(ImproperlyConfigured):
        from_settings()


class TestAskingFromTheSearch:
    ADDRESS = "/directory/ask/people/"

    @pytest.fixture
    def page(self, client: Client, provider: HttpProvider) -> Client:
        client.force_login(UserFactory())
        return client

    def test_the_list_has_whom_it_found(self, page: Client, service: Service) -> None:
        answer = page.post(self.ADDRESS, {"q": "sample", "seniority": ["VP", "Head"], "place": ""})

        assert answer["HX-Redirect"] == "/directory/?q=sample&seniority=VP&seniority=Head"
        assert service.asked[0][2]["filters"] == {"seniority": ["VP", "Head"]}
        shown = page.get("/directory/?q=sample").content.decode()
        assert "Example Data found 1." in shown
        assert "Ask Example Data" in shown

    def test_nobody_asks_for_everybody(self, page: Client, service: Service) -> None:
        page.post(self.ADDRESS, {"q": ""})

        assert service.asked == []
        assert "Say first whom you look for" in page.get("/directory/").content.decode()

    def test_who_may_only_read_asks_nobody(self, page: Client, service: Service) -> None:
        page.force_login(UserFactory(role=User.Role.READ_ONLY))

        assert page.post(self.ADDRESS, {"q": "sample"}).status_code == 403
        assert "Ask Example Data" not in page.get("/directory/").content.decode()
        assert service.asked == []

    def test_a_refusal_is_told_on_the_list(self, page: Client, service: Service) -> None:
        service.reply = refused(503)

        page.post(self.ADDRESS, {"q": "sample"})

        assert "Example Data: It answered 503." in page.get("/directory/").content.decode()
