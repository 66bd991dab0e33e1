"""The org's allowance of API calls: counted by purpose, and kept for those who wait."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from contacts.models import Contact
from integrations import budget, services, tasks
from integrations.models import ApiUsage, Connection, Cursor, Outbox
from integrations.status import status
from tests.conftest import push_all
from tests.factories import ContactFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
Purpose = ApiUsage.Purpose


def used(percent: int) -> Connection:
    Connection.objects.update(api_used=percent * 100, api_limit=10_000, api_read_at=timezone.now())
    return Connection.objects.get()


def waiting(connection: Connection) -> list[str]:
    return [held.purpose for held in budget.holds(connection)]


def test_every_call_is_counted_for_what_it_was_made(synced: Connection, org: Org, admin: User) -> None:
    ApiUsage.objects.all().delete()
    org.forget_calls()
    edited, by_hand = ContactFactory(), ContactFactory()
    services.push_now([by_hand], admin)
    push_all()
    tasks.pull_due(only="Lead", is_forced=True)
    tasks.read_metadata()
    tasks.pull_record("contact", edited.pk)

    told = budget.today(synced)
    assert all(told[purpose] for purpose in (Purpose.PEOPLE, Purpose.REAL_TIME, Purpose.PULLS, Purpose.METADATA))
    assert sum(told.values()) == sum(org.calls().values())


def test_work_stops_in_the_order_in_which_nobody_waits_for_it(synced: Connection) -> None:
    assert waiting(used(80)) == []
    assert waiting(used(81)) == [Purpose.BACKGROUND]
    assert waiting(used(90)) == [Purpose.ACTIVITIES, Purpose.BACKGROUND, Purpose.PULLS, Purpose.METADATA]
    assert set(waiting(used(95))) == set(Purpose) - {Purpose.PEOPLE, Purpose.OTHER}
    assert Purpose.PEOPLE not in waiting(used(100))


def test_nothing_waits_while_the_allowance_is_not_known(synced: Connection) -> None:
    Connection.objects.update(api_used=0, api_limit=0)
    assert waiting(Connection.objects.get()) == []


def test_a_pull_that_somebody_asks_for_goes_on_above_the_ceiling_and_a_scheduled_one_waits(
    synced: Connection, org: Org, admin: User
) -> None:
    Cursor.objects.update(due_at=timezone.now())
    used(92)
    scheduled = tasks.pull_due()
    services.request_pull(synced, "Lead", user=admin)
    asked = tasks.pull_due()

    assert not scheduled
    assert [(run.remote_object, run.started_by) for run in asked] == [("Lead", admin)]
    assert not Cursor.objects.filter(is_asked_for=True).exists()


def test_held_work_says_why_and_about_when_it_goes_on(synced: Connection) -> None:
    used(92)
    held = {one["work"]: one for one in status()["api"]["waiting"]}
    left = budget.hold(Connection.objects.get(), Purpose.BACKGROUND).until - timezone.now()

    assert "9,200 of its 10,000" in held["background"]["reason"]
    assert timedelta(hours=2) < left < timedelta(hours=4)  # 1,101 of 9,200 calls must leave the window of a day


def test_held_work_goes_on_by_itself_when_the_org_counts_less(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs: list[str] = []
    monkeypatch.setattr(tasks, "async_task", lambda name, *args, **options: jobs.append(name))
    contact = ContactFactory()
    Outbox.objects.update(lane="background")
    used(99)
    tasks.push_lane("background")
    tasks.tick()
    fresh = "integrations.tasks.ask_allowance" in jobs
    Connection.objects.update(api_read_at=timezone.now() - budget.ASK_AGAIN)

    tasks.tick()
    tasks.ask_allowance()
    for _ in range(3):
        tasks.push_lane("background")

    assert not fresh
    assert "integrations.tasks.ask_allowance" in jobs
    assert Contact.objects.get(pk=contact.pk).crm_id


def test_health_says_what_waits(synced: Connection, client: Client) -> None:
    used(85)
    assert client.get("/healthz").json()["waiting_for_allowance"] == ["background"]


def test_the_command_says_what_waits_for_the_allowance(synced: Connection, capsys: pytest.CaptureFixture[str]) -> None:
    used(85)
    with pytest.raises(SystemExit):
        call_command("salesforce", "status")
    assert "'work': 'background'" in capsys.readouterr().out
