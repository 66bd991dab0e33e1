"""Deals and opportunities, both ways, over real HTTP."""

from datetime import timedelta
from decimal import Decimal

import pghistory
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from contacts.models import Contact
from deals import services as cast
from deals.models import Deal, Pipeline, Stage
from deals.pipelines import CrmStage, follow_crm
from integrations import connecting, everything, services, tasks
from integrations.models import (
    Connection,
    Cursor,
    DeletionSettings,
    ErrorEntry,
    ObjectDescription,
    Outbox,
    SyncEvent,
)
from integrations.sync.state import sync_states
from integrations.sync.sweep import sweep
from tests.api.conftest import V1, Api
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


class TestDirection:
    def test_deals_are_off_at_first_and_nothing_moves(self, synced: Connection, org: Org, admin: User) -> None:
        deal = pushable(name="Mine")
        push_all()
        pull_all()

        assert synced.object_settings.get(record_kind="deal").sync == "off"
        assert not Deal.objects.exclude(pk=deal.pk).exists()
        assert not org.query("SELECT Id FROM Opportunity WHERE Name = 'Mine'")
        assert sync_states([deal])[deal.pk].reason == "Syncing deals is off."
        with pytest.raises(services.Refused, match="off"):
            services.push_now([deal], admin)

    def test_only_pulled_deals_keep_what_is_changed_here(self, synced: Connection, org: Org) -> None:
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

    def test_only_pushed_deals_take_nothing_from_there(self, synced: Connection, org: Org) -> None:
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

    def test_what_changed_while_they_were_off_moves_when_they_are_on_again(
        self, with_deals: Connection, org: Org
    ) -> None:
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
        self, with_deals: Connection, org: Org
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
        self, with_deals: Connection, org: Org
    ) -> None:
        services.request_full_pull(with_deals, "Opportunity")
        services.hold_pull(with_deals.cursors.get(remote_object="Opportunity"))
        turn(with_deals, "off")
        made = opportunity(org, "Made meanwhile")

        turn(with_deals, "both")
        pull_all()

        assert Deal.objects.filter(crm_id=made).exists()
        assert not with_deals.cursors.get(remote_object="Opportunity").is_held

    def test_turning_them_off_lets_what_waits_stay_here(self, with_deals: Connection, org: Org) -> None:
        deal = pushable(name="Waiting")

        said = turn(with_deals, "off")

        assert "1 changes" in said[-1]
        push_all()
        assert not org.query("SELECT Id FROM Opportunity WHERE Name = 'Waiting'")
        assert state_of(deal) == "not_eligible"

    def test_a_deal_deleted_here_while_they_are_off_stays_there(self, with_deals: Connection, org: Org) -> None:
        DeletionSettings.objects.create(connection=with_deals, remote_object="Opportunity", sync_deletes=True)
        turn(with_deals, "off")
        deal = Deal.objects.first()
        deal.delete()

        turn(with_deals, "both")
        pull_all()
        push_all()

        assert org.query(f"SELECT Id FROM Opportunity WHERE Id = '{deal.crm_id}'")
        assert not Deal.objects.filter(crm_id=deal.crm_id).exists()

    def test_hidden_deals_keep_syncing(self, synced: Connection, org: Org) -> None:
        synced.object_settings.filter(record_kind="deal").update(is_visible=False)
        turn(synced, "both")
        pull_all()
        deal = Deal.objects.first()
        org.update("Opportunity", deal.crm_id, NextStep="Theirs")

        pull_all()

        deal.refresh_from_db()
        assert (deal.is_hidden, deal.next_step) == (True, "Theirs")


class TestStages:
    def test_they_follow_the_org_when_it_is_read_again(self, with_deals: Connection, org: Org) -> None:
        deal = Deal.objects.select_related("stage").first()
        told = [_told(one) for one in Stage.objects.exclude(crm_value="").exclude(pk=deal.stage_id)]
        told[0], told[1] = _told_as(told[0], told[1].label), _told_as(told[1], told[0].label)
        renamed = told[0]

        follow_crm("Salesforce", [*told, CrmStage("New", "Brand new", 5, "Pipeline", False, False, True)])

        deal.stage.refresh_from_db()
        assert not deal.stage.is_active
        assert stage(renamed.value).name == renamed.label
        assert (stage("New").name, stage("New").probability, stage("New").is_active) == ("Brand new", 5, True)
        push_all()
        assert not ErrorEntry.objects.exists()

    def test_a_stage_of_the_same_name_as_one_that_is_gone_is_told_apart(self, with_deals: Connection) -> None:
        follow_crm("Salesforce", [CrmStage("Prospecting_2", "Prospecting", 5, "Pipeline", False, False, True)])

        assert stage("Prospecting_2").name != stage("Prospecting").name

    def test_reading_the_org_again_tells_of_a_stage_that_was_learnt(self, with_deals: Connection, org: Org) -> None:
        Stage.objects.filter(crm_value="Prospecting").update(is_active=False, probability=0, name="Learnt")

        connecting.prepare(with_deals, with_deals.team_credential)

        assert (stage("Prospecting").name, stage("Prospecting").probability) == ("Prospecting", 10)
        assert stage("Prospecting").is_active

    def test_no_stages_are_made_here_while_connected(self, with_deals: Connection) -> None:
        assert Pipeline.objects.are_stages_closed()

        connecting.disconnect(with_deals)

        assert not Pipeline.objects.are_stages_closed()


