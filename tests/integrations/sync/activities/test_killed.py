"""Workers that are killed with SIGKILL while they log e-mails: each e-mail is there once."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from activities.models import Activity, Message
from integrations import services, tasks
from integrations.models import Connection, ErrorEntry, Lane, Outbox
from integrations.sync import own
from tests.conftest import push_all
from tests.integrations.sync.activities.making import linked_contact, turn_on
from tests.integrations.sync.storms import is_sending, let_time_pass
from tests.salesforce_org import Org
from tests.workers import KILL_SEED, finished, kill_after, worker
from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
MANY, VERY_MANY = 1_000, 10_000
KILLS = 6
CALLS = 60  # at most, besides those that only look


def queued_emails(connection: Connection, owner: User) -> list[Activity]:
    """Ten thousand, of which each two look the same."""
    turn_on(connection, "push_emails_sent_here")
    contact = linked_contact()
    emails = Activity.objects.bulk_create(
        Activity(
            kind="email", direction="out", subject=f"Killed {n // 2}", contact=contact, owner=owner,
            happened_at=timezone.now(),
        )
        for n in range(VERY_MANY)
    )  # fmt: skip
    Message.objects.bulk_create(
        Message(activity=one, message_id=f"{one.pk}@killed.example", thread="t", is_sent_here=True) for one in emails
    )
    services.queue_push(emails, lane=Lane.ACTIVITIES)
    return emails


def writes(org: Org) -> int:
    return sum(count for resource, count in org.calls().items() if not resource.startswith("GET"))


def each_is_there_once(org: Org, emails: list[Activity]) -> None:
    made = Counter(row["Subject"] for row in org.query("SELECT Subject FROM Task WHERE Subject LIKE 'Killed %'"))
    assert made == Counter(one.subject for one in emails), f"seed {KILL_SEED}"
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.exists()
    assert not Activity.objects.filter(pk__in=[one.pk for one in emails], crm_id="").exists()


def test_ten_thousand_emails_are_logged_in_sixty_calls(synced: Connection, org: Org, admin: User) -> None:
    emails = queued_emails(synced, admin)
    org.forget_calls()

    for _ in range(20):  # a turn of the worker lasts for so long and no longer
        push_all()
        if not Outbox.objects.exists():
            break

    assert writes(org) <= CALLS, org.calls()
    each_is_there_once(org, emails)


def test_ten_thousand_emails_survive_killed_workers(
    synced: Connection, org: Org, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each worker takes at most one call with it."""
    monkeypatch.setattr(own, "patience", lambda: timedelta(seconds=-1))
    chance, emails = random.Random(KILL_SEED), queued_emails(synced, admin)
    org.forget_calls()
    org.faults({"match": {"method": "POST", "path": "composite/sobjects$"}, "do": "delay", "delay_ms": 150})

    for _ in range(KILLS):
        kill_after(worker(tasks.push_lane, "activities", 60, org=org), is_sending, chance)
        let_time_pass(org)
    org.faults()
    for _ in range(3):
        push_all()
        let_time_pass(org)

    assert writes(org) <= CALLS + KILLS, org.calls()
    each_is_there_once(org, emails)


def test_two_workers_at_once_log_each_once(synced: Connection, org: Org, admin: User) -> None:
    turn_on(synced, "push_calls")
    contact = linked_contact()
    calls = Activity.objects.bulk_create(
        Activity(kind="call", subject=f"Shared {n}", contact=contact, owner=admin, happened_at=timezone.now())
        for n in range(MANY)
    )
    services.queue_push(calls, lane=Lane.ACTIVITIES)

    workers = [worker(tasks.push_lane, "activities", 60, org=org) for _ in range(2)]
    for process in workers:
        finished(process)
    tasks.push_lane("activities")

    made = Counter(row["Subject"] for row in org.query("SELECT Subject FROM Task WHERE Subject LIKE 'Shared %'"))
    assert made == Counter(f"Shared {n}" for n in range(MANY))
    assert not Outbox.objects.exists()
