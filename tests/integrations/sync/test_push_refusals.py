"""Records that are refused, and calls that fail: who is blamed, what waits, what goes on."""

from typing import Any

import pytest
from django.utils import timezone

from contacts.models import Contact
from integrations import pushing, services, tasks
from integrations.models import Connection, ErrorEntry, FieldMapping, Lane, ObjectDescription, Outbox
from integrations.sync import outbox, own
from integrations.sync.outcomes import LATER_TRIES
from integrations.sync.provider import CallFailed
from integrations.sync.state import State
from tests.conftest import push_all
from tests.factories import ContactFactory, CustomFieldFactory
from tests.integrations.sync.pushing import found, later, state_of
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


@pytest.mark.parametrize("fault", [{"do": "status", "status": 503}, {"do": "html"}, {"do": "limit"}])
def test_a_fault_of_the_whole_call_pauses_and_blames_no_record(synced: Connection, org: Org, fault: dict) -> None:
    contact = ContactFactory(email="paused@fault.example")
    org.faults({"match": {"path": "composite"}, "times": None, **fault})

    tasks.push_lane("real_time", seconds=0.5, sleeper=lambda seconds: None)

    paused = Connection.objects.get()
    assert paused.is_paused
    assert state_of(contact) == State.WAITING
    assert not ErrorEntry.objects.exists()

    org.faults()
    later()
    push_all()
    assert len(found(org, "paused@fault.example")) == 1
    assert not Connection.objects.get().is_paused


