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
from contacts.models import Contact
from integrations.models import Connection, RecordLink, Run
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory
from tests.salesforce_org import Org
from users.models import User

SECRET = "00Dx0!AQEAQ-of-tests"
WHO = "kim@logs.example"
CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


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


def test_a_run_that_ends_tells_what_it_did(as_json: Lines, synced: Connection) -> None:
    ContactFactory(email="somebody@logs.example")
    push_all()

    run = Run.objects.get(kind=Run.Kind.PUSH, remote_object="Contact")
    row = next(row for row in as_json.rows if row["message"].startswith("push of Contact"))
    assert (row["message"], row["run_id"]) == ("push of Contact is done: 1 created", run.pk)


def test_what_goes_through_is_a_line_with_its_link_where_more_is_asked_for(
    as_json: Lines, synced: Connection, org: Org, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="integrations"):
        contact = ContactFactory(email="somebody@logs.example")
        push_all()
        link = RecordLink.objects.get(record_kind="contact", record_id=contact.pk)
        org.update("Contact", link.remote_id, Title="CEO")
        pull_all()

    message = f"contact {contact.pk} goes with Contact {link.remote_id}"
    runs = [row["run_id"] for row in as_json.rows if row["message"] == message and row["link_id"] == link.pk]
    assert [Run.objects.get(pk=pk).kind for pk in runs] == ["push", "pull"]


def test_a_refusal_is_a_line_with_its_link_and_run_and_nothing_of_the_record(
    as_json: Lines, synced: Connection, org: Org
) -> None:
    link = RecordLink.objects.live().filter(record_kind="contact", remote_object="Contact").earliest("pk")
    contact = Contact.objects.get(pk=link.record_id)
    contact.last_name = "Secretive"
    contact.save()
    org.faults(
        {"match": {"object": "Contact", "method": "PATCH"}, "do": "refuse", "code": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}
    )
    push_all()

    row = next(row for row in as_json.rows if row["message"].startswith("Refused"))
    assert row["message"] == f"Refused by remote: {CODE}"
    assert (row["record_kind"], row["record_id"], row["link_id"]) == ("contact", contact.pk, link.pk)
    assert row["run_id"] == Run.objects.filter(kind=Run.Kind.PUSH, failed=1).get().pk
    assert "Secretive" not in as_json.text


def test_what_a_pull_can_not_store_is_a_line_with_its_link(
    as_json: Lines, synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = RecordLink.objects.live().filter(record_kind="contact", remote_object="Contact").earliest("pk")
    org.update("Contact", link.remote_id, Title="CEO")

    def broken(*args: Any, **options: Any) -> None:
        raise ValueError("Oh")

    monkeypatch.setattr("integrations.sync.applying.apply_page", broken)
    pull_all()

    row = next(row for row in as_json.rows if "could not be stored" in row["message"])
    assert row["link_id"] == link.pk
    assert row["run_id"] == Run.objects.filter(kind=Run.Kind.PULL, failed=1).get().pk


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
