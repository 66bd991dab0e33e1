"""What people see of the sync of an activity: its card, its badge, why it stays out, and pushing it by hand."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from activities.models import Activity
from integrations import rehearsal, services
from integrations.models import Connection, ErrorEntry, Outbox, Run
from integrations.panels import sync_badges
from tests.conftest import pull_all, push_all
from tests.factories import ActivityFactory, UserFactory
from tests.integrations.sync.activities.making import email, linked_contact, task_of, tasks_named, turn_on
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


def card(client: Client, activity: Activity) -> Any:
    return client.get(reverse("integrations:panel", args=["activity", activity.pk]), headers={"HX-Request": "true"})


def test_the_card_says_why_it_stays_here_and_pushing_it_by_hand_sends_it(
    synced: Connection, org: Org, admin: User, admin_client: Client
) -> None:
    call = ActivityFactory(contact=linked_contact(), kind="call", owner=admin)

    said = card(admin_client, call).content.decode()
    assert "Calls are not pushed." in said
    assert "Change which activities are pushed" in said

    pushed = admin_client.post(reverse("integrations:push", args=["activity", call.pk]))
    assert "about to be sent" in pushed.content.decode()
    push_all()

    assert task_of(org, call)["TaskSubtype"] == "Call"
    page = admin_client.get(call.get_absolute_url()).content.decode()
    assert 'id="sync-panel"' in page
    assert call.crm_id in page
    assert "Synced" in page


def test_the_card_tells_whose_login_it_goes_with(pushing: Connection, admin: User, admin_client: Client) -> None:
    sent = email(linked_contact(), admin)
    Outbox.objects.all().delete()

    asked = reverse("integrations:push_notes", args=["activity", sent.pk])
    assert asked in card(admin_client, sent).content.decode()
    assert "own login" in admin_client.get(asked).content.decode()


def test_what_one_does_not_see_has_no_card(synced: Connection, client: Client) -> None:
    call = ActivityFactory(contact=linked_contact(), kind="call")
    client.force_login(UserFactory())
    assert card(client, call).status_code == 200

    call.delete()
    assert card(client, Activity(pk=call.pk or 999)).status_code == 404


def test_an_activity_can_be_kept_out(pushing: Connection, org: Org, admin: User, admin_client: Client) -> None:
    sent = email(linked_contact(), admin)

    admin_client.post(reverse("integrations:skip", args=["activity", sent.pk]))
    push_all()

    sent.refresh_from_db()
    assert not sent.crm_id
    assert not Outbox.objects.exists()


def test_badges_cost_the_same_for_one_and_for_many(synced: Connection, admin: User) -> None:
    turn_on(synced, "push_calls", "push_notes")
    Outbox.objects.all().delete()
    contact = linked_contact()
    many = [ActivityFactory(contact=contact, kind=kind) for kind in ("call", "note", "meeting", "task") * 3]
    many += [email(contact, admin) for _ in range(3)]

    def queries(activities: list[Activity]) -> int:
        request = RequestFactory().get("/")
        request.user = admin
        fresh = [Activity.objects.get(pk=one.pk) for one in activities]
        with CaptureQueriesContext(database) as asked:
            assert len(sync_badges(request, fresh)) == len(fresh)
        return len(asked)

    assert queries(many) <= queries(many[-1:]) + 2


def test_pages_of_the_sync_take_activities(synced: Connection, org: Org, admin: User, admin_client: Client) -> None:
    """The error log, the runs, the overview, health and the inbox, with a meeting that is refused and tasks pulled."""
    turn_on(synced, "push_meetings", "push_calls", "pull_tasks")
    contact, now = linked_contact(), timezone.now()
    long = ActivityFactory(contact=contact, kind="meeting", happened_at=now, ends_at=now + timedelta(days=30))
    call = ActivityFactory(contact=contact, kind="call")
    org.create("Task", Subject="To do", WhoId=contact.crm_id)
    push_all()
    pull_all()

    entry = ErrorEntry.objects.get(record_kind="activity", record_id=long.pk)
    run = Run.objects.filter(remote_object="Task", kind="push").first()
    pull = Run.objects.filter(remote_object="Task", kind="pull").first()
    paths = [reverse(f"integrations:{name}") for name in ("overview", "errors", "runs", "health", "conflicts")]
    paths += [reverse("integrations:error", args=[entry.pk])]
    paths += [reverse("integrations:run", args=[one.pk]) for one in (run, pull)]
    for path in paths:
        assert admin_client.get(path).status_code == 200, path
    assert "14 days" in admin_client.get(reverse("integrations:error", args=[entry.pk])).content.decode()
    assert call.subject in admin_client.get(reverse("integrations:run", args=[run.pk])).content.decode()

    Activity.objects.filter(pk=long.pk).update(ends_at=now + timedelta(hours=1))
    services.retry([entry], admin)
    push_all()

    long.refresh_from_db()
    assert long.crm_id.startswith("00U")
    assert ErrorEntry.objects.get(pk=entry.pk).closed_at


def test_a_rehearsal_tells_of_activities_and_sends_none(pushing: Connection, org: Org, admin: User) -> None:
    contact = linked_contact()
    email(contact, admin, subject="Rehearsed")
    ActivityFactory(contact=contact, kind="note")

    total = rehearsal.push(pushing)

    assert (total.created, total.failed) == (2, 0)
    assert not tasks_named(org, "Rehearsed")
    assert Outbox.objects.count() == 2
