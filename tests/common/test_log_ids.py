"""What lines of the log tell besides their words, and what Sentry is told of an error."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, ClassVar

import pytest
import sentry_sdk
from django.conf import settings as django_settings
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django_q.signals import pre_execute
from rest_framework.authtoken.models import Token
from sentry_sdk.envelope import Envelope
from sentry_sdk.transport import Transport

from common import logs
from config import sentry
from integrations.models import Connection, Run
from tests.conftest import push_all
from tests.factories import ContactFactory
from users.models import User

SECRET = "00Dx0!AQEAQ-of-tests"
WHO = "kim@logs.example"


class Lines(logging.StreamHandler):
    def __init__(self, name: str) -> None:
        super().__init__(io.StringIO())
        config = logging.config.DictConfigurator(deepcopy(django_settings.LOGGING))  # it takes its words out
        self.setFormatter(config.configure_formatter(config.config["formatters"][name]))
        self.addFilter(logs.with_ids)

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def as_json() -> Iterator[Lines]:
    yield from listening("json")


@pytest.fixture
def plain() -> Iterator[Lines]:
    yield from listening("plain")


def listening(name: str) -> Iterator[Lines]:
    handler, root = Lines(name), logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    logs.begin()


def test_a_line_tells_of_its_request_and_its_user(as_json: Lines, client: Client, user: User) -> None:
    answer = client.get("/no/such/page/")

    row = as_json.rows[-1]
    assert (row["level"], row["logger"], row["message"]) == ("WARNING", "django.request", "Not Found: /no/such/page/")
    assert (row["request_id"], row["user_id"]) == (answer["X-Request-ID"], user.pk)
    assert "request" not in row

    logging.getLogger("tests").warning("Afterwards")
    assert "request_id" not in as_json.rows[-1]


@pytest.mark.django_db
def test_who_comes_with_a_token_is_told_too(as_json: Lines, client: Client, admin: User) -> None:
    token = Token.objects.create(user=admin).key
    client.get("/api/v1/contacts/0/", headers={"authorization": f"Token {token}"})
    assert as_json.rows[-1]["user_id"] == admin.pk


@pytest.mark.django_db
def test_the_proxys_id_is_taken_over_and_nothing_made_up(client: Client) -> None:
    assert client.get("/healthz/live", headers={"x-request-id": "abc-1"})["X-Request-ID"] == "abc-1"
    for odd in ("a b", "x" * 65, "a\tb", '"}', "ü"):
        assert client.get("/healthz/live", headers={"x-request-id": odd})["X-Request-ID"] != odd


def test_plain_lines_end_with_the_ids(plain: Lines) -> None:
    logs.begin(job_id="j1", job="integrations.tasks.tick")
    with logs.about(run_id=7):
        logging.getLogger("tests").warning("Oh")
    assert plain.text.endswith("WARNING tests: Oh [job_id=j1 job=integrations.tasks.tick run_id=7]\n")


def test_a_job_names_itself_and_nothing_of_the_one_before(as_json: Lines) -> None:
    logs.begin(job_id="old", run_id=3)
    pre_execute.send("django_q", func=print, task={"id": "new", "func": "integrations.tasks.tick"})
    logging.getLogger("tests").warning("Oh")
    logging.getLogger("django-q").warning("Worker 1 is waiting")

    one, other = as_json.rows
    assert (one["job_id"], one["job"]) == ("new", "integrations.tasks.tick")
    assert "run_id" not in one
    assert "job_id" not in other


def test_what_an_engine_writes_tells_the_run(
    as_json: Lines, synced: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **options: Any) -> None:
        raise RuntimeError("Oh")

    ContactFactory(email="somebody@logs.example")
    monkeypatch.setattr("integrations.pushing.push", broken)
    push_all()

    row = next(row for row in as_json.rows if row["message"].startswith("A push broke"))
    assert row["run_id"] == Run.objects.filter(kind=Run.Kind.PUSH).latest("pk").pk
    assert "RuntimeError: Oh" in row["exc_info"]


class Told(Transport):
    envelopes: ClassVar[list[Envelope]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        self.envelopes.append(envelope)


def test_sentry_is_told_where_and_not_of_whom() -> None:
    sentry.begin("https://key@sentry.example.com/1", "tests", transport=Told, default_integrations=False)
    try:
        token = SECRET
        with sentry_sdk.isolation_scope() as scope:
            scope.set_user({"id": 1, "email": WHO})
            scope.add_event_processor(lambda event, hint: event | {"request": dict(REQUEST), "extra": {"t": token}})
            try:
                raise ValueError("It broke.")
            except ValueError:
                sentry_sdk.capture_exception()
        sentry_sdk.flush()
    finally:
        sentry_sdk.init()

    envelope = Told.envelopes.pop().serialize().decode()
    event = json.loads(envelope.splitlines()[-1])
    assert event["exception"]["values"][0]["value"] == "It broke."
    assert event["request"] == {"method": "POST", "url": "https://crm.example.com/callback/"}
    assert SECRET not in envelope
    assert WHO not in envelope


REQUEST = {
    "method": "POST",
    "url": "https://crm.example.com/callback/",
    "query_string": f"code={SECRET}",
    "headers": {"Authorization": f"Token {SECRET}"},
    "cookies": {"sessionid": SECRET},
    "data": {"password": SECRET},
}


def test_an_address_for_errors_without_the_package_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("config.sentry.import_module", missing)
    with pytest.raises(ImproperlyConfigured, match="sentry-sdk is not installed"):
        sentry.begin("https://key@sentry.example.com/1", "tests")
