"""Pushing to the local org over real HTTP."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from common.acting import acting_as
from contacts.models import Contact, Stage
from integrations import services, tasks
from integrations.models import (
    Connection,
    ErrorEntry,
    FieldMapping,
    ObjectDescription,
    Outbox,
    RecordLink,
    Run,
    SyncEvent,
)
from integrations.sync import creating, own
from integrations.sync.provider import CallFailed
from integrations.sync.state import State, sync_states
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory, CustomFieldFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _impatient(monkeypatch) -> None:
    monkeypatch.setattr(own, "patience", timedelta)


def found(org: Org, email: str, name: str = "Contact") -> list[dict]:
    return org.query(
        f"SELECT Id, LastName, Title, OwnerId, CreatedById, LeadSource FROM {name} WHERE Email = '{email}'"
    )


def state_of(record) -> State:
    return sync_states([record])[record.pk].state


def later() -> None:
    """Time passes: what waits is due, what was claimed by the dead is free."""
    Outbox.objects.update(next_attempt_at=timezone.now(), claimed_until=timezone.now())
    Connection.objects.update(paused_until=None)


def test_a_new_contact_is_created_with_its_account(synced: Connection, org: Org) -> None:
    contact = ContactFactory(email="new@one.example", account=AccountFactory(name="One Ltd"))

    push_all()

    contact.refresh_from_db()
    remote = org.get("Contact", contact.crm_id)
    assert remote["Email"] == "new@one.example"
    assert org.get("Account", remote["AccountId"])["Name"] == "One Ltd"
    assert remote["LeadSource"] == "Tandem"
    assert state_of(contact) == State.SYNCED
    assert not Outbox.objects.exists()


def test_what_was_pushed_does_not_come_back_as_a_change(synced: Connection, org: Org) -> None:
    ContactFactory(email="new@one.example", phone=" 123 ", city="Rome")
    push_all()
    before = SyncEvent.objects.count()

    pull_all()

    assert not Outbox.objects.exists()
    assert SyncEvent.objects.count() == before


def test_only_what_changed_is_sent(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Department="Theirs")
    contact.title = "Ours"
    contact.save(update_fields=["title"])

    push_all()

    contact.refresh_from_db()
    assert org.get("Contact", contact.crm_id)["Title"] == "Ours"
    assert contact.department == "Theirs"
    assert SyncEvent.objects.filter(kind=SyncEvent.Kind.PUSHED).get().changes.keys() == {"Title"}


def test_an_edit_that_both_sides_made_is_a_conflict_and_the_loser_is_kept(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.update("Contact", contact.crm_id, Title="Theirs")
    contact.title = "Ours"
    contact.save(update_fields=["title"])
    Contact.objects.filter(pk=contact.pk).update(updated_at=timezone.now() + timedelta(seconds=5))

    push_all()

    conflict = SyncEvent.objects.get(kind=SyncEvent.Kind.CONFLICT)
    assert org.get("Contact", contact.crm_id)["Title"] == "Ours"
    assert conflict.changes["Title"]["theirs"] == "Theirs"


def test_filters_hold_back_creates_and_not_updates(synced: Connection, org: Org) -> None:
    cold, hot = Stage.objects.all()[:2]
    synced.object_settings.filter(record_kind="contact").update(push_by_stage=True, push_stages=[hot.pk])
    held = ContactFactory(email="cold@stage.example", stage=cold)
    stageless = ContactFactory(email="none@stage.example")
    linked = Contact.objects.filter(crm_object="Contact").first()
    linked.stage, linked.title = cold, "Changed"
    linked.save(update_fields=["title", "stage"])

    push_all()

    assert not found(org, "cold@stage.example")
    assert not found(org, "none@stage.example")
    assert str(cold) in sync_states([held])[held.pk].reason
    assert "No stage" in sync_states([stageless])[stageless.pk].reason
    assert org.get("Contact", linked.crm_id)["Title"] == "Changed"


def test_a_contact_that_comes_to_meet_the_filter_is_pushed_then(synced: Connection, org: Org) -> None:
    cold, hot = Stage.objects.all()[:2]
    synced.object_settings.filter(record_kind="contact").update(push_by_stage=True, push_stages=[hot.pk])
    contact = ContactFactory(email="warming@stage.example", stage=cold)
    push_all()

    contact.stage = hot
    contact.save(update_fields=["stage"])
    push_all()

    assert found(org, "warming@stage.example")


def test_a_push_by_hand_overrides_the_filter(synced: Connection, org: Org, admin: User) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_by_stage=True, push_stages=[])
    contact = ContactFactory(email="hand@stage.example")
    push_all()

    services.push_now([contact], admin)
    push_all()

    assert found(org, "hand@stage.example")


def test_nothing_is_pushed_in_the_setup_window_and_nothing_is_lost(
    connection: Connection, org: Org, admin: User
) -> None:
    connection.object_settings.filter(record_kind="contact").update(push_new=True, create_as="Contact")
    contact = ContactFactory(email="early@setup.example")

    push_all()

    assert not found(org, "early@setup.example")
    assert state_of(contact) == State.WAITING
    with pytest.raises(services.Refused, match="setup window"):
        services.push_now([contact], admin)

    Connection.objects.update(started_at=timezone.now())
    pull_all()
    push_all()
    assert len(found(org, "early@setup.example")) == 1


def test_accounts_go_with_their_contacts_even_when_pushing_accounts_is_off(synced: Connection, org: Org) -> None:
    synced.object_settings.filter(record_kind="account").update(push_new=False)
    alone = AccountFactory(name="Alone Ltd")
    contact = ContactFactory(email="with@account.example", account=AccountFactory(name="Needed Ltd"))

    push_all()

    contact.account.refresh_from_db()
    alone.refresh_from_db()
    assert contact.account.crm_id
    assert not alone.crm_id


def test_a_contact_without_account_makes_one_of_its_company(synced: Connection, org: Org) -> None:
    named = ContactFactory(email="a@named-company.example", company_name="Named Company")
    free = ContactFactory(email="somebody@gmail.com", company_name="")

    push_all()

    named.refresh_from_db()
    free.refresh_from_db()
    assert named.account.name == "Named Company"
    assert named.account.crm_id
    assert free.account is None
    assert free.crm_id


def test_a_new_person_becomes_a_lead_by_setting_and_has_a_company(synced: Connection, org: Org) -> None:
    synced.object_settings.filter(record_kind="contact").update(create_as="Lead")
    ContactFactory(email="lead@new.example", company_name="")

    push_all()

    lead = org.query("SELECT Company, LeadSource FROM Lead WHERE Email = 'lead@new.example'")[0]
    assert lead["Company"] == "[not provided]"
    assert lead["LeadSource"] == "Tandem"


def test_one_twin_is_linked_instead_of_created(synced: Connection, org: Org) -> None:
    remote_id = org.create("Contact", LastName="Twin", Email="twin@one.example", Title="There")
    contact = ContactFactory(email="TWIN@one.example", title="Here", phone="42")

    push_all()

    contact.refresh_from_db()
    assert contact.crm_id == remote_id
    assert contact.title == "There"
    assert org.get("Contact", remote_id)["Phone"] == "42"
    assert len(found(org, "twin@one.example")) == 1


def test_several_twins_are_a_question_that_a_person_answers(synced: Connection, org: Org, admin: User) -> None:
    first = org.create("Contact", LastName="Twin", Email="twins@two.example")
    org.create("Contact", LastName="Twin", Email="twins@two.example")
    contact = ContactFactory(email="twins@two.example", phone="42")

    push_all()
    entry = ErrorEntry.objects.open().get()
    services.resolve_match(entry, first, admin)
    push_all()

    contact.refresh_from_db()
    assert entry.code == "SEVERAL_MATCHES"
    assert contact.crm_id == first
    assert org.get("Contact", first)["Phone"] == "42"
    assert not ErrorEntry.objects.open().exists()


def test_a_duplicate_made_on_purpose_is_made_there_too(synced: Connection, org: Org) -> None:
    original = Contact.objects.filter(crm_object="Contact").exclude(email="").first()
    ContactFactory(email=original.email, last_name="Copy")

    push_all()

    assert "Copy" in {row["LastName"] for row in found(org, original.email)}


def test_a_duplicate_is_made_when_a_person_says_so(synced: Connection, org: Org, admin: User) -> None:
    for _ in range(2):
        org.create("Contact", LastName="Twin", Email="twins@two.example")
    ContactFactory(email="twins@two.example", last_name="Third")
    push_all()

    services.resolve_match(ErrorEntry.objects.open().get(), "", admin)
    push_all()

    assert len(found(org, "twins@two.example")) == 3


def test_a_reply_that_was_lost_after_the_create_makes_no_double(synced: Connection, org: Org) -> None:
    contacts = [ContactFactory(email=f"lost{number}@reply.example", account=None) for number in range(5)]
    synced.object_settings.filter(record_kind="contact").update(match_accounts=False)
    org.faults({"match": {"method": "POST", "path": "composite/sobjects"}, "do": "drop_after", "times": 1})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    for number, contact in enumerate(contacts):
        contact.refresh_from_db()
        assert [row["Id"] for row in found(org, f"lost{number}@reply.example")] == [contact.crm_id]


def test_people_without_an_email_are_found_again_after_a_lost_reply(synced: Connection, org: Org) -> None:
    for number in range(3):
        ContactFactory(email="", first_name="No", last_name=f"Address {number}", account=AccountFactory())
    push_only_accounts(org)
    org.faults({"match": {"method": "POST", "path": "composite/sobjects"}, "do": "drop_after", "times": 1})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    rows = org.query("SELECT LastName FROM Contact WHERE LastName LIKE 'Address %'")
    assert sorted(row["LastName"] for row in rows) == ["Address 0", "Address 1", "Address 2"]


def push_only_accounts(org: Org) -> None:
    held = list(Outbox.objects.filter(record_kind="contact"))
    Outbox.objects.filter(record_kind="contact").delete()
    push_all()
    Outbox.objects.bulk_create(held)


def test_a_request_that_was_lost_before_is_sent_again(synced: Connection, org: Org) -> None:
    ContactFactory(email="before@reply.example")
    org.faults({"match": {"method": "POST", "path": "composite/sobjects"}, "do": "drop_before", "times": 2})

    push_all(sleeper=lambda seconds: later())
    later()
    push_all()

    assert len(found(org, "before@reply.example")) == 1


def test_an_edit_while_the_create_is_being_sent_is_not_lost(synced: Connection, org: Org, monkeypatch) -> None:
    contact = ContactFactory(email="meanwhile@edit.example", title="First")
    send = creating._create

    def edit_and_send(*args: Any) -> None:
        Contact.objects.get(pk=contact.pk)
        edited = Contact.objects.get(pk=contact.pk)
        edited.title = "Second"
        edited.save(update_fields=["title"])
        monkeypatch.setattr(creating, "_create", send)
        send(*args)

    monkeypatch.setattr(creating, "_create", edit_and_send)
    push_all()

    assert [row["Title"] for row in found(org, "meanwhile@edit.example")] == ["Second"]
    contact.refresh_from_db()
    assert contact.title == "Second"
    assert state_of(contact) == State.SYNCED


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


def test_the_acting_user_and_the_login_are_written_down(synced: Connection, org: Org, admin: User) -> None:
    with acting_as(admin):
        contact = ContactFactory(email="who@login.example")

    push_all()

    event = SyncEvent.objects.get(record_id=contact.pk, kind=SyncEvent.Kind.CREATED)
    assert event.actor == admin
    assert event.credential == synced.credentials.get()
    assert "own login" in event.credential_reason


def test_a_thousand_changes_cost_few_calls(synced: Connection, org: Org) -> None:
    contacts = Contact.objects.bulk_create(
        [Contact(last_name=f"Many {number}", email=f"many{number}@bulk.example") for number in range(400)]
    )
    services.queue_push(contacts)
    org.forget_calls()

    push_all()

    assert len(org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Many %'")) == 400
    assert sum(org.calls().values()) <= 20


def test_a_run_says_what_became_of_its_records(synced: Connection, org: Org) -> None:
    ContactFactory(last_name="x" * 81)
    ContactFactory()

    push_all()

    runs = Run.objects.filter(kind=Run.Kind.PUSH)
    assert sum(run.created for run in runs) == 2  # the contact and its account
    assert sum(run.failed for run in runs) == 1


def test_a_record_deleted_in_salesforce_is_unlinked_when_its_change_is_pushed(synced: Connection, org: Org) -> None:
    contact = Contact.objects.filter(crm_object="Contact").first()
    org.delete("Contact", contact.crm_id)
    contact.title = "Too late"
    contact.save(update_fields=["title"])

    push_all()

    contact.refresh_from_db()
    assert not contact.crm_id
    assert RecordLink.objects.get(record_id=contact.pk, record_kind="contact").dropped_at


def test_an_unverified_address_stays_here_and_the_contact_goes(synced: Connection, org: Org) -> None:
    contact = ContactFactory(last_name="Unverified", email="maybe@guess.example", email_status="unverified")

    push_all()
    pull_all()

    contact.refresh_from_db()
    assert org.get("Contact", contact.crm_id)["Email"] is None
    assert contact.email == "maybe@guess.example"


def test_accounts_that_are_each_others_parents_do_not_wait_for_ever(synced: Connection, org: Org) -> None:
    one = AccountFactory(name="Ouro")
    two = AccountFactory(name="Boros", parent=one)
    one.parent = two
    one.save(update_fields=["parent"])

    push_all()

    one.refresh_from_db()
    two.refresh_from_db()
    assert one.crm_id
    assert two.crm_id


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


def test_a_record_deleted_here_while_it_was_sent_does_not_come_back(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = ContactFactory(email="deleted@meanwhile.example")
    send = creating._create

    def delete_and_send(*args: Any) -> None:
        Contact.objects.filter(pk=contact.pk).first().delete()
        send(*args)

    monkeypatch.setattr(creating, "_create", delete_and_send)
    push_all()
    pull_all()

    assert not Contact.objects.filter(email="deleted@meanwhile.example").exists()


def test_an_edit_after_a_lost_reply_reaches_the_record_that_was_made(synced: Connection, org: Org) -> None:
    contact = ContactFactory(email="", last_name="Before", account=None, first_name="Lost")
    org.faults({"match": {"method": "POST", "path": "composite/sobjects"}, "do": "drop_after", "times": 1})
    tasks.push_lane("real_time", seconds=0.2, sleeper=lambda seconds: None)
    contact.last_name = "After"
    contact.save(update_fields=["last_name"])

    for _ in range(3):
        later()
        push_all()

    rows = org.query("SELECT Id, LastName FROM Contact WHERE FirstName = 'Lost'")
    assert [row["LastName"] for row in rows] == ["After"]


def test_background_work_waits_below_the_ceiling_and_peoples_work_goes_on(
    synced: Connection, org: Org, admin: User
) -> None:
    background, by_hand = ContactFactory(email="back@ceiling.example"), ContactFactory(email="hand@ceiling.example")
    Outbox.objects.update(lane="background")
    services.push_now([by_hand], admin)
    Connection.objects.update(api_used=95, api_limit=100)

    tasks.push_lane("people")
    Connection.objects.update(api_used=95, api_limit=100)
    tasks.push_lane("background")

    assert state_of(background) == State.WAITING
    assert not found(org, "back@ceiling.example")


def test_of_several_accounts_that_a_contact_could_need_one_is_chosen_and_said(synced: Connection, org: Org) -> None:
    for _ in range(2):
        org.create("Account", Name="Twice Ltd", Website="https://twice.example")
    contact = ContactFactory(email="one@twice.example", company_name="Twice Ltd")

    push_all()

    contact.refresh_from_db()
    link = RecordLink.objects.get(record_kind="account", record_id=contact.account_id)
    assert contact.crm_id
    assert "one of 2" in link.note
    assert len(org.query("SELECT Id FROM Account WHERE Name = 'Twice Ltd'")) == 2


def test_a_duplicate_made_on_purpose_is_said_on_both(synced: Connection, org: Org) -> None:
    original = Contact.objects.filter(crm_object="Contact").exclude(email="").first()
    copy = ContactFactory(email=original.email, last_name="Copy")

    push_all()

    notes = RecordLink.objects.of("contact", [original.pk, copy.pk]).values_list("note", flat=True)
    assert all("look like this one" in note for note in notes)


class Spoiled:
    """A provider whose org answers with a fault of its own whenever one record is among those sent."""

    def __init__(self, provider: Any) -> None:
        self.provider = provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self.provider, name)

    def create(self, remote_object: str, payloads: Any) -> Any:
        if any(payload.get("LastName") == "Poison" for payload in payloads):
            raise CallFailed("Salesforce answered 500.", is_answered=True)
        return self.provider.create(remote_object, payloads)


def test_a_batch_that_keeps_failing_is_halved_until_the_record_that_spoils_it_stands_alone(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tasks.provider_for
    monkeypatch.setattr(tasks, "provider_for", lambda credential: Spoiled(real(credential)))
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
