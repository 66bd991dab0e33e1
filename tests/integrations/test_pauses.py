"""When calls to Salesforce fail: how long all wait, and when a login counts as broken."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection as database

from contacts.models import Contact
from integrations import logins, pauses, tasks
from integrations.models import Connection, Credential, Outbox
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
EVERY_CALL = {"path": "/services/data/"}


@pytest.fixture
def pull(synced: Connection, org: Org) -> Callable[..., None]:
    """A pull whose every call meets this, after the pause that went before is over."""

    def meeting(*faults: dict[str, Any]) -> None:
        Connection.objects.update(paused_until=None)
        org.faults(*({"match": EVERY_CALL, "times": None, **fault} for fault in faults))
        tasks.pull_due(only="Contact", is_forced=True)
        org.faults()

    return meeting


def login() -> Credential:
    return Credential.objects.get()


def test_a_login_whose_fresh_tokens_are_refused_again_and_again_has_to_be_connected_anew(
    pull: Callable[..., None],
) -> None:
    for _ in range(pauses.DOUBTS - 1):
        pull({"do": "expire"})
    assert login().broken_reason == ""

    pull({"do": "expire"})
    assert "INVALID_SESSION_ID" in login().broken_reason


def test_an_outage_does_not_put_a_login_in_doubt(pull: Callable[..., None]) -> None:
    for _ in range(pauses.DOUBTS + 1):
        pull({"do": "status", "status": 503})
    pull({"do": "expire"})

    assert Connection.objects.get().failures > pauses.DOUBTS
    assert login().broken_reason == ""


def test_an_answer_in_between_takes_the_doubt_away(pull: Callable[..., None]) -> None:
    for _ in range(2):
        for _ in range(pauses.DOUBTS - 1):
            pull({"do": "expire"})
        pull()

    assert (login().broken_reason, login().refusals) == ("", 0)


def test_refusals_of_one_moment_count_as_one(pull: Callable[..., None]) -> None:
    pull({"do": "expire"})
    for _ in range(pauses.DOUBTS):
        pauses.doubt(login(), logins.ConnectionBroken("refused"))

    assert (login().broken_reason, login().refusals) == ("", 1)


@pytest.mark.django_db(transaction=True)
def test_while_a_token_is_renewed_edits_go_on(synced: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """The login's row is locked while the org is asked, which may take a minute; what is queued points at that row."""
    contact = Contact.objects.filter(crm_object="Contact").first()
    assert contact
    tokens = logins.ask_anew(login())

    def edit() -> None:
        with database.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        contact.save(update_fields=["title"])
        database.close()

    def edited_meanwhile(credential: Credential) -> Any:
        with ThreadPoolExecutor(1) as somebody:
            somebody.submit(edit).result()
        return tokens

    monkeypatch.setattr(logins, "ask_anew", edited_meanwhile)

    assert logins.Renewal(login())() == tokens.access_token
    assert Outbox.objects.of("contact", [contact.pk]).exists()
