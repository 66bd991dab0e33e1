"""One person who is a lead and a contact there: the contact is the link, and the lead comes back if it goes."""

import pytest

from contacts.models import Contact
from integrations.models import Connection, DeletionSettings, Outbox, RecordLink, SyncEvent
from tests.conftest import pull_all, push_all
from tests.integrations.sync.pushing import later
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
EMAIL = "both@two.example"


def lead(org: Org) -> str:
    return org.create("Lead", LastName="Both", Company="Acme", Email=EMAIL, Title="As a lead")


def contact(org: Org) -> str:
    return org.create("Contact", LastName="Both", Email=EMAIL, Title="As a contact")


@pytest.fixture(params=["lead first", "contact first", "together"])
def both(synced: Connection, org: Org, request: pytest.FixtureRequest) -> tuple[str, str]:
    """Ids of a lead and a contact of one person, pulled in either order."""
    if request.param == "contact first":
        contact_id = contact(org)
        pull_all()
        lead_id = lead(org)
    else:
        lead_id = lead(org)
        if request.param == "lead first":
            pull_all()
        contact_id = contact(org)
    pull_all()
    push_all()
    return lead_id, contact_id


def person() -> Contact:
    return Contact.objects.get(email=EMAIL)


def link() -> RecordLink:
    return RecordLink.objects.live().get(record_kind="contact", record_id=person().pk)


def until_quiet() -> None:
    for _ in range(2):
        pull_all()
        later()
        push_all()


def test_the_contact_is_the_link_whichever_came_first(both: tuple[str, str]) -> None:
    lead_id, contact_id = both

    assert (person().crm_object, person().crm_id, person().title) == ("Contact", contact_id, "As a contact")
    assert (link().remote_id, link().also_lead_id) == (contact_id, lead_id)


def test_the_leads_fields_are_neither_pulled_nor_pushed(both: tuple[str, str], org: Org) -> None:
    lead_id, contact_id = both
    org.update("Lead", lead_id, Title="Changed lead")
    mine = person()
    mine.phone = "42"
    mine.save(update_fields=["phone"])

    until_quiet()

    assert person().title == "As a contact"
    assert org.get("Contact", contact_id)["Phone"] == "42"
    assert org.get("Lead", lead_id)["Phone"] is None


@pytest.mark.parametrize("is_synced", [False, True], ids=["deletions not synced", "deletions synced"])
def test_if_the_contact_goes_the_lead_is_linked_again(
    synced: Connection, both: tuple[str, str], org: Org, is_synced: bool
) -> None:
    lead_id, contact_id = both
    pk = person().pk
    if is_synced:
        for name in ("Contact", "Lead"):
            DeletionSettings.objects.create(connection=synced, remote_object=name, sync_deletes=True)
    org.delete("Contact", contact_id)

    until_quiet()

    assert (person().pk, person().crm_object, person().crm_id) == (pk, "Lead", lead_id)
    assert person().title == "As a lead"
    assert (link().remote_id, link().also_lead_id) == (lead_id, "")
    assert SyncEvent.objects.filter(record_id=pk, kind=SyncEvent.Kind.RELINKED).exists()
    assert not Outbox.objects.exists()
    mine = person()
    mine.phone = "43"
    mine.save(update_fields=["phone"])
    push_all()
    assert org.get("Lead", lead_id)["Phone"] == "43"


def test_an_edit_of_the_contact_that_is_gone_reaches_the_lead(both: tuple[str, str], org: Org) -> None:
    lead_id, contact_id = both
    org.delete("Contact", contact_id)
    mine = person()
    mine.phone = "44"
    mine.save(update_fields=["phone"])

    push_all()
    until_quiet()

    assert person().crm_id == lead_id
    assert org.get("Lead", lead_id)["Phone"] == "44"


def test_a_contact_that_is_undeleted_takes_over_again(both: tuple[str, str], org: Org) -> None:
    lead_id, contact_id = both
    org.delete("Contact", contact_id)
    until_quiet()

    org.control("undelete", ids=[contact_id])
    until_quiet()

    assert (link().remote_id, link().also_lead_id) == (contact_id, lead_id)
    assert Contact.objects.filter(email=EMAIL).count() == 1


def test_a_lead_that_is_deleted_is_not_come_back_to(both: tuple[str, str], org: Org) -> None:
    lead_id, contact_id = both
    org.delete("Lead", lead_id)
    until_quiet()
    assert (link().remote_id, link().also_lead_id) == (contact_id, "")

    org.delete("Contact", contact_id)
    until_quiet()

    assert person().crm_id == ""
    assert not RecordLink.objects.live().filter(record_id=person().pk, record_kind="contact").exists()


def test_a_lead_that_became_its_contact_goes_with_it(synced: Connection, org: Org) -> None:
    lead_id = lead(org)
    pull_all()
    org.control("convert", lead=lead_id)
    pull_all()
    assert person().crm_object == "Contact"

    org.delete("Contact", person().crm_id)
    until_quiet()

    assert person().crm_id == ""


def test_a_lead_beside_that_is_converted_later_goes_with_its_contact(both: tuple[str, str], org: Org) -> None:
    lead_id, contact_id = both
    account_id = org.create("Account", Name="Acme Both")
    org.update("Contact", contact_id, AccountId=account_id)
    org.control("convert", lead=lead_id, contact=contact_id, account=account_id)
    until_quiet()
    assert (person().crm_id, link().also_lead_id) == (contact_id, lead_id)

    org.delete("Contact", contact_id)
    until_quiet()

    assert person().crm_id == ""
