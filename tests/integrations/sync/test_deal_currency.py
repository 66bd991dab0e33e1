"""Deals of other currencies, where the org has one: nothing would tell it that an amount is in another."""

from decimal import Decimal

import pytest

from deals.models import Deal
from integrations.explanations import explain
from integrations.models import Connection, ErrorEntry, FieldMapping
from integrations.sync.foresight import foreseen_problems
from tests.conftest import pull_all, push_all
from tests.integrations.sync.dealing import change, opportunity, pushable
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.fixture
def euros(with_deals: Connection) -> Deal:
    return pushable(name="Overseas", amount=Decimal(1250), currency="EUR")


def refusals() -> list[tuple[str, str, list[str]]]:
    return [(entry.code, entry.by, entry.fields) for entry in ErrorEntry.objects.open()]


def named(org: Org, name: str) -> list[dict]:
    return org.query(f"SELECT Amount FROM Opportunity WHERE Name = '{name}'")


def test_its_amount_is_not_sent_as_one_of_the_orgs(with_deals: Connection, euros: Deal, org: Org) -> None:
    (said,) = foreseen_problems(with_deals, euros, "Opportunity", None)

    push_all()

    assert refusals() == [("OTHER_CURRENCY", "tandem", ["Amount"])]
    assert said == ErrorEntry.objects.open().get().message
    assert "EUR" in said
    assert "USD" in said
    assert "in the org's currency" in explain("OTHER_CURRENCY").fix
    assert named(org, "Overseas") == []


@pytest.mark.parametrize("way_out", [{"currency": "USD"}, {"amount": None}, {"amount": Decimal(0)}])
def test_it_goes_once_there_is_nothing_to_mistake(euros: Deal, org: Org, way_out: dict) -> None:
    push_all()

    change(euros, **way_out)
    push_all()

    assert refusals() == []
    assert len(named(org, "Overseas")) == 1


def test_a_linked_deal_is_refused_though_its_amount_stays_the_same(with_deals: Connection, org: Org) -> None:
    linked = opportunity(org, "Known", Amount=20)
    pull_all()

    change(Deal.objects.get(crm_id=linked), currency="EUR")
    push_all()

    assert refusals() == [("OTHER_CURRENCY", "tandem", ["Amount"])]


def test_an_amount_from_there_brings_the_orgs_currency(with_deals: Connection, org: Org) -> None:
    linked = opportunity(org, "Known", Amount=20)
    pull_all()
    change(Deal.objects.get(crm_id=linked), currency="EUR")

    org.update("Opportunity", linked, Amount=30)
    pull_all()
    push_all()

    deal = Deal.objects.get(crm_id=linked)
    assert (deal.amount, deal.currency) == (30, "USD")
    assert refusals() == []


def test_where_the_currency_is_mapped_it_says_itself(with_deals: Connection, euros: Deal, org: Org) -> None:
    FieldMapping.objects.filter(remote_object="Opportunity", field="next_step").update(field="currency")

    assert foreseen_problems(with_deals, euros, "Opportunity", None) == ()
