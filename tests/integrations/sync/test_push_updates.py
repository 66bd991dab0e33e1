"""Pushing changes of records that Salesforce has."""

import pytest

from contacts.models import Contact
from integrations import services
from integrations.models import Connection, Outbox, RecordLink, Run, SyncEvent
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory
from tests.integrations.sync.pushing import last_edit_was
from tests.salesforce_org import Org

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


def test_only_what_changed_is_sent(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Department="Theirs")
    contact.title = "Ours"
    contact.save(update_fields=["title"])

    push_all()

    contact.refresh_from_db()
    assert org.get("Contact", contact.crm_id)["Title"] == "Ours"
    assert contact.department == "Theirs"
    assert SyncEvent.objects.filter(kind=SyncEvent.Kind.PUSHED).get().changes.keys() == {"Title"}


def test_what_was_pushed_does_not_come_back_as_a_change(synced: Connection, org: Org) -> None:
    ContactFactory(email="new@one.example", phone=" 123 ", city="Rome")
    push_all()
    before = SyncEvent.objects.count()

    pull_all()

    assert not Outbox.objects.exists()
    assert SyncEvent.objects.count() == before


def test_an_edit_that_both_sides_made_is_a_conflict_and_the_loser_is_kept(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Title="Theirs")
    contact.title = "Ours"
    contact.save(update_fields=["title"])
    last_edit_was(contact, seconds=-5)

    push_all()

    conflict = SyncEvent.objects.get(kind=SyncEvent.Kind.CONFLICT)
    assert org.get("Contact", contact.crm_id)["Title"] == "Ours"
    assert conflict.changes["Title"]["theirs"] == "Theirs"


def test_a_thousand_changes_cost_few_calls(synced: Connection, org: Org) -> None:
    contacts = Contact.objects.bulk_create(
        [Contact(last_name=f"Many {number}", email=f"many{number}@bulk.example") for number in range(400)]
    )
    services.queue_push(contacts)
    org.forget_calls()

    push_all()

    assert len(org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Many %'")) == 400
    assert sum(org.calls().values()) <= 20


def test_a_run_says_what_became_of_its_records(synced: Connection, org: Org) -> None:
    ContactFactory(last_name="x" * 81)
    ContactFactory()

    push_all()

    runs = Run.objects.filter(kind=Run.Kind.PUSH)
    assert sum(run.created for run in runs) == 2  # the contact and its account
    assert sum(run.failed for run in runs) == 1


def test_a_record_deleted_in_salesforce_is_unlinked_when_its_change_is_pushed(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.delete("Contact", contact.crm_id)
    contact.title = "Too late"
    contact.save(update_fields=["title"])

    push_all()

    contact.refresh_from_db()
    assert not contact.crm_id
    assert RecordLink.objects.get(record_id=contact.pk, record_kind="contact").dropped_at
