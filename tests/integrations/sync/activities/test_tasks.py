"""Tasks that come from the org, and what becomes of them on either side."""

from datetime import date, timedelta

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from activities import services as activities
from activities.models import Activity
from integrations import tasks
from integrations.models import Connection, Cursor, Outbox, RecordLink
from integrations.sync.state import State
from tests.conftest import pull_all, push_all
from tests.factories import TaskFactory
from tests.integrations.sync.activities.making import linked_contact, task_of, turn_on
from tests.integrations.sync.pushing import last_edit_was, state_of
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


@pytest.fixture
def pulling(synced: Connection) -> Connection:
    turn_on(synced, "pull_tasks", "push_tasks")
    return synced


@pytest.fixture
def pulled(pulling: Connection, org: Org) -> Activity:
    contact = linked_contact()
    org.create(
        "Task",
        Subject="Call back",
        WhoId=contact.crm_id,
        WhatId=contact.account.crm_id,
        ActivityDate="2027-05-06",
        Priority="High",
        Description="Ask\nabout tea",
        TaskSubtype="Call",
    )
    pull_all()
    return Activity.objects.get(subject="Call back")


def test_open_tasks_come_in_with_all_they_say(pulled: Activity, admin: User) -> None:
    contact = linked_contact()
    assert (pulled.kind, pulled.contact, pulled.account) == ("task", contact, contact.account)
    assert (pulled.due_on, pulled.priority, pulled.task_type) == (date(2027, 5, 6), "high", "call")
    assert pulled.body == "Ask\nabout tea"
    assert pulled.origin == "crm_pull"
    assert state_of(pulled) == State.SYNCED
    assert not Outbox.objects.exists()


def test_nobody_elses_and_no_done_ones_come(pulling: Connection, org: Org) -> None:
    before = Activity.objects.count()
    org.create("Task", Subject="About nobody")
    org.create("Task", Subject="Done", WhoId=linked_contact().crm_id, Status="Completed")

    pull_all()

    assert not Activity.objects.filter(subject__in=["About nobody", "Done"]).exists()
    assert Activity.objects.count() >= before


def test_completing_here_completes_there(pulled: Activity, org: Org) -> None:
    activities.complete_task(pulled.pk)
    push_all()

    assert task_of(org, pulled)["IsClosed"] is True
    pull_all()
    pulled.refresh_from_db()
    assert pulled.completed_at is not None
    assert not Outbox.objects.exists()


def test_completing_and_editing_there_follows_here(pulled: Activity, org: Org) -> None:
    other = type(pulled.contact).objects.filter(crm_object="Contact").exclude(pk=pulled.contact_id).first()
    org.update("Task", pulled.crm_id, Subject="Called", Status="Completed", WhoId=other.crm_id, ActivityDate=None)

    pull_all()

    pulled.refresh_from_db()
    assert pulled.completed_at is not None
    assert (pulled.subject, pulled.contact, pulled.due_on) == ("Called", other, None)
    assert not Outbox.objects.exists()


def test_edits_of_both_sides_meet(pulled: Activity, org: Org) -> None:
    org.update("Task", pulled.crm_id, Subject="Theirs")
    activities.update_activity(pulled.pk, {"due_on": date(2027, 6, 1)})

    push_all()
    pull_all()

    pulled.refresh_from_db()
    task = task_of(org, pulled)
    assert (task["Subject"], task["ActivityDate"]) == ("Theirs", "2027-06-01")
    assert (pulled.subject, pulled.due_on) == ("Theirs", date(2027, 6, 1))


@pytest.mark.parametrize(("seconds", "winner"), [(-3600, "Ours"), (3600, "Theirs")])
def test_the_later_change_of_a_field_wins(pulled: Activity, org: Org, seconds: int, winner: str) -> None:
    org.update("Task", pulled.crm_id, Subject="Theirs")
    activities.update_activity(pulled.pk, {"subject": "Ours"})
    last_edit_was(pulled, seconds=seconds)

    push_all()
    pull_all()

    pulled.refresh_from_db()
    assert pulled.subject == task_of(org, pulled)["Subject"] == winner