def _told(stage: Stage) -> CrmStage:
    return CrmStage(
        stage.crm_value,
        stage.name,
        stage.probability,
        stage.forecast_category,
        stage.is_closed,
        stage.is_won,
        stage.is_active,
    )


def _told_as(told: CrmStage, label: str) -> CrmStage:
    return CrmStage(
        told.value, label, told.probability, told.forecast_category, told.is_closed, told.is_won, told.is_active
    )


class TestSaidBefore:
    def test_the_preview_of_a_push_tells_what_would_be_refused(
        self, with_deals: Connection, org: Org, admin: User
    ) -> None:
        deal = DealFactory(close_on=None, stage=Stage.objects.get(name="Negotiation"))
        linked = Deal.objects.exclude(crm_id="").first()
        org.forget_calls()

        problems = Api(admin).get(f"{V1}deals/{deal.pk}/push/").json()["problems"]

        assert any("Close Date" in one for one in problems)
        assert any("pipeline “Sales”" in one for one in problems)
        assert Api(admin).get(f"{V1}deals/{linked.pk}/push/").json()["problems"] == []
        change(linked, name="x" * 121)
        assert "120" in Api(admin).get(f"{V1}deals/{linked.pk}/push/").json()["problems"][0]
        assert not org.calls()

    def test_an_admin_turns_deals_on_in_the_admin(self, synced: Connection, admin: User, client: Client) -> None:
        settings = synced.object_settings.get(record_kind="deal")
        client.force_login(admin)
        url = f"/admin/integrations/objectsettings/{settings.pk}/change/"

        answer = client.post(url, {"sync": "both", "is_visible": "on", "pull_every": "30"})

        assert answer.status_code == 302
        assert Cursor.objects.filter(remote_object="OpportunityContactRole").exists()
        others = synced.object_settings.get(record_kind="contact")
        assert client.post(url.replace(str(settings.pk), str(others.pk)), {"sync": "off"}).status_code == 403

    def test_what_is_off_can_not_be_pulled_by_hand(self, synced: Connection) -> None:
        with pytest.raises(services.Refused, match="not pulled"):
            services.request_pull(synced, "Opportunity")
        with pytest.raises(SystemExit) as ended:
            call_command("salesforce", "pull", "Opportunity")
        assert ended.value.code == 2

    def test_the_commands_pull_and_push_deals(self, with_deals: Connection, org: Org) -> None:
        there, deal = opportunity(org, "There"), pushable(name="Here")
        for command in (("pull", "Opportunity"), ("push", "Opportunity")):
            with pytest.raises(SystemExit) as ended:
                call_command("salesforce", *command)
            assert ended.value.code == 0

        deal.refresh_from_db()
        assert deal.crm_id
        assert Deal.objects.filter(crm_id=there).exists()
        with pytest.raises(SystemExit):
            call_command("salesforce", "status", "--json")

    def test_a_rehearsed_push_of_people_changes_nothing(self, with_deals: Connection, org: Org) -> None:
        deal = Deal.objects.order_by("pk")[0]
        person = Contact.objects.filter(crm_object="Contact").exclude(deals=deal).first()
        parts = len(org.query("SELECT Id FROM OpportunityContactRole"))
        cast.add_contact(deal.pk, person)
        with pytest.raises(SystemExit):
            call_command("salesforce", "push", "--dry-run")

        assert len(org.query("SELECT Id FROM OpportunityContactRole")) == parts
        assert Outbox.objects.filter(record_kind="deal").exists()


def test_a_pipeline_that_was_renamed_while_disconnected_is_followed_again() -> None:
    told = [CrmStage("Prospecting", "Prospecting", 10, "Pipeline", False, False, True)]
    pipeline = follow_crm("Theirs", told)
    Pipeline.objects.filter(pk=pipeline.pk).update(is_locked=False, name="Renamed")

    assert follow_crm("Theirs", told).pk == pipeline.pk
    assert Stage.objects.filter(crm_value="Prospecting").count() == 1


def test_a_deal_says_what_would_be_refused_before_it_may_be_pushed(
    admin: User, client: Client, with_deals: Connection
) -> None:
    deal = pushable(close_on=None)
    Connection.objects.update(first_pull_finished_at=None)
    client.force_login(admin)

    page = client.get(deal.get_absolute_url()).content.decode()

    assert "The first pull is still running" in page
    assert "Close Date: Salesforce requires a value." in page
