"""Edits, moves, deletions and merges follow."""

import pytest

from activities import services as activities
from activities.models import Activity
from common import erasing, merging, trash
from contacts.models import Contact
from integrations.models import Connection, Outbox, RecordLink, SyncEvent
from integrations.sync.state import State
from tests.conftest import push_all
from tests.factories import ActivityFactory, ContactFactory
from tests.integrations.sync.activities.making import email, linked_contact, task_of, tasks_named
from tests.integrations.sync.pushing import state_of
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


@pytest.fixture
def sent(pushing: Connection, org: Org, admin: User) -> Activity:
    activity = email(linked_contact(), admin, subject="Before")
    push_all()
    activity.refresh_from_db()
    return activity


def other_than(contact: Contact) -> Contact:
    found = Contact.objects.filter(crm_object="Contact", account__crm_id__gt="").exclude(pk=contact.pk)
    return found.exclude(account=contact.account).order_by("pk").first()  # type: ignore[return-value]


def test_an_edit_follows_and_what_theirs_changed_stays(sent: Activity, org: Org) -> None:
    org.update("Task", sent.crm_id, Priority="High")

    activities.update_activity(sent.pk, {"subject": "After"})
    push_all()

    task = task_of(org, sent)
    assert (task["Subject"], task["Priority"]) == ("After", "High")


def test_another_contact_takes_it_along(sent: Activity, org: Org) -> None:
    other = other_than(sent.contact)

    activities.update_activity(sent.pk, {"contact": other, "account": other.account})
    push_all()

    task = task_of(org, sent)
    assert (task["WhoId"], task["WhatId"]) == (other.crm_id, other.account.crm_id)


def test_one_who_is_on_their_way_is_waited_for(sent: Activity, org: Org) -> None:
    other = ContactFactory(email="moved@to.example")

    activities.update_activity(sent.pk, {"contact": other})
    push_all()

    other.refresh_from_db()
    assert task_of(org, sent)["WhoId"] == other.crm_id


def test_a_note_is_shown_where_it_belongs_by_now(pushing: Connection, org: Org) -> None:
    contact = linked_contact()
    note = ActivityFactory(contact=contact, account=contact.account, kind="note", body="Text")
    push_all()
    other = other_than(contact)

    activities.update_activity(note.pk, {"contact": other, "account": other.account, "body": "New text"})
    push_all()

    note.refresh_from_db()
    shown = org.query(f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{note.crm_id}'")
    people = {row["LinkedEntityId"] for row in shown}
    assert {other.crm_id, other.account.crm_id} <= people
    assert contact.crm_id not in people
    preview = org.query(f"SELECT TextPreview FROM ContentNote WHERE Id = '{note.crm_id}'")[0]["TextPreview"]
    assert preview == "New text"


def test_a_deletion_follows_and_nothing_comes_back(sent: Activity, org: Org) -> None:
    activities.delete_activity(sent.pk)
    push_all()

    assert not tasks_named(org, "Before")
    assert RecordLink.objects.get(record_kind="activity").record_id is None
    assert not Outbox.objects.exists()


def test_many_deleted_at_once_follow_with_few_queries(
    pushing: Connection, org: Org, admin: User, django_assert_max_num_queries
) -> None:
    contact = linked_contact()
    for _ in range(5):
        email(contact, admin, subject="Many")
    push_all()

    with django_assert_max_num_queries(40):
        Activity.objects.filter(subject="Many").delete()
    push_all()

    assert not tasks_named(org, "Many")


def test_what_goes_with_its_contact_stays_there_and_comes_back_linked(sent: Activity, org: Org) -> None:
    contact = sent.contact
    trash.delete_records(Contact, [contact.pk])
    push_all()
    assert tasks_named(org, "Before")

    trash.restore("contact", contact.pk)
    back = Activity.objects.get(pk=sent.pk)
    activities.update_activity(back.pk, {"subject": "Again"})
    push_all()

    assert not tasks_named(org, "Before")
    assert [row["Id"] for row in tasks_named(org, "Again")] == [sent.crm_id]
    assert state_of(back) == State.SYNCED


def test_a_merge_here_moves_nothing_there(sent: Activity, org: Org) -> None:
    theirs, keep = sent.contact.crm_id, other_than(sent.contact)

    merging.merge(keep, sent.contact)
    push_all()
    activities.update_activity(sent.pk, {"subject": "After"})
    push_all()

    sent.refresh_from_db()
    assert sent.contact == keep
    task = task_of(org, sent)
    assert (task["Subject"], task["WhoId"]) == ("After", theirs)


def test_what_was_deleted_there_is_linked_no_more(sent: Activity, org: Org) -> None:
    org.delete("Task", sent.crm_id)

    activities.update_activity(sent.pk, {"subject": "After"})
    push_all()

    sent.refresh_from_db()
    assert not sent.crm_id
    assert state_of(sent) == State.NOT_ELIGIBLE
    assert not tasks_named(org, "After")


def test_of_who_is_erased_nothing_that_was_spoken_of_is_kept(sent: Activity, org: Org) -> None:
    erasing.erase("contact", sent.contact_id, elsewhere=False)

    assert not SyncEvent.objects.filter(record_kind="activity", record_id=sent.pk).exists()
    assert RecordLink.objects.get(record_kind="activity").base == {}
