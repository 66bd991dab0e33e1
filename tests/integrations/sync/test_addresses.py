"""Changed e-mail addresses on both sides."""

import pytest

from contacts.models import Contact
from integrations.models import Connection, Outbox, RecordLink
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["Contact", "Lead"])
def person(synced: Connection, org: Org, request: pytest.FixtureRequest) -> Contact:
    fields = {"LastName": "Mailed", "Email": "old@mail.example"}
    org.create(request.param, **fields, **({"Company": "Acme"} if request.param == "Lead" else {}))
    pull_all()
    return Contact.objects.get(last_name="Mailed")


def test_an_address_changed_here_changes_there(person: Contact, org: Org) -> None:
    person.email = "new@mail.example"
    person.save(update_fields=["email"])

    push_all()

    assert org.get(person.crm_object, person.crm_id)["Email"] == "new@mail.example"


def test_an_address_changed_there_changes_here(person: Contact, org: Org) -> None:
    org.update(person.crm_object, person.crm_id, Email="new@mail.example")

    pull_all()

    person.refresh_from_db()
    assert person.email == "new@mail.example"
    assert Contact.objects.filter(last_name="Mailed").count() == 1


def test_it_goes_there_even_when_nothing_new_is_pushed(synced: Connection, person: Contact, org: Org) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_new=False)
    person.email = "new@mail.example"
    person.save(update_fields=["email"])

    push_all()

    assert org.get(person.crm_object, person.crm_id)["Email"] == "new@mail.example"


def test_somebody_who_was_never_pulled_takes_the_address_from_there_and_keeps_the_old_one(
    synced: Connection, org: Org
) -> None:
    account = AccountFactory(name="Known", crm_id="")
    mine = ContactFactory(first_name="Ann", last_name="Roe", email="Mine@old.example", account=account)
    Outbox.objects.all().delete()
    account_id = org.create("Account", Name="Known")
    org.create("Contact", FirstName="Ann", LastName="Roe", Email="theirs@new.example", AccountId=account_id)

    pull_all()

    mine.refresh_from_db()
    assert RecordLink.objects.filter(record_kind="contact", record_id=mine.pk).exists()
    assert (mine.email, mine.other_emails) == ("theirs@new.example", ["mine@old.example"])


def test_so_does_somebody_who_is_linked_when_pushed(synced: Connection, org: Org) -> None:
    org.create("Contact", LastName="Roe", Email="second@known.example")
    mine = ContactFactory(email="first@known.example", other_emails=["second@known.example"])

    push_all()

    mine.refresh_from_db()
    assert (mine.email, mine.other_emails) == ("second@known.example", ["first@known.example"])
