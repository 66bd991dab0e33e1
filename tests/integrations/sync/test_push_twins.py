"""Records that Salesforce has already: twins that somebody else made, and our own whose answer was lost."""

import pytest

from contacts.models import Contact
from integrations import deciding, tasks
from integrations.models import Connection, ErrorEntry, Outbox, RecordLink
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory
from tests.integrations.sync.pushing import found, later
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


def test_one_twin_is_linked_instead_of_created(synced: Connection, org: Org) -> None:
    remote_id = org.create("Contact", LastName="Twin", Email="twin@one.example", Title="There")
    contact = ContactFactory(email="TWIN@one.example", title="Here", phone="42")

    push_all()

    contact.refresh_from_db()
    assert contact.crm_id == remote_id
    assert contact.title == "There"
    assert org.get("Contact", remote_id)["Phone"] == "42"
    assert len(found(org, "twin@one.example")) == 1


def test_several_twins_are_a_question_that_a_person_answers(synced: Connection, org: Org, admin: User) -> None:
    first = org.create("Contact", LastName="Twin", Email="twins@two.example")
    org.create("Contact", LastName="Twin", Email="twins@two.example")
    contact = ContactFactory(email="twins@two.example", phone="42")

    push_all()
    entry = ErrorEntry.objects.open().get()
    deciding.resolve_match(entry, first, admin)
    push_all()

    contact.refresh_from_db()
    assert entry.code == "SEVERAL_MATCHES"
    assert contact.crm_id == first
    assert org.get("Contact", first)["Phone"] == "42"
    assert not ErrorEntry.objects.open().exists()


def test_the_question_is_answered_by_a_pull_that_links_the_record(synced: Connection, org: Org) -> None:
    first = org.create("Contact", LastName="Twin", Email="twins@two.example")
    org.create("Contact", LastName="Twin", Email="twins@two.example")
    contact = ContactFactory(email="twins@two.example")
    push_all()
    assert ErrorEntry.objects.open().get().record_id == contact.pk

    pull_all()

    assert Contact.objects.get(crm_id=first) == contact
    assert not ErrorEntry.objects.open().exists()


def test_a_duplicate_made_on_purpose_is_made_there_too(synced: Connection, org: Org) -> None:
    original = Contact.objects.filter(crm_object="Contact").exclude(email="").first()
    ContactFactory(email=original.email, last_name="Copy")

    push_all()

    assert "Copy" in {row["LastName"] for row in found(org, original.email)}


def test_a_duplicate_is_made_when_a_person_says_so(synced: Connection, org: Org, admin: User) -> None:
    for _ in range(2):
        org.create("Contact", LastName="Twin", Email="twins@two.example")
    ContactFactory(email="twins@two.example", last_name="Third")
    push_all()

    deciding.resolve_match(ErrorEntry.objects.open().get(), "", admin)
    push_all()

    assert len(found(org, "twins@two.example")) == 3


def test_a_duplicate_made_on_purpose_is_said_on_both(synced: Connection, org: Org) -> None:
    original = Contact.objects.filter(crm_object="Contact").exclude(email="").first()
    copy = ContactFactory(email=original.email, last_name="Copy")

    push_all()

    notes = RecordLink.objects.of("contact", [original.pk, copy.pk]).values_list("note", flat=True)
    assert all("look like this one" in note for note in notes)


def test_of_several_accounts_that_a_contact_could_need_one_is_chosen_and_said(synced: Connection, org: Org) -> None:
    for _ in range(2):
        org.create("Account", Name="Twice Ltd", Website="https://twice.example")
    contact = ContactFactory(email="one@twice.example", company_name="Twice Ltd")

    push_all()

    contact.refresh_from_db()
    link = RecordLink.objects.get(record_kind="account", record_id=contact.account_id)
    assert contact.crm_id
    assert "one of 2" in link.note
    assert len(org.query("SELECT Id FROM Account WHERE Name = 'Twice Ltd'")) == 2


def test_a_reply_that_was_lost_after_the_create_makes_no_double(synced: Connection, org: Org) -> None:
    contacts = [ContactFactory(email=f"lost{number}@reply.example", account=None) for number in range(5)]
    synced.object_settings.filter(record_kind="contact").update(match_accounts=False)
    org.faults({"match": {"method": "POST", "path": "composite/sobjects"}, "do": "drop_after", "times": 1})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    for number, contact in enumerate(contacts):
        contact.refresh_from_db()
        assert [row["Id"] for row in found(org, f"lost{number}@reply.example")] == [contact.crm_id]


def test_people_without_an_email_are_found_again_after_a_lost_reply(synced: Connection, org: Org) -> None:
    for number in range(3):
        ContactFactory(email="", first_name="No", last_name=f"Address {number}", account=AccountFactory())
    push_only_accounts(org)
    org.faults({"match": {"method": "POST", "path": "composite/sobjects"}, "do": "drop_after", "times": 1})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    rows = org.query("SELECT LastName FROM Contact WHERE LastName LIKE 'Address %'")
    assert sorted(row["LastName"] for row in rows) == ["Address 0", "Address 1", "Address 2"]


def push_only_accounts(org: Org) -> None:
    held = list(Outbox.objects.filter(record_kind="contact"))
    Outbox.objects.filter(record_kind="contact").delete()
    push_all()
    Outbox.objects.bulk_create(held)


def test_a_request_that_was_lost_before_is_sent_again(synced: Connection, org: Org) -> None:
    ContactFactory(email="before@reply.example")
    org.faults({"match": {"method": "POST", "path": "composite/sobjects"}, "do": "drop_before", "times": 2})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    assert len(found(org, "before@reply.example")) == 1


def test_an_edit_after_a_lost_reply_reaches_the_record_that_was_made(synced: Connection, org: Org) -> None:
    contact = ContactFactory(email="", last_name="Before", account=None, first_name="Lost")
    org.faults({"match": {"method": "POST", "path": "composite/sobjects"}, "do": "drop_after", "times": 1})
    tasks.push_lane("real_time", seconds=0.2, sleeper=lambda seconds: None)
    contact.last_name = "After"
    contact.save(update_fields=["last_name"])

    for _ in range(3):
        later()
        push_all()

    rows = org.query("SELECT Id, LastName FROM Contact WHERE FirstName = 'Lost'")
    assert [row["LastName"] for row in rows] == ["After"]
