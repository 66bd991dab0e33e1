"""Deals and opportunities, pulled and pushed over real HTTP."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from contacts.models import Contact
from deals.models import Deal, Stage
from integrations import everything, tasks
from integrations.models import Connection, Cursor, DeletionSettings, ErrorEntry, ObjectDescription, Outbox, SyncEvent
from integrations.sync.state import sync_states
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, DealFactory
from tests.integrations.sync.dealing import SOON, change, opportunity, pushable, stage, turn
from tests.integrations.sync.pushing import later, state_of
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


class TestPull:
    def test_opportunities_become_deals_at_their_stages(self, with_deals: Connection, org: Org) -> None:
        there = org.query("SELECT Id, Name, StageName, Amount, CloseDate, AccountId, Probability FROM Opportunity")

        deals = {deal.crm_id: deal for deal in Deal.objects.select_related("account", "stage")}
        assert there
        assert set(deals) == {row["Id"] for row in there}
        for row in there:
            deal = deals[row["Id"]]
            assert (deal.name, deal.stage.crm_value) == (row["Name"], row["StageName"])
            assert (deal.close_on.isoformat(), deal.account.crm_id) == (row["CloseDate"], row["AccountId"])
            own = deal.stage.probability if deal.probability is None else deal.probability
            assert own == row["Probability"]
        assert not Outbox.objects.exists()

    @pytest.mark.parametrize("currency", ["EUR", ""])
    def test_amounts_are_in_the_orgs_own_currency(self, with_deals: Connection, org: Org, currency: str) -> None:
        assert with_deals.currency == "USD"  # read as it was connected
        Connection.objects.update(currency=currency)
        new = opportunity(org, "New", Amount=20)

        pull_all()

        assert Deal.objects.get(crm_id=new).currency == (currency or "USD")
        assert not Outbox.objects.exists()

    def test_a_probability_that_is_the_stages_is_not_the_deals_own(self, with_deals: Connection, org: Org) -> None:
        usual, own = opportunity(org, "Usual"), opportunity(org, "Own", Probability=33)

        pull_all()

        assert Deal.objects.get(crm_id=usual).probability is None
        assert Deal.objects.get(crm_id=own).probability == 33
        org.update("Opportunity", own, StageName="Value Proposition")
        pull_all()
        assert Deal.objects.get(crm_id=own).probability is None

    def test_a_stage_that_nobody_told_of_is_made_and_read_soon(self, with_deals: Connection, org: Org) -> None:
        deal_id = opportunity(org, "Strange", StageName="Handshake")

        pull_all()

        deal = Deal.objects.select_related("stage__pipeline").get(crm_id=deal_id)
        assert (deal.stage.name, deal.stage.is_active, deal.stage.pipeline.name) == ("Handshake", False, "Salesforce")
        assert ObjectDescription.objects.get(remote_object="Opportunity").fetched_at < timezone.now() - timedelta(
            days=1
        )

    def test_an_account_that_comes_later_is_the_deals_then(self, synced: Connection, org: Org) -> None:
        turn(synced, "both")
        account_id = org.create("Account", Name="Late Buyer")
        deal_id = opportunity(org, "Early", AccountId=account_id)
        tasks.pull_due(600, only="Opportunity", is_forced=True)
        assert Deal.objects.get(crm_id=deal_id).account is None

        pull_all()

        assert Deal.objects.get(crm_id=deal_id).account.crm_id == account_id
        assert not Outbox.objects.exists()

    def test_an_opportunity_deleted_there_leaves_the_deal_here_or_takes_it_along(
        self, with_deals: Connection, org: Org
    ) -> None:
        first, second = Deal.objects.order_by("pk")[:2]
        org.delete("Opportunity", first.crm_id)
        pull_all()
        DeletionSettings.objects.create(connection=with_deals, remote_object="Opportunity", sync_deletes=True)
        org.delete("Opportunity", second.crm_id)
        pull_all()

        first.refresh_from_db()
        assert first.crm_id == ""
        assert not Deal.objects.filter(pk=second.pk).exists()

    def test_a_converted_lead_brings_its_deal_with_the_person_in_it(self, with_deals: Connection, org: Org) -> None:
        lead_id = org.create("Lead", LastName="Convert", Company="Acme Conversions", Email="lead@convert.example")
        pull_all()
        person = Contact.objects.get(email="lead@convert.example")
        org.control("convert", lead=lead_id, opportunity=True, opportunity_name="From the lead")

        pull_all()

        deal = Deal.objects.get(name="From the lead")
        person.refresh_from_db()
        assert deal.roles.get().contact_id == person.pk
        assert deal.roles.get().is_primary
        assert deal.account_id == person.account_id
        assert not Outbox.objects.exists()

    def test_an_idle_cycle_with_deals_is_still_one_call(self, with_deals: Connection, org: Org) -> None:
        Cursor.objects.update(due_at=timezone.now())
        org.forget_calls()

        runs = tasks.pull_due()

        assert len(runs) == 5
        assert sum(org.calls().values()) == 1


class TestPush:
    def test_a_new_deal_goes_with_its_account_before_it(self, with_deals: Connection, org: Org) -> None:
        deal = pushable(name="Big", account=AccountFactory(name="Buyer"), amount=Decimal("1250.50"))

        push_all()

        deal.refresh_from_db()
        remote = org.get("Opportunity", deal.crm_id)
        assert org.get("Account", remote["AccountId"])["Name"] == "Buyer"
        assert (remote["StageName"], remote["CloseDate"], remote["Amount"]) == ("Prospecting", "2027-03-31", 1250.5)
        assert (remote["Probability"], remote["LeadSource"]) == (10, "Tandem")
        assert state_of(deal) == "synced"
        before = SyncEvent.objects.count()
        pull_all()
        push_all()
        assert SyncEvent.objects.count() == before

    def test_a_new_stage_brings_its_probability_unless_the_deal_has_its_own(
        self, with_deals: Connection, org: Org
    ) -> None:
        usual, own = pushable(name="Usual"), pushable(name="Own", probability=33)
        push_all()
        for deal in (usual, own):
            deal.refresh_from_db()
            change(deal, stage=stage("Value Proposition"))

        push_all()
        pull_all()

        there = [org.get("Opportunity", deal.crm_id) for deal in (usual, own)]
        assert [row["StageName"] for row in there] == ["Value Proposition"] * 2
        assert [row["Probability"] for row in there] == [50, 33]
        usual.refresh_from_db()
        own.refresh_from_db()
        assert (usual.probability, own.probability) == (None, 33)
        assert SyncEvent.objects.filter(kind=SyncEvent.Kind.PUSHED, record_id=usual.pk).get().changes.keys() == {
            "Stage"
        }

    def test_what_the_org_would_refuse_is_said_before_it_is_sent(self, with_deals: Connection, org: Org) -> None:
        dateless = pushable(name="Dateless", close_on=None)
        elsewhere = DealFactory(name="Elsewhere", close_on=SOON, stage=Stage.objects.get(name="Negotiation"))
        before = len(org.query("SELECT Id FROM Opportunity"))

        push_all()

        told = {entry.record_id: entry for entry in ErrorEntry.objects.open()}
        assert (told[dateless.pk].code, told[dateless.pk].by) == ("REQUIRED_FIELD_MISSING", "tandem")
        assert "Close Date" in told[dateless.pk].message
        assert (told[elsewhere.pk].code, told[elsewhere.pk].by) == ("UNKNOWN_STAGE", "tandem")
        assert "Sales" in told[elsewhere.pk].message
        assert len(org.query("SELECT Id FROM Opportunity")) == before
        change(dateless, close_on=SOON)
        change(elsewhere, stage=stage("Prospecting"))
        push_all()
        assert not ErrorEntry.objects.open().exists()
        assert len(org.query("SELECT Id FROM Opportunity")) == before + 2

    def test_a_linked_deal_that_moves_to_a_stage_of_ours_says_so_and_sends_nothing(
        self, with_deals: Connection, org: Org
    ) -> None:
        deal = Deal.objects.first()
        was = org.get("Opportunity", deal.crm_id)["StageName"]
        change(deal, stage=Stage.objects.get(name="Negotiation"))

        push_all()

        assert ErrorEntry.objects.open().get().code == "UNKNOWN_STAGE"
        assert org.get("Opportunity", deal.crm_id)["StageName"] == was

    def test_a_stage_that_the_org_closed_is_refused_before_it_is_sent(self, with_deals: Connection, org: Org) -> None:
        described = ObjectDescription.objects.get(remote_object="Opportunity")
        for field in described.content["fields"]:
            if field["name"] == "StageName":
                field["values"].remove("Prospecting")
        described.save()
        deal = pushable(name="Too late")

        push_all()

        assert "not active" in ErrorEntry.objects.open().get(record_id=deal.pk).message

    def test_on_a_conflict_salesforce_wins_and_the_loser_is_kept(self, with_deals: Connection, org: Org) -> None:
        deal = Deal.objects.first()
        org.update("Opportunity", deal.crm_id, NextStep="Theirs")
        change(deal, next_step="Ours", description="Only ours")

        push_all()

        deal.refresh_from_db()
        remote = org.get("Opportunity", deal.crm_id)
        assert (remote["NextStep"], remote["Description"]) == ("Theirs", "Only ours")
        assert deal.next_step == "Theirs"
        assert SyncEvent.objects.get(kind=SyncEvent.Kind.CONFLICT).changes["Next step"]["ours"] == "Ours"

    def test_a_lost_answer_makes_no_second_opportunity(self, with_deals: Connection, org: Org) -> None:
        deals = [pushable(name=f"Lost {number}") for number in range(3)]
        org.faults({"match": {"method": "POST", "path": "composite/sobjects$"}, "do": "drop_after", "times": 1})

        push_all(sleeper=lambda seconds: later())
        later()
        push_all()

        rows = org.query("SELECT Id FROM Opportunity WHERE Name LIKE 'Lost %'")
        assert {row["Id"] for row in rows} == {Deal.objects.get(pk=deal.pk).crm_id for deal in deals}
        assert len(rows) == 3

    def test_a_deal_deleted_here_is_deleted_there_where_that_is_synced(self, with_deals: Connection, org: Org) -> None:
        first, second = Deal.objects.order_by("pk")[:2]
        first.delete()
        DeletionSettings.objects.create(connection=with_deals, remote_object="Opportunity", sync_deletes=True)
        gone = second.crm_id
        second.delete()

        push_all()
        pull_all()

        assert org.query(f"SELECT Id FROM Opportunity WHERE Id = '{first.crm_id}'")
        assert not org.query(f"SELECT Id FROM Opportunity WHERE Id = '{gone}'")
        assert not Deal.objects.filter(crm_id=first.crm_id).exists()

    def test_the_one_time_push_sends_older_deals(self, synced: Connection, org: Org, admin: User) -> None:
        deal = pushable(name="Older")
        turn(synced, "both")
        pull_all()
        push_all()
        assert "before pushing was on" in sync_states([deal])[deal.pk].reason

        everything.start(synced, ["deal"], admin)
        tasks.mark_everything()
        push_all()

        deal.refresh_from_db()
        assert deal.crm_id
