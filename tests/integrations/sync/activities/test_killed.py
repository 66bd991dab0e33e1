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
MANY = 1_000
KILLS = 6


def test_a_thousand_emails_survive_killed_workers(synced: Connection, org: Org, admin: User, monkeypatch) -> None:
    monkeypatch.setattr(own, "patience", lambda: timedelta(seconds=-1))
    turn_on(synced, "push_emails_sent_here")
    chance, contact = random.Random(KILL_SEED), linked_contact()
    emails = Activity.objects.bulk_create(
        Activity(
            kind="email", direction="out", subject=f"Killed {n // 2}", contact=contact, owner=admin,
            happened_at=timezone.now(),
        )
        for n in range(MANY)
    )  # fmt: skip
    Message.objects.bulk_create(
        Message(activity=one, message_id=f"{one.pk}@killed.example", thread="t", is_sent_here=True) for one in emails
    )
    services.queue_push(emails, lane=Lane.ACTIVITIES)
    org.faults({"match": {"method": "POST", "path": "composite/sobjects$"}, "do": "delay", "delay_ms": 150})

    for _ in range(KILLS):
        kill_after(worker(tasks.push_lane, "activities", 60, org=org), is_sending, chance)
        let_time_pass(org)
    org.faults()
    for _ in range(3):
        push_all()
        let_time_pass(org)

    made = Counter(row["Subject"] for row in org.query("SELECT Subject FROM Task WHERE Subject LIKE 'Killed %'"))
    assert made == Counter(one.subject for one in emails), f"seed {KILL_SEED}"
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.exists()
    assert not Activity.objects.filter(pk__in=[one.pk for one in emails], crm_id="").exists()


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
