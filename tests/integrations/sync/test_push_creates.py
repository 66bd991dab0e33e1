"""Pushing what Salesforce does not have yet: what goes, what stays out, and what goes first."""

from typing import Any

import pytest
from django.utils import timezone

from common.acting import acting_as
from contacts.models import Contact, Stage
from integrations import services, tasks
from integrations.models import Connection, Outbox, SyncEvent
from integrations.sync import creating
from integrations.sync.state import State, sync_states
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory
from tests.integrations.sync.pushing import found, state_of
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


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


def test_the_acting_user_and_the_login_are_written_down(synced: Connection, org: Org, admin: User) -> None:
    with acting_as(admin):
        contact = ContactFactory(email="who@login.example")

    push_all()

    event = SyncEvent.objects.get(record_id=contact.pk, kind=SyncEvent.Kind.CREATED)
    assert event.actor == admin
    assert event.credential == synced.credentials.get()
    assert "own login" in event.credential_reason


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
