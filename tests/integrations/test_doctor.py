"""``salesforce doctor``: what it finds, that it costs few calls, and that mending brings both sides together."""

import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection as database
from django.utils import timezone

from accounts.models import Account
from activities.models import Activity
from common import heartbeat
from contacts.models import Contact
from integrations.doctor import standing
from integrations.doctor.examining import Report, examine
from integrations.models import Connection, Credential, Cursor, FieldMapping, Outbox, RecordLink
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory, TaskFactory
from tests.integrations.sync.activities.making import linked_contact, turn_on
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alive(db: None) -> None:
    for cluster in heartbeat.clusters():
        heartbeat.beat(cluster)


def codes(report: Report) -> set[str]:
    return {finding.code for finding in report.findings}


def doctor(*arguments: str) -> tuple[int, str]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("salesforce", "doctor", *arguments, stdout=out)
    return int(ended.value.code or 0), out.getvalue()


def pulled_meanwhile() -> None:
    """As if a pull had gone past what happened there."""
    Cursor.objects.update(position=timezone.now() + timedelta(minutes=1))


def test_where_both_sides_agree_nothing_is_found_with_few_calls(synced: Connection, org: Org) -> None:
    org.forget_calls()
    report = examine()

    assert report.findings == []
    assert report.is_well
    assert report.api_calls == sum(org.calls().values()) <= 6

    org.create_many("Contact", [{"LastName": f"Person {number}"} for number in range(300)])
    pull_all()
    assert examine().api_calls == report.api_calls
    assert doctor() == (0, f"Salesforce was asked with {report.api_calls} API calls.\nAll is well.\n")


def test_it_works_without_a_connection() -> None:
    code, out = doctor("--json")
    found = json.loads(out)
    assert code == 0
    assert found["unasked"] == "Salesforce is not connected."
    assert [one["code"] for one in found["findings"]] == ["not_connected"]


def test_offline_nobody_is_asked(synced: Connection, org: Org) -> None:
    org.forget_calls()
    assert examine(is_offline=True).is_well
    assert not org.calls()


