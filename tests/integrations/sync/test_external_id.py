"""Creates in an org that has a field for our external id: sending one again makes no second record, however late."""

import uuid

import pytest

from integrations.models import Connection, Outbox, RecordLink
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory
from tests.integrations.sync.pushing import later
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
FIELD = "Tandem_Id__c"
UPSERT = {"method": "PATCH", "path": f"composite/sobjects/\\w+/{FIELD}"}


@pytest.fixture
def keyed(synced: Connection, settings) -> Connection:
    settings.SYNC_TIMEOUT = 1.0
    synced.object_settings.update(external_id_field=FIELD)
    return synced


def namesakes(org: Org, name: str) -> list[dict]:
    return org.query(f"SELECT Id, Title, {FIELD} FROM Contact WHERE LastName = '{name}'")


def people(name: str, count: int = 3) -> list:
    """People that nothing but their names tells apart from others."""
    return [ContactFactory(email="", first_name=f"N{i}", last_name=name, account=None) for i in range(count)]


def test_a_create_carries_the_id_that_its_link_keeps(keyed: Connection, org: Org) -> None:
    contact = ContactFactory(last_name="Keyed")

    push_all()

    (row,) = namesakes(org, "Keyed")
    link = RecordLink.objects.get(record_kind="contact", record_id=contact.pk)
    assert link.remote_id == row["Id"]
    assert link.external_id == uuid.UUID(row[FIELD])


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_a_reply_that_was_lost_makes_no_double_and_nobody_waits(keyed: Connection, org: Org, fault: str) -> None:
    contacts = people("Unanswered")
    org.faults({"match": UPSERT, "do": fault, "times": 1})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    assert len(namesakes(org, "Unanswered")) == len(contacts)
    for contact in contacts:
        contact.refresh_from_db()
    assert {row["Id"] for row in namesakes(org, "Unanswered")} == {contact.crm_id for contact in contacts}


def test_a_create_that_takes_effect_after_it_was_sent_again_makes_no_double(keyed: Connection, org: Org) -> None:
    """The nastiest case: we gave up, looked, found nothing, sent it again; then the first one was carried out."""
    contacts = people("Belated")
    org.faults({"match": UPSERT, "do": "late", "delay_ms": 1500, "times": 1})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()
    org.wait_for_fault("late")

    assert len(namesakes(org, "Belated")) == len(contacts)
    pull_all()
    assert RecordLink.objects.filter(remote_id__in=[row["Id"] for row in namesakes(org, "Belated")]).count() == 3


def test_an_edit_after_a_lost_reply_follows_as_an_update(keyed: Connection, org: Org) -> None:
    (contact,) = people("Edited", 1)
    org.faults({"match": UPSERT, "do": "drop_before", "times": 1})
    push_all()

    contact.title = "Later"
    contact.save()
    later()
    push_all()

    assert [row["Title"] for row in namesakes(org, "Edited")] == ["Later"]
    assert not Outbox.objects.exists()


def test_a_field_that_can_not_serve_is_not_used(keyed: Connection, org: Org) -> None:
    keyed.object_settings.update(external_id_field="Title")
    ContactFactory(last_name="Plainly", account=AccountFactory(crm_id="", name="Plain"))

    push_all()

    assert len(namesakes(org, "Plainly")) == 1
    assert not RecordLink.objects.exclude(external_id=None).exists()
