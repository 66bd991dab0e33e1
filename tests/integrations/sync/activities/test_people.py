"""Whom activities wait for, and who keeps them out."""

from datetime import timedelta

import pytest
from django.utils import timezone

from activities import services as activities
from activities.models import Activity
from contacts.models import Stage
from integrations import services
from integrations.models import Connection, ErrorEntry, Outbox
from integrations.sync.state import State, sync_states
from tests.conftest import push_all
from tests.factories import AccountFactory, ActivityFactory, ContactFactory
from tests.integrations.sync.activities.making import email, linked_contact, task_of, turn_on
from tests.integrations.sync.pushing import found, state_of
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


def reason_of(activity: Activity) -> str:
    return sync_states([activity])[activity.pk].reason


def test_an_activity_waits_for_its_person(pushing: Connection, org: Org, admin: User) -> None:
    contact = ContactFactory(email="soon@people.example", account=AccountFactory(name="Soon Ltd"))
    sent = email(contact, admin)

    push_all()

    contact.refresh_from_db()
    assert task_of(org, sent)["WhoId"] == contact.crm_id
    assert not ErrorEntry.objects.exists()


def test_who_stays_out_keeps_it_out(pushing: Connection, org: Org, admin: User) -> None:
    pushing.object_settings.filter(record_kind="contact").update(push_new=False)
    contact = ContactFactory(email="out@people.example")
    sent, call = email(contact, admin), ActivityFactory(contact=contact, kind="call")

    push_all()

    assert not Outbox.objects.exists()
    assert state_of(sent) == State.NOT_ELIGIBLE
    assert "None of its people is in Salesforce" in reason_of(sent)
    assert state_of(call) == State.NOT_ELIGIBLE
    assert not org.query("SELECT Id FROM Task WHERE TaskSubtype IN ('Email', 'Call') AND CreatedDate = TODAY")


def test_the_switch_makes_people_under_the_stage_filter(synced: Connection, org: Org, admin: User) -> None:
    turn_on(synced, "push_emails_sent_here", "push_unknown_people")
    cold, hot = Stage.objects.all()[:2]
    welcome, unwelcome = (ContactFactory(email=f"{name}@stage.example") for name in ("hot", "cold"))
    push_made = {"push_by_stage": True, "push_stages": [hot.pk]}
    synced.object_settings.filter(record_kind="contact").update(**push_made)
    type(welcome).objects.filter(pk=welcome.pk).update(stage=hot)
    type(welcome).objects.filter(pk=unwelcome.pk).update(stage=cold)
    Outbox.objects.all().delete()
    sent, held = (email(type(welcome).objects.get(pk=one.pk), admin) for one in (welcome, unwelcome))

    push_all()

    assert task_of(org, sent)["WhoId"]
    held.refresh_from_db()
    assert not held.crm_id
    assert not found(org, "cold@stage.example")
    assert not Outbox.objects.exists()


def test_by_hand_filters_do_not_count(synced: Connection, org: Org, admin: User) -> None:
    contact = ContactFactory(email="hand@people.example")
    synced.object_settings.filter(record_kind="contact").update(push_by_stage=True, push_stages=[])
    push_all()
    call = ActivityFactory(contact=contact, kind="call", owner=admin)

    services.push_now([call], admin)
    push_all()

    assert task_of(org, call)["WhoId"]
    assert found(org, "hand@people.example")


def test_a_refused_person_is_told_and_the_activity_follows_when_it_is_mended(
    pushing: Connection, org: Org, admin: User
) -> None:
    contact = ContactFactory(email="x" * 90 + "@long.example", last_name="Long")
    sent = email(contact, admin)
    push_all()
    assert state_of(sent) == State.FAILED
    assert "could not be pushed" in reason_of(sent)

    contact.email = "short@long.example"
    contact.save(update_fields=["email"])
    push_all()

    assert task_of(org, sent)["WhoId"]
    assert not ErrorEntry.objects.open().exists()


def test_settings_that_are_off_queue_nothing(synced: Connection, org: Org, admin: User) -> None:
    sent = email(linked_contact(), admin)

    assert not Outbox.objects.exists()
    assert "are not pushed" in reason_of(sent)


def test_settings_count_from_when_they_are_turned_on(synced: Connection, org: Org, admin: User) -> None:
    """A mailbox brings e-mails of long ago; an edit, or a push by hand, brings them up."""
    settings = turn_on(synced, "push_emails_sent_here")
    settings.follow_switches(["push_emails_sent_here"], timezone.now())
    settings.save()
    old = email(linked_contact(), admin, happened_at=timezone.now() - timedelta(days=90))

    push_all()

    old.refresh_from_db()
    assert not old.crm_id
    assert "before pushing was on" in reason_of(old)

    Activity.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=1))
    activities.update_activity(old.pk, {"subject": "Edited"})
    push_all()

    assert task_of(org, old)["Subject"] == "Edited"


def test_another_of_its_people_who_is_there_stands_for_the_first(pushing: Connection, org: Org, admin: User) -> None:
    pushing.object_settings.filter(record_kind="contact").update(push_new=False)
    here, there = ContactFactory(), linked_contact()
    call = ActivityFactory(contact=here, kind="call")
    call.participants.create(role="with", contact=there)
    Outbox.objects.update(revision=2)

    push_all()

    assert task_of(org, call)["WhoId"] == there.crm_id
