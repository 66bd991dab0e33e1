"""The forecast by month."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from common.models import Origin, Workspace
from deals.forecast import AFTER, BEFORE, forecast
from deals.models import Deal, Pipeline, Stage
from tests.factories import DealFactory, DealStageFactory, UserFactory
from tests.pages import CaptureQueries

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 21)
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


@pytest.fixture
def pipeline() -> Pipeline:
    return Pipeline.objects.get()


def stage(name: str) -> Stage:
    return Stage.objects.get(name=name)


def test_open_deals_count_by_their_probability_or_that_of_their_stage(pipeline: Pipeline) -> None:
    DealFactory(amount=1000, close_on=DECEMBER)  # 10 percent, of its stage
    DealFactory(amount=1000, close_on=DECEMBER, probability=50)
    DealFactory(amount=1000, close_on=DECEMBER, probability=0)
    DealFactory(amount=None, close_on=DECEMBER, probability=50)

    sums = forecast(pipeline, Deal.objects.all(), TODAY).months["USD"][DECEMBER]

    assert (sums.won, sums.expected, sums.open, sums.beyond, sums.deals) == (0, 600, 3000, 2400, 4)


def test_what_was_won_counts_whole_and_what_was_lost_does_not(pipeline: Pipeline) -> None:
    DealFactory(amount=100, stage=stage("Won"), close_on=date(2026, 9, 30))
    DealFactory(amount=100, stage=stage("Lost"), close_on=date(2026, 9, 30))

    months = forecast(pipeline, Deal.objects.all(), TODAY).months["USD"]

    assert (months[date(2026, 9, 1)].won, months[date(2026, 9, 1)].deals) == (100, 1)
    assert min(months) == date(2026, 8, 1)
    assert max(months) == date(2027, 8, 1)
    assert len(months) == BEFORE + 1 + AFTER


def test_open_deals_that_are_late_or_undated_are_told_apart_from_the_months(pipeline: Pipeline) -> None:
    DealFactory(amount=5, close_on=NOVEMBER - timedelta(days=1))
    DealFactory(amount=7, close_on=date(2020, 1, 1))
    DealFactory(amount=9)
    DealFactory(amount=1, close_on=NOVEMBER)  # late, but still of this month
    DealFactory(amount=11, close_on=date(2027, 9, 1))  # beyond the last month

    found = forecast(pipeline, Deal.objects.all(), TODAY)

    assert (found.late["USD"].open, found.undated["USD"].open) == (12, 9)
    assert sum(sums.open for sums in found.months["USD"].values()) == 1


def test_currencies_and_pipelines_are_never_added_up(pipeline: Pipeline) -> None:
    DealFactory(amount=1, currency="EUR", close_on=DECEMBER)
    DealFactory(amount=2, currency="USD", close_on=DECEMBER)
    DealFactory(amount=4, currency="USD", close_on=DECEMBER, stage=DealStageFactory())

    months = forecast(pipeline, Deal.objects.all(), TODAY).months

    assert {currency: sums[DECEMBER].open for currency, sums in months.items()} == {"EUR": 1, "USD": 2}


def test_it_asks_two_questions_and_one_for_the_stages(pipeline: Pipeline) -> None:
    DealFactory.create_batch(5, close_on=DECEMBER, currency="EUR")

    with CaptureQueries() as asked:
        forecast(pipeline, Deal.objects.all(), TODAY)

    assert len(asked) == 3


class TestPage:
    def test_a_stranger_signs_in_first(self, client: Client) -> None:
        assertRedirects(client.get("/deals/forecast/"), "/auth/login/?next=/deals/forecast/")

    def test_it_shows_one_currency_of_what_one_sees(self, client: Client) -> None:
        Workspace.objects.create(pk=1, pulled_seen_by=Workspace.SeenBy.OWNERS)
        user = UserFactory()
        client.force_login(user)
        DealFactory(amount=70_000, currency="EUR", owner=user)
        DealFactory(amount=10_000, currency="USD", owner=user)
        DealFactory(amount=500, currency="EUR", origin=Origin.CRM_PULL, owner=UserFactory())

        for chosen, undated in (("", 70_000), ("USD", 10_000), ("nonsense", 70_000)):
            response = client.get("/deals/forecast/", {"currency": chosen, "owner": user.pk})
            assert response.context["undated"].open == Decimal(undated)
        assertContains(response, "70,000 EUR")

    def test_without_deals_it_says_what_would_count(self, client: Client) -> None:
        client.force_login(UserFactory())

        assertContains(client.get("/deals/forecast/"), "Nothing to expect yet")

    def test_without_pipelines_there_is_nothing_to_expect(self, client: Client) -> None:
        Pipeline.objects.all().delete()
        client.force_login(UserFactory())

        assertContains(client.get("/deals/forecast/"), "Nothing to expect yet")
        assertContains(client.get("/deals/board/"), "No deals yet")
