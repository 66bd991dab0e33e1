"""Deals and opportunities, both ways, over real HTTP."""

from datetime import date
from decimal import Decimal

import pytest

from deals.models import Deal, Stage
from integrations.models import Connection, Outbox, SyncEvent
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, DealFactory
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
