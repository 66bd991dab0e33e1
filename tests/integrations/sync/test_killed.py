"""Workers that are killed with SIGKILL at random points: another one goes on, and nothing is lost or doubled."""

import random
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from common.bulk import update_rows
from contacts.models import Contact
from integrations import services, tasks
from integrations.models import Connection, Cursor, ErrorEntry, IngestJob, Outbox, RecordLink, Run
from integrations.sync import own
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory
from tests.integrations.sync.storms import is_sending, let_time_pass
from tests.integrations.sync.work import pull_contacts
from tests.salesforce_org import Org
from tests.workers import KILL_SEED, finished, kill_after, worker

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 1_000
KILLS = 6


def test_a_push_of_a_thousand_new_contacts_survives_killed_workers(synced: Connection, org: Org, monkeypatch) -> None:
    monkeypatch.setattr(own, "patience", timedelta)
    chance = random.Random(KILL_SEED)
    account = AccountFactory(name="All of them")
    contacts = Contact.objects.bulk_create(
        Contact(
            first_name="No", last_name=f"Double {n}", email=f"double{n}@kill.example" if n % 3 else "", account=account
        )
        for n in range(MANY)
    )
    services.queue_push(contacts)
    org.faults(
        {"match": {"method": "POST", "path": "composite/sobjects$"}, "do": "delay", "delay_ms": 150, "times": None}
    )

    for _ in range(KILLS):
        kill_after(
            worker(tasks.push_lane, "real_time", 60, org=org),
            is_sending,
            chance,
        )
        let_time_pass(org)
        if not Outbox.objects.exists():
            break
    org.faults()
    push_all()

    made = Counter(row["LastName"] for row in org.query("SELECT LastName FROM Contact WHERE LastName LIKE 'Double %'"))
    assert made == Counter(f"Double {n}" for n in range(MANY)), f"seed {KILL_SEED}"
    assert not Outbox.objects.exists()
    assert not ErrorEntry.objects.exists()
    assert not Contact.objects.filter(crm_id="").exists()
    assert len(org.query("SELECT Id FROM Account WHERE Name = 'All of them'")) == 1


@pytest.mark.parametrize("path", ["ingest$", "batches", r"ingest/\w+$", "Results"])
def test_jobs_survive_killed_workers(synced: Connection, org: Org, monkeypatch, path: str) -> None:
    """Workers are killed about one of a job's calls: that which begins it, fills it, closes it or asks after it."""
    monkeypatch.setattr(own, "patience", timedelta)
    chance = random.Random(KILL_SEED)
    synced.object_settings.update(external_id_field="Tandem_Id__c")
    new = Contact.objects.bulk_create(Contact(first_name=f"N{n}", last_name="Killed") for n in range(120))
    services.queue_push(new, lane="background")
    linked = list(Contact.objects.filter(crm_object="Contact").values_list("pk", flat=True))
    update_rows(Contact.objects.filter(pk__in=linked), title="Killed")
    org.faults({"match": {"path": f"jobs/.*{path}"}, "do": "delay", "delay_ms": 300, "times": None})

    for _ in range(KILLS):
        kill_after(
            worker(tasks.push_lane, "background", 60, org=org, SYNC_BULK_FROM=10),
            lambda: is_sending() or IngestJob.objects.filter(leased_until__gt=timezone.now()).exists(),
            chance,
        )
        let_time_pass(org)
    org.faults()
    for _ in range(3):
        let_time_pass(org)
        push_all()

    made = Counter(row["FirstName"] for row in org.query("SELECT FirstName FROM Contact WHERE LastName = 'Killed'"))
    assert made == Counter(person.first_name for person in new), f"seed {KILL_SEED}"
    assert len(org.query("SELECT Id FROM Contact WHERE Title = 'Killed'")) == len(linked)
    assert not Outbox.objects.exists()
    assert not IngestJob.objects.exists()
    assert not ErrorEntry.objects.exists()


def is_pulling() -> bool:
    return Cursor.objects.filter(leased_until__gt=timezone.now()).exists()


def test_a_pull_survives_killed_workers(synced: Connection, org: Org) -> None:
    chance = random.Random(KILL_SEED)
    org.create_many("Contact", [{"LastName": f"Pulled {n}", "Email": f"pulled{n}@kill.example"} for n in range(MANY)])

    for _ in range(KILLS):
        kill_after(worker(pull_contacts, 50, org=org), is_pulling, chance)
        let_time_pass(org)
    pull_all()

    pulled = Counter(Contact.objects.filter(last_name__startswith="Pulled").values_list("crm_id", flat=True))
    assert pulled == Counter(row["Id"] for row in org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Pulled %'"))
    assert (
        RecordLink.objects.filter(remote_object="Contact").count()
        == Contact.objects.exclude(crm_id="").filter(crm_object="Contact").count()
    )
    assert Run.objects.filter(remote_object="Contact").first().state == Run.State.DONE
    assert not Outbox.objects.exists()


def test_two_workers_at_once_send_each_record_once(synced: Connection, org: Org) -> None:
    contacts = Contact.objects.bulk_create(
        Contact(last_name=f"Shared {n}", email=f"shared{n}@two.example") for n in range(MANY)
    )
    services.queue_push(contacts)

    workers = [worker(tasks.push_lane, "real_time", 60, org=org) for _ in range(2)]
    for process in workers:
        finished(process)
    push_all()

    made = Counter(row["LastName"] for row in org.query("SELECT LastName FROM Contact WHERE LastName LIKE 'Shared %'"))
    assert made == Counter(f"Shared {n}" for n in range(MANY))
    assert not Outbox.objects.exists()


def test_two_pullers_never_work_on_one_object(synced: Connection, org: Org) -> None:
    org.create_many("Contact", [{"LastName": f"Both {n}"} for n in range(200)])

    workers = [worker(pull_contacts, 20, org=org) for _ in range(2)]
    for process in workers:
        finished(process)
    tasks.pull_due(600, only="Contact", is_forced=True)

    assert Contact.objects.filter(last_name__startswith="Both").count() == 200