def test_a_change_that_a_pull_missed_is_found_and_mended(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    assert contact
    org.update("Contact", contact.crm_id, Title="Head of Tests")
    assert examine().is_well  # the next pull has it
    pulled_meanwhile()

    report = examine()
    [found] = report.findings
    assert (found.code, found.count, found.details) == ("drift_unpulled", 1, ["1: Title"])
    assert not report.is_well

    assert examine(mends=True).is_well
    contact.refresh_from_db()
    assert contact.title == "Head of Tests"
    assert examine().findings == []


def test_an_edit_that_nobody_rang_for_is_found_and_mended(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    assert contact
    Contact.objects.filter(pk=contact.pk).update(title="Head of Tests")

    [found] = examine(mends=True).findings
    assert (found.code, found.count, found.mended) == ("drift_unpushed", 1, 1)

    assert examine().findings == []  # it is queued
    push_all()
    assert org.get("Contact", contact.crm_id)["Title"] == "Head of Tests"


def test_what_was_edited_a_moment_ago_is_no_drift(synced: Connection) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    assert contact
    contact.title = "Head of Tests"
    contact.save(update_fields=["title"])
    assert examine().findings == []


def test_records_that_are_missing_here_are_counted_and_come_back(synced: Connection, org: Org) -> None:
    lost = Contact.objects.filter(crm_object="Contact").first()
    assert lost
    RecordLink.objects.filter(remote_id=lost.crm_id).delete()
    with database.cursor() as cursor:  # past everything that would keep a tombstone
        cursor.execute("DELETE FROM contacts_contact WHERE id = %s", [lost.pk])
    pulled_meanwhile()

    [found] = examine(mends=True).findings
    assert (found.code, found.count) == ("count_missing_here", 1)

    pull_all()
    assert Contact.objects.filter(crm_id=lost.crm_id).exists()
    assert examine().findings == []


def test_records_that_are_gone_there_unseen_are_found_and_followed(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    assert contact
    org.delete("Contact", contact.crm_id)
    pulled_meanwhile()

    report = examine(mends=True)
    assert codes(report) == {"count_gone_there", "drift_unseen"}

    pull_all()
    contact.refresh_from_db()
    assert contact.crm_id == ""
    assert examine().findings == []


def test_claims_of_dead_workers_are_freed_and_those_of_live_ones_stay(synced: Connection) -> None:
    for name in ("dead", "alive"):
        ContactFactory(email=f"{name}@doctor.example")
    dead, alive = Outbox.objects.order_by("pk")[:2]
    for row, until in ((dead, -120), (alive, 120)):
        lapses = timezone.now() + timedelta(seconds=until)
        Outbox.objects.filter(pk=row.pk).update(claim_token="0" * 31 + str(row.pk % 10), claimed_until=lapses)

    [found] = examine(mends=True).findings

    assert (found.code, found.count, found.mended) == ("claims_lapsed", 1, 1)
    assert found.since
    dead.refresh_from_db()
    alive.refresh_from_db()
    assert dead.claim_token is None
    assert alive.claim_token is not None


def test_a_queue_that_nobody_works_off_is_told_with_its_reasons_and_is_not_mended_by_a_knock(
    synced: Connection,
) -> None:
    ContactFactory(email="late@doctor.example")
    then = timezone.now() - standing.USUALLY - timedelta(minutes=1)
    Outbox.objects.update(next_attempt_at=then, queued_at=then, wait_reason="Its account goes first.")

    report = examine(mends=True)

    [found] = report.findings
    assert (found.code, found.details) == ("queue_old", ["1: Its account goes first."])
    assert not report.is_well


def test_silent_workers_are_told(synced: Connection) -> None:
    cache.delete("heartbeat:people")
    [found] = examine(is_offline=True).findings
    assert found.code == "worker_silent"
    assert "Q_CLUSTER_NAME=people" in found.remedy


def test_a_login_that_broke_is_told_and_the_org_not_asked(synced: Connection, org: Org) -> None:
    Credential.objects.update(broken_reason="It was revoked.")
    org.forget_calls()

    report = examine()

    assert "login_broken" in codes(report)
    assert report.unasked == "The team has no login that works."
    assert not org.calls()
    assert not report.is_well


def test_an_org_that_does_not_answer_is_a_finding_like_others(synced: Connection, org: Org) -> None:
    org.faults({"do": "html"})
    report = examine()
    org.faults()
    assert codes(report) == {"no_answer"}
    assert not report.is_well


def test_mappings_rights_keys_and_clocks_are_looked_at(synced: Connection, settings: Any) -> None:
    FieldMapping.objects.filter(remote_object="Contact", field="title").update(remote_field="No_Such__c")
    Connection.objects.update(clock_offset=timedelta(minutes=9))
    settings.TOKEN_KEYS = ["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]

    report = examine(is_offline=True)

    assert {"mapping_faults", "permissions", "clock_of_org", "secrets_unreadable"} <= codes(report)
    assert "No_Such__c" in str([finding.details for finding in report.findings if finding.code == "mapping_faults"])


def test_a_pull_that_is_late_says_what_it_may_miss(synced: Connection) -> None:
    Cursor.objects.filter(remote_object="Account").update(position=timezone.now() - timedelta(days=16))
    found = next(one for one in examine(is_offline=True).findings if one.code == "pull_late")
    assert "Account" in found.what
    assert "compares the ids of all records" in found.why
    assert Account.objects.exists()


def test_the_command_ends_with_an_error_for_cron(synced: Connection) -> None:
    Credential.objects.update(broken_reason="It was revoked.")
    code, out = doctor("--offline")
    assert code == 1
    assert "PROBLEM: The login of" in out
    assert "Something needs you" in out


def pushed_task(org: Org, admin: User) -> Activity:
    contact = linked_contact()
    task = TaskFactory(contact=contact, account=contact.account, owner=admin, completed_at=timezone.now())
    push_all()
    task.refresh_from_db()
    assert task.crm_id
    return task


def test_activities_that_were_pushed_are_compared_in_a_call_each(synced: Connection, org: Org, admin: User) -> None:
    turn_on(synced)
    task = pushed_task(org, admin)
    org.forget_calls()
    before = examine()
    assert before.findings == []
    assert before.api_calls == sum(org.calls().values())

    Activity.objects.filter(pk=task.pk).update(subject="Nobody rang for it")
    org.update("Task", task.crm_id, Priority="Low")  # of a log what is done there is left alone
    [found] = examine(mends=True).findings

    assert (found.code, found.count, found.details) == ("drift_unpushed", 1, ["1: Subject"])
    push_all()
    assert org.get("Task", task.crm_id)["Subject"] == "Nobody rang for it"
    assert org.get("Task", task.crm_id)["Priority"] == "Low"
    assert examine().findings == []


def test_a_pushed_activity_that_somebody_deleted_there_is_no_trouble(synced: Connection, org: Org, admin: User) -> None:
    turn_on(synced)
    org.delete("Task", pushed_task(org, admin).crm_id)
    assert examine().findings == []


def test_a_task_that_a_pull_missed_is_found_and_mended(synced: Connection, org: Org) -> None:
    turn_on(synced, "pull_tasks")
    task_id = org.create("Task", Subject="Call back", WhoId=linked_contact().crm_id)
    pull_all()
    assert examine().findings == []
    org.update("Task", task_id, Subject="Call back today")
    pulled_meanwhile()

    [found] = examine(mends=True).findings

    assert (found.code, found.count) == ("drift_unpulled", 1)
    assert Activity.objects.get(crm_id=task_id).subject == "Call back today"
    assert examine().findings == []
