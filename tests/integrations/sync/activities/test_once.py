"""Each activity is made once, whatever becomes of the calls."""

from collections import Counter

import pytest

from integrations.models import Connection, ErrorEntry, Outbox, RecordLink
from tests.conftest import push_all
from tests.factories import ActivityFactory
from tests.integrations.sync.activities.making import email, linked_contact
from tests.integrations.sync.pushing import later
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


def drop(path: str = "composite/sobjects$", times: int = 1) -> dict:
    return {"match": {"method": "POST", "path": path}, "do": "drop_after", "times": times}


def test_a_reply_that_is_lost_doubles_nothing(pushing: Connection, org: Org, admin: User) -> None:
    """Also of e-mails that are alike in everything."""
    contact = linked_contact()
    sent = [email(contact, admin, subject=f"Once {number // 2}", body="Same") for number in range(6)]
    org.faults(drop())

    for _ in range(3):
        push_all()
        later()

    made = Counter(row["Subject"] for row in org.query("SELECT Subject FROM Task WHERE Subject LIKE 'Once %'"))
    assert made == {"Once 0": 2, "Once 1": 2, "Once 2": 2}
    assert RecordLink.objects.filter(record_kind="activity").count() == len(sent)
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.exists()


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
def test_with_a_field_for_an_external_id_a_lost_reply_keeps_nobody_waiting(
    pushing: Connection, org: Org, admin: User, fault: str
) -> None:
    """The field is that of people, where tasks have one of the same name."""
    pushing.object_settings.update(external_id_field="Tandem_Id__c")
    contact = linked_contact()
    sent = [email(contact, admin, subject="Keyed", body="Same") for _ in range(3)]
    org.faults({"match": {"method": "PATCH", "path": "composite/sobjects/Task/Tandem_Id__c"}, "do": fault, "times": 1})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    rows = org.query("SELECT Id, Tandem_Id__c FROM Task WHERE Subject = 'Keyed'")
    links = RecordLink.objects.filter(record_kind="activity")
    assert {row["Id"]: row["Tandem_Id__c"] for row in rows} == {link.remote_id: str(link.external_id) for link in links}
    assert len(rows) == len(sent)
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.exists()


def test_notes_that_look_the_same_keep_their_own_texts(pushing: Connection, org: Org) -> None:
    contact = linked_contact()
    notes = [ActivityFactory(contact=contact, kind="note", subject="Same", body=f"Text {n}") for n in range(3)]
    org.faults(drop())

    for _ in range(4):
        push_all()
        later()

    assert len(org.query("SELECT Id FROM ContentNote WHERE Title = 'Same'")) == 3
    for note in notes:
        note.refresh_from_db()
        row = org.query(f"SELECT TextPreview FROM ContentNote WHERE Id = '{note.crm_id}'")[0]
        assert row["TextPreview"] == note.body
    assert not Outbox.objects.exists()


def test_a_lost_reply_about_places_shows_a_note_once(pushing: Connection, org: Org) -> None:
    note = ActivityFactory(contact=linked_contact(), kind="note", subject="Shown", body="Text")
    org.faults({"match": {"object": "ContentDocumentLink"}, "do": "drop_after", "times": 1})

    for _ in range(3):
        push_all()
        later()

    note.refresh_from_db()
    rows = org.query(f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{note.crm_id}'")
    assert Counter(row["LinkedEntityId"] for row in rows)[note.contact.crm_id] == 1
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.exists()


def test_two_hundred_travel_in_one_call(pushing: Connection, org: Org, admin: User) -> None:
    contact = linked_contact()
    for number in range(30):
        email(contact, admin, subject=f"Call {number}")
    org.forget_calls()

    push_all()

    assert sum(org.calls().values()) == 1, org.calls()
