"""Records that say which one they are there, but lost the link: restored from a backup, imported, set by hand."""

import pytest

from accounts.models import Account
from contacts.models import Contact
from integrations.models import Connection, ErrorEntry, Outbox, RecordLink, SyncEvent
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def without_link(**values: object) -> Contact:
    """A contact that is there as well; only its CRM ID says so."""
    contact = Contact.objects.filter(crm_object="Contact").exclude(email="").order_by("pk").first()
    RecordLink.objects.filter(record_kind="contact", record_id=contact.pk).delete()
    Contact.objects.filter(pk=contact.pk).update(**values)
    contact.refresh_from_db()
    return contact


@pytest.mark.parametrize("remote_object", ["Contact", ""])
def test_a_pull_links_it_by_its_id_and_salesforce_wins(synced: Connection, org: Org, remote_object: str) -> None:
    contact = without_link(email="else@where.example", title="Here", crm_object=remote_object)
    before = Contact.objects.count()
    org.update("Contact", contact.crm_id, Title="There")

    pull_all()

    contact.refresh_from_db()
    link = RecordLink.objects.live().get(record_kind="contact", record_id=contact.pk)
    assert (link.remote_id, link.note) == (contact.crm_id, "Linked by its CRM ID.")
    assert (contact.title, contact.crm_object) == ("There", "Contact")
    assert Contact.objects.count() == before
    assert not ErrorEntry.objects.exists()


def test_a_pull_links_an_account_by_its_id(synced: Connection, org: Org) -> None:
    account = Account.objects.exclude(crm_id="").first()
    RecordLink.objects.filter(record_kind="account", record_id=account.pk).delete()
    org.update("Account", account.crm_id, Name="Named anew", Website="")

    pull_all()

    account.refresh_from_db()
    assert account.name == "Named anew"
    assert RecordLink.objects.live().get(record_kind="account", record_id=account.pk).remote_id == account.crm_id


def test_its_id_goes_before_the_address_of_somebody_else(synced: Connection, org: Org) -> None:
    contact = without_link()
    Contact.objects.filter(pk=contact.pk).update(email="", email_key="")
    namesake = ContactFactory(email=contact.email)
    Outbox.objects.all().delete()
    org.update("Contact", contact.crm_id, Title="There")

    pull_all()

    namesake.refresh_from_db()
    assert namesake.crm_id == ""
    assert RecordLink.objects.live().filter(record_kind="contact", record_id=contact.pk).exists()


@pytest.mark.parametrize("pushes_new", [True, False])
def test_a_push_links_it_by_its_id_and_makes_no_second_one(synced: Connection, org: Org, pushes_new: bool) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_new=pushes_new)
    contact = without_link()
    org.update("Contact", contact.crm_id, Title="There", Phone=None, Email="else@where.example")
    before = len(org.query("SELECT Id FROM Contact"))
    contact.title, contact.phone = "Here", "42"
    contact.save()

    push_all()

    contact.refresh_from_db()
    row = org.get("Contact", contact.crm_id)
    assert (contact.title, row["Title"], row["Phone"]) == ("There", "There", "42")
    assert RecordLink.objects.live().get(record_id=contact.pk, record_kind="contact").note == "Linked by its CRM ID."
    assert SyncEvent.objects.filter(record_id=contact.pk, kind=SyncEvent.Kind.LINKED).exists()
    assert len(org.query("SELECT Id FROM Contact")) == before
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.exists()


def test_what_is_gone_there_is_pushed_as_new(synced: Connection, org: Org) -> None:
    contact = without_link()
    gone = contact.crm_id
    org.delete("Contact", gone)
    contact.title = "Here"
    contact.save()

    push_all()

    contact.refresh_from_db()
    assert contact.crm_id != gone
    assert org.get("Contact", contact.crm_id)["Title"] == "Here"
