"""What each kind of activity is in the org."""

import base64
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from activities.models import Activity
from integrations.models import Connection, ErrorEntry, Outbox, RecordLink
from integrations.sync.state import State
from tests.conftest import push_all
from tests.factories import ActivityFactory, TaskFactory
from tests.integrations.sync.activities.making import (
    email,
    linked_account,
    linked_contact,
    linked_lead,
    task_of,
    turn_on,
)
from tests.integrations.sync.dealing import pushable
from tests.integrations.sync.pushing import state_of
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]
Kind = Activity.Kind
LATE = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
EVENT = "Subject, StartDateTime, EndDateTime, IsAllDayEvent, ActivityDate, Location, WhoId, WhatId, Description"


def about(contact: Any, **values: Any) -> Activity:
    return ActivityFactory(contact=contact, account=contact.account, **values)


def event_of(org: Org, activity: Activity) -> dict[str, Any]:
    activity.refresh_from_db()
    (row,) = org.query(f"SELECT {EVENT} FROM Event WHERE Id = '{activity.crm_id}'")
    return row


def test_an_email_is_a_completed_task_with_its_headers(pushing: Connection, org: Org, admin: User) -> None:
    contact = linked_contact()
    User.objects.filter(pk=admin.pk).update(time_zone="Europe/Berlin")
    sent = email(contact, admin, subject="Hello", happened_at=LATE)

    push_all()

    task = task_of(org, sent)
    assert (task["TaskSubtype"], task["Status"], task["Subject"]) == ("Email", "Completed", "Hello")
    assert task["ActivityDate"] == "2026-03-02"  # where its owner is, it is past midnight
    assert (task["WhoId"], task["WhatId"]) == (contact.crm_id, contact.account.crm_id)
    lines = task["Description"].splitlines()
    assert lines == [f"From: {admin.email}", f"To: {contact.email}", "Subject: Hello", "", "Dear you, …"]
    assert state_of(sent) == State.SYNCED
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.exists()


def test_nothing_is_sent_when_nothing_changed(pushing: Connection, org: Org, admin: User) -> None:
    """Of a long text the base holds no more than what it is recognised by."""
    sent = email(linked_contact(), admin, body="Long. " * 2_000)
    push_all()
    sent.refresh_from_db()
    org.forget_calls()

    sent.save(update_fields=["updated_at"])
    push_all()

    assert org.calls() == {"POST composite/sobjects": 1}  # that which reads
    assert len(RecordLink.objects.get(record_kind="activity").base["Description"]) < 100


def test_a_long_email_is_cut(pushing: Connection, org: Org, admin: User) -> None:
    sent = email(linked_contact(), admin, body="x" * 40_000)

    push_all()

    assert len(task_of(org, sent)["Description"]) == 32_000


