"""Deals that are synced one way, both ways or not at all, and what happened while they were off."""

import pghistory
import pytest

from deals.models import Deal
from integrations import services
from integrations.models import Connection, Cursor, DeletionSettings, Outbox
from integrations.sync.state import sync_states
from integrations.sync.sweep import sweep
from tests.conftest import pull_all, push_all
from tests.integrations.sync.dealing import change, opportunity, pushable, turn
from tests.integrations.sync.pushing import state_of
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def test_deals_are_off_at_first_and_nothing_moves(synced: Connection, org: Org, admin: User) -> None:
    deal = pushable(name="Mine")
    push_all()
    pull_all()

    assert synced.object_settings.get(record_kind="deal").sync == "off"
    assert not Deal.objects.exclude(pk=deal.pk).exists()
    assert not org.query("SELECT Id FROM Opportunity WHERE Name = 'Mine'")
    assert sync_states([deal])[deal.pk].reason == "Syncing deals is off."
    with pytest.raises(services.Refused, match="off"):
        services.push_now([deal], admin)


def test_only_pulled_deals_keep_what_is_changed_here(synced: Connection, org: Org) -> None:
    turn(synced, "pull")
    pull_all()
    deal = Deal.objects.first()
    change(deal, next_step="Ours")
    org.update("Opportunity", deal.crm_id, Description="Theirs")

    push_all()
    pull_all()
    push_all()

    deal.refresh_from_db()
    remote = org.get("Opportunity", deal.crm_id)
    assert (deal.next_step, deal.description) == ("Ours", "Theirs")
    assert remote["NextStep"] != "Ours"
    assert not Outbox.objects.exists()
    assert "only pulled" in sync_states([deal])[deal.pk].reason


def test_only_pushed_deals_take_nothing_from_there(synced: Connection, org: Org) -> None:
    turn(synced, "push")
    deal = pushable(name="Mine", next_step="First")
    push_all()
    deal.refresh_from_db()
    org.update("Opportunity", deal.crm_id, NextStep="Theirs", Description="Theirs")
    change(deal, next_step="Second")

    pull_all()
    push_all()

    deal.refresh_from_db()
    remote = org.get("Opportunity", deal.crm_id)
    assert (remote["NextStep"], remote["Description"]) == ("Second", "Theirs")
    assert (deal.next_step, deal.description) == ("Second", "")
    assert Deal.objects.count() == 1
    assert not Cursor.objects.filter(remote_object="Opportunity").exists()


def test_what_changed_while_they_were_off_moves_when_they_are_on_again(with_deals: Connection, org: Org) -> None:
    ours, theirs = Deal.objects.order_by("pk")[:2]
    turn(with_deals, "off")
    with pghistory.context(source="a person"):  # the pull's lasts as long as its transaction: here the whole test's
        change(ours, next_step="Ours")
    org.update("Opportunity", theirs.crm_id, NextStep="Theirs")
    pull_all()
    push_all()
    sweep(with_deals)
    theirs.refresh_from_db()
    assert theirs.next_step != "Theirs"
    assert not Outbox.objects.exists()

    turn(with_deals, "both")
    sweep(with_deals)
    pull_all()
    push_all()

    theirs.refresh_from_db()
    assert theirs.next_step == "Theirs"
    assert org.get("Opportunity", ours.crm_id)["NextStep"] == "Ours"


def test_what_was_made_and_deleted_there_while_they_were_off_is_followed_when_they_are_on_again(
    with_deals: Connection, org: Org
) -> None:
    gone = Deal.objects.first()
    turn(with_deals, "off")
    made = opportunity(org, "Made meanwhile")
    org.delete("Opportunity", gone.crm_id)
    pull_all()
    assert not Deal.objects.filter(crm_id=made).exists()

    turn(with_deals, "both")
    pull_all()

    assert Deal.objects.get(crm_id=made).name == "Made meanwhile"
    gone.refresh_from_db()
    assert gone.crm_id == ""
    assert not Outbox.objects.exists()


def test_a_one_time_pull_that_was_under_way_when_they_were_turned_off_begins_anew(
    with_deals: Connection, org: Org
) -> None:
    services.request_full_pull(with_deals, "Opportunity")
    services.hold_pull(with_deals.cursors.get(remote_object="Opportunity"))
    turn(with_deals, "off")
    made = opportunity(org, "Made meanwhile")

    turn(with_deals, "both")
    pull_all()

    assert Deal.objects.filter(crm_id=made).exists()
    assert not with_deals.cursors.get(remote_object="Opportunity").is_held


def test_turning_them_off_lets_what_waits_stay_here(with_deals: Connection, org: Org) -> None:
    deal = pushable(name="Waiting")

    said = turn(with_deals, "off")

    assert "1 changes" in said[-1]
    push_all()
    assert not org.query("SELECT Id FROM Opportunity WHERE Name = 'Waiting'")
    assert state_of(deal) == "not_eligible"


def test_a_deal_deleted_here_while_they_are_off_stays_there(with_deals: Connection, org: Org) -> None:
    DeletionSettings.objects.create(connection=with_deals, remote_object="Opportunity", sync_deletes=True)
    turn(with_deals, "off")
    deal = Deal.objects.first()
    deal.delete()

    turn(with_deals, "both")
    pull_all()
    push_all()

    assert org.query(f"SELECT Id FROM Opportunity WHERE Id = '{deal.crm_id}'")
    assert not Deal.objects.filter(crm_id=deal.crm_id).exists()


def test_hidden_deals_keep_syncing(synced: Connection, org: Org) -> None:
    synced.object_settings.filter(record_kind="deal").update(is_visible=False)
    turn(synced, "both")
    pull_all()
    deal = Deal.objects.first()
    org.update("Opportunity", deal.crm_id, NextStep="Theirs")

    pull_all()

    deal.refresh_from_db()
    assert (deal.is_hidden, deal.next_step) == (True, "Theirs")