def test_of_what_no_history_is_kept_the_row_tells_how_late_it_is(pulled: Activity, org: Org) -> None:
    one, other = type(pulled.contact).objects.filter(crm_object="Contact").exclude(pk=pulled.contact_id)[:2]
    org.update("Task", pulled.crm_id, WhoId=one.crm_id)
    activities.update_activity(pulled.pk, {"contact": other})
    Activity.objects.filter(pk=pulled.pk).update(updated_at=timezone.now() + timedelta(hours=1))

    push_all()

    assert task_of(org, pulled)["WhoId"] == other.crm_id


def test_a_deletion_there_follows_here(pulled: Activity, org: Org) -> None:
    org.delete("Task", pulled.crm_id)

    pull_all()

    assert not Activity.objects.filter(pk=pulled.pk).exists()
    assert not Outbox.objects.exists()


def test_a_deletion_here_stays_here_and_it_does_not_come_again(pulled: Activity, org: Org) -> None:
    activities.delete_activity(pulled.pk)
    push_all()
    org.update("Task", pulled.crm_id, Subject="Call back soon")

    pull_all()

    assert not Activity.objects.filter(subject__startswith="Call back").exists()
    assert org.get("Task", pulled.crm_id)["IsDeleted"] is False


def test_what_was_pushed_is_no_new_task(pulling: Connection, org: Org) -> None:
    done = TaskFactory(contact=linked_contact(), subject="Ours", completed_at="2026-01-01T00:00Z")
    push_all()
    done.refresh_from_db()
    org.update("Task", done.crm_id, Status="Not Started")

    pull_all()

    assert Activity.objects.filter(subject="Ours").count() == 1
    assert RecordLink.objects.filter(record_kind="activity", remote_id=done.crm_id).count() == 1


def test_an_idle_pull_writes_nothing(pulled: Activity, org: Org) -> None:
    stamp = pulled.updated_at

    pull_all()

    pulled.refresh_from_db()
    assert pulled.updated_at == stamp


def test_a_page_costs_the_same_however_many_it_brings(pulling: Connection, org: Org) -> None:
    contact = linked_contact()
    pull_all()

    def queries(count: int) -> int:
        rows = [{"Subject": f"Page {count}.{n}", "WhoId": contact.crm_id} for n in range(count)]
        org.create_many("Task", rows)
        with CaptureQueriesContext(database) as asked:
            tasks.pull_due(600, only="Task", is_forced=True)
        assert Activity.objects.filter(subject__startswith=f"Page {count}.").count() == count
        return len(asked)

    queries(2)
    assert abs(queries(60) - queries(3)) <= 2


def test_a_task_of_somebody_who_has_just_come_comes_too(pulling: Connection, org: Org) -> None:
    pull_all()
    who = org.create("Contact", LastName="Newcomer", Email="new@comer.example")
    org.create("Task", Subject="Early", WhoId=who)
    tasks.pull_due(600, only="Task", is_forced=True)
    assert not Activity.objects.filter(subject="Early").exists()

    tasks.pull_due(600, only="Contact", is_forced=True)
    Cursor.objects.filter(remote_object="Task").update(position=timezone.now() + timedelta(hours=1))
    tasks.pull_due(600, only="Task", is_forced=True)

    assert not Activity.objects.filter(subject="Early").exists()  # an hour later nobody is new

    Cursor.objects.filter(remote_object="Task").update(position=timezone.now() + timedelta(minutes=9))
    tasks.pull_due(600, only="Task", is_forced=True)
    assert Activity.objects.get(subject="Early").contact.last_name == "Newcomer"


def test_turned_off_they_stay_and_are_asked_for_no_more(pulled: Activity, pulling: Connection) -> None:
    settings = pulling.activity_settings
    settings.pull_tasks = False
    settings.save()

    assert not Cursor.objects.filter(remote_object="Task").exists()
    assert Activity.objects.filter(pk=pulled.pk).exists()
