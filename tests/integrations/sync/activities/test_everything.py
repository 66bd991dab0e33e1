"""The one-time push of activities that were here before their switch was turned on."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.models import Activity
from integrations import carrying, everything, forecasting, tasks
from integrations.models import Connection, ExclusionRule, Outbox, Run
from integrations.outlook import parts_of
from tests.conftest import push_all
from tests.factories import ActivityFactory, TaskFactory
from tests.integrations.previews import carried_out, previewed
from tests.integrations.sync.activities.making import email, linked_contact, tasks_named, turn_on
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def old(synced: Connection, admin: User) -> Connection:
    """From before the switches: two calls, an e-mail, one that a rule keeps out, an open task, and a note."""
    contact = linked_contact()
    for number in range(2):
        ActivityFactory(kind="call", subject=f"Old call {number}", contact=contact, owner=admin)
    for subject in ("Old e-mail", "Secret"):
        email(contact, admin, subject=subject, happened_at=timezone.now() - 9 * DAY)
    TaskFactory(contact=contact)
    ActivityFactory(kind="note", body="Not switched on", contact=contact)
    past = timezone.now() - 9 * DAY
    Activity.objects.update(created_at=past, updated_at=past)
    ExclusionRule.objects.create(connection=synced, name="Secrets", from_keywords=["secret"])
    settings = turn_on(synced, "push_calls", "push_emails_sent_here")
    settings.follow_switches(["push_calls", "push_emails_sent_here"], timezone.now())
    settings.save()
    return synced


def test_they_are_counted_by_what_becomes_of_them(old: Connection) -> None:
    (told,) = forecasting.push(old, ["activity"])

    assert told.to_create == 3
    assert told.skipped == {
        forecasting.OF_OTHER_KINDS: 2,
        "The exclusion rule “Secrets” keeps it out": 1,
    }
    assert not told.is_estimate
    assert not Outbox.objects.exists()


def test_of_very_many_some_are_looked_at(old: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasting, "JUDGED", 2)

    (told,) = forecasting.push(old, ["activity"])

    assert told.is_estimate
    assert told.to_create + told.skipped.get("The exclusion rule “Secrets” keeps it out", 0) == 4


def test_what_was_counted_goes_and_nothing_else(
    old: Connection, org: Org, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the marking is cut off in between."""
    monkeypatch.setattr(everything, "CHUNK", 1)
    url = reverse("integrations:once_push", args=["activity"])
    assert admin_client.get(url, {"count": "1"}).context["told"].to_create == 3

    admin_client.post(url, {"do": "start", "shown": "3"})
    everything.mark_some(old)
    tasks.mark_everything(600)
    push_all()
    everything.end_finished(old)

    run = Run.objects.get(kind=Run.Kind.EVERYTHING)
    assert (run.state, run.total, run.created) == (Run.State.DONE, 3, 3)
    gone = set(Activity.objects.exclude(crm_id="").values_list("subject", flat=True))
    assert gone == {"Old call 0", "Old call 1", "Old e-mail"}
    assert len(tasks_named(org, "Old e-mail")) == 1


def test_it_is_held_and_cancelled(old: Connection, admin: User, admin_client: Client) -> None:
    url = reverse("integrations:once_push", args=["activity"])
    everything.start(old, ["activity"], admin)
    tasks.mark_everything(600)

    admin_client.post(url, {"do": "hold"})
    assert not Outbox.objects.due().exists()
    admin_client.post(url, {"do": "cancel"})

    assert not Outbox.objects.exists()
    assert Run.objects.get(kind=Run.Kind.EVERYTHING).state == Run.State.CANCELLED


def test_its_preview_shows_each_by_what_it_becomes_there_and_carries_out_that(
    old: Connection, org: Org, admin_client: Client, admin: User
) -> None:
    ActivityFactory(kind="meeting", subject="Old meeting", contact=linked_contact(), owner=admin)
    turn_on(old, "push_meetings")
    Outbox.objects.all().delete()

    run = previewed(admin_client, "preview_push", kind="activity", everything="1")
    page = admin_client.get(reverse("integrations:preview", args=[run.pk])).content.decode()

    counts = {part.remote_object: (part.scaled("created"), part.scaled("skipped")) for part in parts_of(run)}
    assert counts == {"Task": (3, 3), "Event": (1, 0)}
    assert {line.name: line.outcome for line in run.lines.all()} == dict.fromkeys(
        ["Old call 0", "Old call 1", "Old e-mail", "Old meeting"], "created"
    )
    assert "The exclusion rule “Secrets” keeps it out" in page
    assert "One-time push of activities" in page
    assert not Outbox.objects.exists()
    assert tasks_named(org, "Old e-mail") == []

    carried_out(admin_client, run)
    tasks.mark_everything(600)
    push_all()
    everything.end_finished(old)

    done = Run.objects.get(kind=Run.Kind.EVERYTHING)
    assert (done.state, done.created, done.preview) == (Run.State.DONE, 4, run)
    assert len(tasks_named(org, "Old e-mail")) == 1


def test_its_preview_is_stale_as_soon_as_a_rule_is_changed(old: Connection, admin_client: Client) -> None:
    run = previewed(admin_client, "preview_push", kind="activity", everything="1")
    ExclusionRule.objects.update(from_keywords=["old"])

    admin_client.post(reverse("integrations:preview_carry_out", args=[run.pk]))

    assert carrying.refusal(run) == carrying.STALE
    assert not Run.objects.filter(kind=Run.Kind.EVERYTHING).exists()


def test_many_more_than_its_preview_showed_are_not_pushed(
    old: Connection, org: Org, admin_client: Client, admin: User
) -> None:
    run = previewed(admin_client, "preview_push", kind="activity", everything="1")
    ActivityFactory.create_batch(3, kind="call", contact=linked_contact(), owner=admin)
    Outbox.objects.all().delete()

    carried = carried_out(admin_client, run)

    assert "6 records would be touched now, 3 were shown" in carried.message
    assert not Outbox.objects.exists()


def test_a_preview_that_looked_at_some_stops_nothing_for_being_a_few_out(
    old: Connection, org: Org, admin_client: Client, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ActivityFactory.create_batch(4, kind="call", contact=linked_contact(), owner=admin)
    Outbox.objects.all().delete()
    monkeypatch.setattr(forecasting, "JUDGED", 2)
    run = previewed(admin_client, "preview_push", kind="activity", everything="1")
    assert run.found["is_estimate"]

    monkeypatch.setattr(carrying, "touched", lambda parts: 1)
    carried_out(admin_client, run)
    tasks.mark_everything(600)
    push_all()
    everything.end_finished(old)

    assert Run.objects.get(kind=Run.Kind.EVERYTHING).created == 7


def test_without_a_switch_it_says_what_to_do(synced: Connection, admin_client: Client) -> None:
    page = admin_client.get(reverse("integrations:activities"))

    assert everything.NOTHING_ON in page.content.decode()
    admin_client.post(reverse("integrations:once_push", args=["activity"]), {"do": "start"})
    assert not Run.objects.filter(kind=Run.Kind.EVERYTHING).exists()
