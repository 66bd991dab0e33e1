"""Records that a person keeps out of the sync."""

import pytest

from contacts.models import Contact
from integrations import services
from integrations.models import Connection, Outbox
from integrations.sync.state import State, sync_states, with_state
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def test_a_skipped_record_is_neither_pushed_nor_changed_by_a_pull(synced: Connection, org: Org, admin: User) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    services.skip(contact, admin)
    contact.title = "Here"
    contact.save()
    org.update("Contact", contact.crm_id, Department="There")

    push_all()
    pull_all()

    contact.refresh_from_db()
    assert org.get("Contact", contact.crm_id)["Title"] != "Here"
    assert contact.department != "There"
    assert sync_states([contact])[contact.pk].state == State.SKIPPED
    assert str(admin) in sync_states([contact])[contact.pk].reason
    assert with_state(Contact.objects.filter(pk=contact.pk), "contact").get().sync_state == State.SKIPPED


def test_what_changed_on_both_sides_moves_when_it_takes_part_again(synced: Connection, org: Org, admin: User) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    services.skip(contact, admin)
    contact.title = "Here"
    contact.save()
    org.update("Contact", contact.crm_id, Department="There")
    pull_all()

    services.unskip(contact, admin)
    push_all()

    contact.refresh_from_db()
    assert org.get("Contact", contact.crm_id)["Title"] == "Here"
    assert contact.department == "There"


def test_a_record_that_waits_is_skipped_at_once(synced: Connection, org: Org, admin: User) -> None:
    contact = ContactFactory(last_name="Unsent")
    services.skip(contact, admin)

    push_all()

    assert not Outbox.objects.exists()
    assert not org.query("SELECT Id FROM Contact WHERE LastName = 'Unsent'")
