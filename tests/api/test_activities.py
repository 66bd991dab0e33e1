"""What the REST API tells of activities, and takes: their people, and what each kind has."""

from datetime import timedelta

import pytest
from django.utils import timezone

from activities.models import Activity
from activities.people import contacts_of
from activities.services import create_activity
from common.models import Origin
from common.visibility import let_see_pulled
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory, TaskFactory, UserFactory
from tests.pages import CaptureQueries

pytestmark = pytest.mark.django_db


def test_all_contacts_are_written_and_read_in_their_order(api: Api) -> None:
    ann, bob, cy = ContactFactory(), ContactFactory(), ContactFactory()

    row = api.make("activities", kind="call", subject="Hi", contacts=[ann.pk, bob.pk], outcome="Busy", duration=90)
    assert (row["contact"], row["contacts"]) == (ann.pk, [ann.pk, bob.pk])
    assert [one["contact"] for one in row["participants"]] == [bob.pk]
    assert (row["outcome"], row["duration"]) == ("Busy", 90)

    changed = api.change("activities", row["id"], contacts=[cy.pk, ann.pk])
    assert changed["contacts"] == [cy.pk, ann.pk]
    assert api.ids("activities", contact=ann.pk) == [row["id"]]
    assert api.ids("activities", contact=bob.pk) == []


def test_one_can_t_say_both_contact_and_contacts_nor_take_all_away(api: Api) -> None:
    ann = ContactFactory(account=None)
    row = api.make("activities", kind="note", body="x", contact=ann.pk)
    url = f"{V1}activities/{row['id']}/"

    assert api.patch(url, {"contacts": [ann.pk], "contact": ann.pk}).status_code == 400
    assert api.patch(url, {"contacts": []}).status_code == 400
    assert contacts_of(Activity.objects.get()) == [ann]


def test_whom_one_does_not_see_can_t_be_attached(api: Api) -> None:
    let_see_pulled("owners")
    hidden = ContactFactory(origin=Origin.CRM_PULL, owner=UserFactory())

    assert "contacts" in api.refused("activities", kind="note", contacts=[hidden.pk])


def test_a_meeting_does_not_end_before_it_begins(api: Api) -> None:
    contact, now = ContactFactory(), timezone.now()
    values = {"kind": "meeting", "contact": contact.pk, "happened_at": now.isoformat()}

    assert api.refused("activities", **values, ends_at=(now - timedelta(hours=1)).isoformat())
    row = api.make("activities", **values, ends_at=now.isoformat())
    later = (now + timedelta(hours=1)).isoformat()
    assert api.patch(f"{V1}activities/{row['id']}/", {"happened_at": later}).status_code == 400


def test_tasks_are_found_by_what_they_are(api: Api) -> None:
    today = timezone.localdate()
    late = TaskFactory(due_on=today - timedelta(days=1), task_type="call", priority="high")
    soon = TaskFactory(due_on=today + timedelta(days=1))

    assert api.ids("activities", overdue="true") == [late.pk]
    assert api.ids("activities", task_type="call") == [late.pk]
    assert api.ids("activities", priority="high") == [late.pk]
    assert api.ids("activities", due_from=str(today)) == [soon.pk]
    assert api.ids("activities", due_to=str(today)) == [late.pk]


def test_a_page_of_activities_costs_what_one_costs(api: Api) -> None:
    create_activity(kind="note", contacts=[ContactFactory(), ContactFactory()])
    api.ids("activities")
    with CaptureQueries() as few:
        api.ids("activities")
    for _ in range(5):
        create_activity(kind="note", contacts=[ContactFactory(), ContactFactory()])
    with CaptureQueries() as many:
        api.ids("activities")

    assert len(many) == len(few)
