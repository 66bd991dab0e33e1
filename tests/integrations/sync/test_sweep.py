"""Edits that no signal tells of: found in the field history, and pushed."""

from contextlib import AbstractContextManager

import pghistory
import pytest

from contacts.models import Contact
from integrations import tasks
from integrations.models import Connection, Outbox
from integrations.sync.sweep import sweep
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.fixture
def contact(synced: Connection) -> Contact:
    return Contact.objects.filter(crm_object="Contact").order_by("pk")[0]


def a_script() -> AbstractContextManager:
    """Somebody else's work: the pull's context lasts as long as its transaction, which here is the whole test's."""
    return pghistory.context(source="script")


def test_an_update_past_the_signals_reaches_salesforce(synced: Connection, org: Org, contact: Contact) -> None:
    with a_script():
        Contact.objects.filter(pk=contact.pk).update(title="Unheard Of")

    tasks.tick()
    push_all()

    assert org.get("Contact", contact.crm_id)["Title"] == "Unheard Of"


def test_what_was_pulled_is_not_queued(synced: Connection, org: Org, contact: Contact) -> None:
    org.update("Contact", contact.crm_id, Title="From There")
    pull_all()

    assert sweep(synced) == 0
    assert not Outbox.objects.exists()


def test_what_was_pushed_since_is_not_queued_again(synced: Connection, org: Org, contact: Contact) -> None:
    contact.title = "Rung For"
    contact.save()
    push_all()

    assert sweep(synced) == 0


def test_a_new_record_that_comes_to_meet_the_filter_is_found(synced: Connection, org: Org) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_new=False)
    contact = ContactFactory(email="late@bloomer.example")
    push_all()
    synced.object_settings.filter(record_kind="contact").update(push_new=True)
    with a_script():
        Contact.objects.filter(pk=contact.pk).update(title="Wanted Now")

    sweep(synced)
    push_all()

    contact.refresh_from_db()
    assert contact.crm_id