def test_a_locked_row_waits_and_is_tried_again(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    contact.title = "After the lock"
    contact.save(update_fields=["title"])
    org.faults({"match": {"method": "PATCH", "path": "composite/sobjects"}, "do": "lock", "times": 1})

    push_all()
    waiting = state_of(contact)
    later()
    push_all()

    assert waiting == State.WAITING
    assert org.get("Contact", contact.crm_id)["Title"] == "After the lock"


def test_a_row_that_stays_locked_is_left_to_a_person_after_five_tries(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    contact.title = "Never"
    contact.save(update_fields=["title"])
    org.faults({"match": {"method": "PATCH", "path": "composite/sobjects"}, "do": "lock", "times": None})

    for _ in range(6):
        later()
        tasks.push_lane("real_time")

    assert ErrorEntry.objects.open().get().code == "UNABLE_TO_LOCK_ROW"
    assert state_of(contact) == State.FAILED


def test_claims_of_workers_that_were_killed_are_no_tries(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    contact.save(update_fields=["title"])
    for _ in range(LATER_TRIES):
        outbox.claim(Lane.REAL_TIME)
        later()

    assert Outbox.objects.of("contact", [contact.pk]).get().attempts == 1


def test_a_revoked_login_keeps_the_queue_and_says_so(synced: Connection, org: Org) -> None:
    contact = ContactFactory(email="kept@revoked.example")
    synced.credentials.update(grant="authorization_code", refresh_token="")
    org.faults({"match": {"path": "composite"}, "do": "revoke", "times": 1})

    push_all()

    assert synced.credentials.get().broken_reason
    assert state_of(contact) == State.WAITING
    assert not ErrorEntry.objects.exists()


def level_of(synced: Connection) -> None:
    """A custom field of ours for a restricted picklist of theirs."""
    CustomFieldFactory(key="level", label="Level")
    FieldMapping.objects.create(
        connection=synced, record_kind="contact", field="custom.level", remote_object="Contact", remote_field="Level__c"
    )


def test_a_value_outside_a_restricted_picklist_is_refused_mended_and_retried(
    synced: Connection, org: Org, admin: User
) -> None:
    level_of(synced)
    contact = ContactFactory(email="level@picklist.example", custom={"level": "Fourth"})

    push_all()
    entry = ErrorEntry.objects.open().get()
    contact.custom = {"level": "Primary"}
    contact.save(update_fields=["custom"])
    services.retry([entry], admin)
    push_all()

    assert entry.code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert entry.by == ErrorEntry.By.TANDEM
    assert entry.details["value"] == "Fourth"
    assert "Primary" in entry.details["allowed"]
    assert not ErrorEntry.objects.open().exists()
    assert len(found(org, "level@picklist.example")) == 1


def test_a_refusal_by_salesforce_is_in_the_error_log_with_its_own_words(synced: Connection, org: Org) -> None:
    """The org's description, as we know it, is older than its restriction."""
    level_of(synced)
    described = ObjectDescription.objects.get(remote_object="Contact")
    for field in described.content["fields"]:
        field["is_restricted"] = False
    described.save()
    contact = ContactFactory(email="level@picklist.example", custom={"level": "Fourth"})

    push_all()

    entry = ErrorEntry.objects.open().get()
    assert entry.by == ErrorEntry.By.REMOTE
    assert "bad value for restricted picklist field" in entry.message
    assert entry.payload["Level__c"] == "Fourth"
    assert state_of(contact) == State.FAILED


def test_one_bad_record_does_not_hold_up_the_others(synced: Connection, org: Org) -> None:
    ContactFactory(email="bad@batch.example", last_name="x" * 81)
    ContactFactory(email="good@batch.example")

    push_all()

    entry = ErrorEntry.objects.open().get()
    assert entry.code == "STRING_TOO_LONG"
    assert "80" in entry.message
    assert found(org, "good@batch.example")
    assert not found(org, "bad@batch.example")


def test_a_mapped_field_that_the_org_lost_does_not_hold_up_the_rest(synced: Connection, org: Org) -> None:
    described = ObjectDescription.objects.get(remote_object="Contact")
    title = next(field for field in described.content["fields"] if field["name"] == "Title")
    described.content["fields"].append({**title, "name": "Gone__c"})
    described.fetched_at = timezone.now() - timezone.timedelta(days=1)
    described.save()
    FieldMapping.objects.create(
        connection=synced, record_kind="contact", field="headline", remote_object="Contact", remote_field="Gone__c"
    )
    ContactFactory(email="gone@field.example", headline="Said nowhere", last_name="Headline")

    for _ in range(3):
        push_all()
        later()

    assert len(org.query("SELECT Id FROM Contact WHERE LastName = 'Headline'")) == 1
    assert not ErrorEntry.objects.exists()


class Spoiled:
    """A provider whose org answers with a fault of its own whenever one record is among those sent."""

    def __init__(self, provider: Any) -> None:
        self.provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self.provider, name)

    def create(self, remote_object: str, payloads: Any, **options: Any) -> Any:
        if any(payload.get("LastName") == "Poison" for payload in payloads):
            raise CallFailed("Salesforce answered 500.", is_answered=True)
        return self.provider.create(remote_object, payloads, **options)

    def update_many(self, remote_object: str, batches: Any, **options: Any) -> Any:
        return self.provider.update_many(remote_object, map(self._unspoiled, batches), **options)

    def _unspoiled(self, changes: Any) -> Any:
        if any(payload.get("Title") == "Poison" for _, payload in changes):
            raise CallFailed("Salesforce answered 500.", is_answered=True)
        return changes


def test_a_batch_that_keeps_failing_is_halved_until_the_record_that_spoils_it_stands_alone(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = pushing.provider_for
    monkeypatch.setattr(pushing, "provider_for", lambda credential: Spoiled(real(credential)))
    monkeypatch.setattr(own, "SECOND_LOOK", 0)
    Contact.objects.bulk_create(Contact(last_name=f"Fine {number}") for number in range(30))
    Contact.objects.create(last_name="Poison")
    services.queue_push(list(Contact.objects.filter(crm_id="")))

    for number in range(30, 60):
        services.queue_push(Contact.objects.create(last_name=f"Fine {number}"))
        tasks.push_lane("real_time", sleeper=lambda seconds: Connection.objects.update(paused_until=None))
        Connection.objects.update(paused_until=None)
        if ErrorEntry.objects.exists():
            break

    assert len(org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Fine %'")) == number + 1
    assert ErrorEntry.objects.open().get().record_name.endswith("Poison")
    assert not Outbox.objects.exists()


def test_changes_that_travel_with_one_that_spoils_the_call_arrive_all_the_same(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = ContactFactory.create_batch(30)
    push_all()
    real = pushing.provider_for
    monkeypatch.setattr(pushing, "provider_for", lambda credential: Spoiled(real(credential)))
    Contact.objects.exclude(pk=people[7].pk).update(title="Fine")
    Contact.objects.filter(pk=people[7].pk).update(title="Poison")
    services.queue_push(list(Contact.objects.all()))

    for number in range(30):
        tasks.push_lane("real_time", sleeper=lambda seconds: Connection.objects.update(paused_until=None))
        Connection.objects.update(paused_until=None)
        services.queue_push(ContactFactory(last_name=f"Other {number}"))
        if ErrorEntry.objects.exists():
            break

    fine = Contact.objects.filter(title="Fine", crm_object="Contact")
    assert len(org.query("SELECT Id FROM Contact WHERE Title = 'Fine'")) == fine.count()
    assert not org.query("SELECT Id FROM Contact WHERE Title = 'Poison'")
    assert ErrorEntry.objects.open().get().record_id == people[7].pk
