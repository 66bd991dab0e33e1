"""Deals and opportunities, both ways, over real HTTP."""

from datetime import date
from decimal import Decimal

import pytest

from contacts.models import Contact
from deals import services
from deals.models import Deal, Stage
from integrations.models import Connection, Outbox, SyncEvent
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory, DealFactory
from tests.integrations.sync.pushing import state_of
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
SOON = date(2027, 3, 31)


def stage(value: str) -> Stage:
    return Stage.objects.get(crm_value=value)


def opportunity(org: Org, name: str, **fields: object) -> str:
    return org.create("Opportunity", **{"Name": name, "StageName": "Prospecting", "CloseDate": "2027-01-31", **fields})


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
            assert (deal.probability or deal.stage.probability) == row["Probability"]
        assert not Outbox.objects.exists()

    def test_a_probability_that_is_the_stages_is_not_the_deals_own(self, with_deals: Connection, org: Org) -> None:
        usual, own = opportunity(org, "Usual"), opportunity(org, "Own", Probability=33)

        pull_all()

        assert Deal.objects.get(crm_id=usual).probability is None
        assert Deal.objects.get(crm_id=own).probability == 33
        org.update("Opportunity", own, StageName="Value Proposition")
        pull_all()
        assert Deal.objects.get(crm_id=own).probability is None


class TestPush:
    def test_a_new_deal_goes_with_its_account_before_it(self, with_deals: Connection, org: Org) -> None:
        deal = DealFactory(
            name="Big", account=AccountFactory(name="Buyer"), stage=stage("Prospecting"), close_on=SOON,
            amount=Decimal("1250.50"),
        )  # fmt: skip

        push_all()

        deal.refresh_from_db()
        remote = org.get("Opportunity", deal.crm_id)
        assert org.get("Account", remote["AccountId"])["Name"] == "Buyer"
        assert (remote["StageName"], remote["CloseDate"], remote["Amount"]) == ("Prospecting", "2027-03-31", 1250.5)
        assert remote["Probability"] == 10
        assert state_of(deal) == "synced"
        before = SyncEvent.objects.count()
        pull_all()
        push_all()
        assert SyncEvent.objects.count() == before


def roles_there(org: Org, deal: Deal) -> dict[str, tuple[str | None, bool]]:
    rows = org.query(
        f"SELECT ContactId, Role, IsPrimary FROM OpportunityContactRole WHERE OpportunityId = '{deal.crm_id}'"
    )
    assert len({row["ContactId"] for row in rows}) == len(rows)
    return {row["ContactId"]: (row["Role"], row["IsPrimary"]) for row in rows}


def roles_here(deal: Deal) -> dict[str, tuple[str | None, bool]]:
    return {row.contact.crm_id: (row.role or None, row.is_primary) for row in deal.roles.select_related("contact")}


class TestPeople:
    def test_those_of_opportunities_take_part_in_deals(self, with_deals: Connection, org: Org) -> None:
        assert org.query("SELECT Id FROM OpportunityContactRole")
        for deal in Deal.objects.all():
            assert roles_here(deal) == roles_there(org, deal)
        assert not Outbox.objects.exists()

    def test_they_go_with_a_new_deal(self, with_deals: Connection, org: Org) -> None:
        known, new = Contact.objects.filter(crm_object="Contact").first(), ContactFactory(account=AccountFactory())
        deal = DealFactory(stage=stage("Prospecting"), close_on=SOON)
        services.add_contact(deal.pk, known, role="Evaluator")
        services.add_contact(deal.pk, new)

        push_all()

        deal.refresh_from_db()
        new.refresh_from_db()
        assert (
            roles_there(org, deal) == {known.crm_id: ("Evaluator", True), new.crm_id: (None, False)} == roles_here(deal)
        )
        assert not Outbox.objects.exists()
        org.forget_calls()
        pull_all()
        push_all()
        assert not SyncEvent.objects.filter(kind=SyncEvent.Kind.PULLED).exists()