def test_a_call_a_note_a_meeting_a_summary_and_tasks(pushing: Connection, org: Org, admin: User) -> None:
    """Each in its own form, all in one pass."""
    turned = pushing.object_settings.get(record_kind="deal")
    turned.sync = "both"
    turned.push_new = True
    turned.save()
    contact, now = linked_contact(), LATE.replace(hour=9)
    deal = pushable(account=contact.account)
    call = about(contact, kind=Kind.CALL, direction="in", duration=95, outcome="Left a message", happened_at=now)
    note = about(contact, kind=Kind.NOTE, subject="Likes tea", body="Green <tea>,\nno milk")
    done = TaskFactory(
        contact=contact, subject="Send offer", completed_at=now, priority="high", due_on=date(2026, 3, 3)
    )
    mailed = TaskFactory(contact=contact, task_type="email", completed_at=now)
    action = TaskFactory(contact=contact, task_type="meeting", completed_at=now)
    open_task = TaskFactory(contact=contact)
    meeting = about(
        contact, kind=Kind.MEETING, happened_at=now, ends_at=now + timedelta(hours=1), location="Room 1", owner=admin
    )
    all_day = about(
        contact,
        kind=Kind.MEETING,
        is_all_day=True,
        happened_at=datetime(2026, 3, 4, tzinfo=UTC),
        ends_at=datetime(2026, 3, 6, tzinfo=UTC),
    )
    summary = ActivityFactory(contact=contact, deal=deal, kind=Kind.CONVERSATION, subject="Kick-off", body="All agreed")

    push_all()

    assert not ErrorEntry.objects.exists(), ErrorEntry.objects.values_list("message")
    called = task_of(org, call)
    assert (called["TaskSubtype"], called["CallType"], called["CallDurationInSeconds"]) == ("Call", "Inbound", 95)
    assert (called["CallDisposition"], called["Status"]) == ("Left a message", "Completed")
    task = task_of(org, done)
    assert (task["TaskSubtype"], task["Priority"], task["ActivityDate"]) == ("Task", "High", "2026-03-03")
    assert task_of(org, mailed)["TaskSubtype"] == "Email"
    assert task_of(org, action)["TaskSubtype"] == "Task"
    open_task.refresh_from_db()
    assert not open_task.crm_id
    event = event_of(org, meeting)
    assert event["StartDateTime"].startswith("2026-03-01T09:30")
    assert event["EndDateTime"].startswith("2026-03-01T10:30")
    assert (event["Location"], event["WhoId"]) == ("Room 1", contact.crm_id)
    days = event_of(org, all_day)
    assert (days["IsAllDayEvent"], days["ActivityDate"]) == (True, "2026-03-04")
    assert days["EndDateTime"].startswith("2026-03-05T00:00")
    deal.refresh_from_db()
    told = task_of(org, summary)
    assert (told["WhatId"], told["WhoId"], told["Description"]) == (deal.crm_id, None, "All agreed")
    note.refresh_from_db()
    assert note.crm_id.startswith("069")
    assert org.get("ContentNote", note.crm_id)["Title"] == "Likes tea"
    shown = org.query(f"SELECT LinkedEntityId FROM ContentDocumentLink WHERE ContentDocumentId = '{note.crm_id}'")
    assert {contact.crm_id, contact.account.crm_id} <= {row["LinkedEntityId"] for row in shown}
    preview = org.query(f"SELECT TextPreview FROM ContentNote WHERE Id = '{note.crm_id}'")[0]["TextPreview"]
    assert preview == "Green <tea>, no milk"
    assert not Outbox.objects.exists()


def test_without_notes_of_today_an_old_one_is_made(pushing: Connection, org: Org) -> None:
    pushing.descriptions.filter(remote_object="ContentNote").delete()
    note = about(linked_contact(), kind=Kind.NOTE, subject="Old", body="Text")

    push_all()

    note.refresh_from_db()
    assert note.crm_id.startswith("002")
    assert org.get("Note", note.crm_id)["ParentId"] == note.contact.crm_id


def test_beside_a_lead_nothing_else_is_named(pushing: Connection, org: Org, admin: User) -> None:
    lead = linked_lead()
    sent = email(lead, admin, account=linked_account())

    push_all()

    task = task_of(org, sent)
    assert (task["WhoId"], task["WhatId"]) == (lead.crm_id, None)


def test_a_title_template_makes_the_subject(synced: Connection, org: Org, admin: User) -> None:
    settings = turn_on(synced)
    settings.email_title = "Mail: {{subject}}"
    settings.save()
    sent = email(linked_contact(), admin, subject="Hello")

    push_all()

    assert task_of(org, sent)["Subject"] == "Mail: Hello"
    sent.refresh_from_db()
    assert sent.subject == "Hello"


def test_a_field_that_the_org_does_not_show_is_left_out(pushing: Connection, org: Org, admin: User) -> None:
    described = pushing.descriptions.get(remote_object="Task")
    described.content["fields"] = [one for one in described.content["fields"] if one["name"] != "CallDisposition"]
    described.save()
    call = about(linked_contact(), kind=Kind.CALL, outcome="Busy")

    push_all()

    assert task_of(org, call)["CallDisposition"] is None


def test_content_is_html_in_utf8(pushing: Connection, org: Org) -> None:
    note = about(linked_contact(), kind=Kind.NOTE, subject="Ünïcode", body="☕ & “tea”")

    push_all()

    note.refresh_from_db()
    link = RecordLink.objects.get(record_kind="activity", record_id=note.pk)
    assert base64.b64decode(link.base["Content"]).decode() == "<p>☕ &amp; “tea”</p>"
