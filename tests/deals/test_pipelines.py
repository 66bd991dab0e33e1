"""Settings > Pipelines, and the currency of new deals."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from common.models import Workspace
from common.workspace import change_workspace, suggest_currency
from deals import pipeline_services, services
from deals.models import Deal, Pipeline, Stage
from tests.api.conftest import Api
from tests.factories import AdminFactory, DealFactory, DealStageFactory, PipelineFactory, UserFactory
from tests.pages import shown

pytestmark = pytest.mark.django_db

PATH = "/settings/pipelines/"


@pytest.fixture
def admin(client: Client) -> None:
    client.force_login(AdminFactory())


@pytest.fixture
def sales() -> Pipeline:
    return Pipeline.objects.get(is_default=True)


def rows(client: Client, address: str) -> dict[str, Any]:
    """What a browser would send of the page."""
    context = client.get(address).context
    return {name: values[-1] for part in ("form", "stages") for name, values in shown(context[part]).items()}


def names(pipeline: Pipeline) -> list[str]:
    return [stage.name for stage in pipeline.stages.all()]


@pytest.mark.parametrize("path", ["", "new/", "1/", "1/default/", "1/delete/"])
def test_they_are_for_admins(client: Client, path: str) -> None:
    client.force_login(UserFactory())

    assert client.get(PATH + path).status_code == 403


@pytest.mark.usefixtures("admin")
class TestPipelines:
    def test_a_pipeline_is_made_with_its_stages(self, client: Client) -> None:
        data = rows(client, f"{PATH}new/") | {
            "name": "Renewals",
            "stages-0-name": "Asked", "stages-0-ORDER": "2", "stages-0-probability": "40",
            "stages-1-name": "Renewed", "stages-1-ORDER": "1", "stages-1-outcome": "won",
        }  # fmt: skip

        assertRedirects(client.post(f"{PATH}new/", data), PATH)

        pipeline = Pipeline.objects.get(name="Renewals")
        assert [(stage.name, stage.probability, stage.is_closed, stage.is_won) for stage in pipeline.stages.all()] == [
            ("Renewed", 0, True, True),
            ("Asked", 40, False, False),
        ]

    def test_stages_are_renamed_moved_and_deleted(self, client: Client, sales: Pipeline) -> None:
        address = f"{PATH}{sales.pk}/"
        data = rows(client, address)
        data |= {"stages-0-name": "First talk", "stages-0-ORDER": "9", "stages-1-DELETE": "on"}

        assertRedirects(client.post(address, data), PATH)

        assert names(sales) == ["Negotiation", "Won", "Lost", "First talk"]

    def test_saved_as_it_was_shown_nothing_changes(self, client: Client, sales: Pipeline) -> None:
        before = list(sales.stages.values())

        client.post(f"{PATH}{sales.pk}/", rows(client, f"{PATH}{sales.pk}/"))

        assert list(sales.stages.values()) == before

    def test_a_stage_with_deals_stays_and_says_why(self, client: Client, sales: Pipeline) -> None:
        DealFactory()
        address = f"{PATH}{sales.pk}/"

        response = client.post(address, rows(client, address) | {"stages-0-DELETE": "on"})

        assert response.status_code == 422
        assertContains(response, "Deals are at “Qualification”", status_code=422)
        assert len(names(sales)) == 5

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            ({"stages-0-name": "Won"}, "Another stage has this name"),
            ({"stages-0-probability": "101"}, "less than or equal to 100"),
            ({"stages-0-name": ""}, "required"),
            ({"name": ""}, "required"),
            ({f"stages-{n}-outcome": "lost" for n in range(3)}, "needs an open stage"),
        ],
    )
    def test_what_is_wrong_is_said_beside_it(
        self, client: Client, sales: Pipeline, change: dict[str, str], said: str
    ) -> None:
        address = f"{PATH}{sales.pk}/"
        before = names(sales)

        response = client.post(address, rows(client, address) | change)

        assertContains(response, said, status_code=422)
        assert names(sales) == before

    def test_what_follows_the_crm_is_not_edited_and_nothing_is_added_beside_it(
        self, client: Client, sales: Pipeline
    ) -> None:
        Pipeline.objects.filter(pk=sales.pk).update(is_locked=True)
        other = DealStageFactory(pipeline=PipelineFactory(name="Other"), name="Open").pipeline

        assertRedirects(client.get(f"{PATH}{sales.pk}/"), PATH)
        assertRedirects(client.get(f"{PATH}new/"), PATH)
        assertNotContains(client.get(PATH), "New pipeline")
        client.post(f"{PATH}{other.pk}/default/")
        client.post(f"{PATH}{sales.pk}/delete/")
        address = f"{PATH}{other.pk}/"
        client.post(address, rows(client, address) | {"stages-0-name": "Renamed"})

        assert names(other) == ["Renamed"]
        assert Pipeline.objects.get(is_default=True) == sales
        with pytest.raises(ValidationError, match="no stages are made"):
            pipeline_services.save_pipeline(other, [Stage(name="New")])
        with pytest.raises(ValidationError, match="follow the connected CRM"):
            pipeline_services.save_pipeline(Pipeline.objects.get(pk=sales.pk), [])

    def test_another_one_becomes_the_default_and_the_empty_one_goes(self, client: Client, sales: Pipeline) -> None:
        other = DealStageFactory(pipeline=PipelineFactory(name="Other")).pipeline

        client.post(f"{PATH}{other.pk}/default/")
        client.post(f"{PATH}{other.pk}/delete/")
        client.post(f"{PATH}{sales.pk}/delete/")

        assert list(Pipeline.objects.values_list("name", "is_default")) == [("Other", True)]

    def test_a_pipeline_with_deals_or_without_a_start_stays_as_it_is(self, client: Client) -> None:
        empty = PipelineFactory(name="Empty")
        used = DealFactory(stage=DealStageFactory(pipeline=PipelineFactory(name="Used"))).stage.pipeline

        assertContains(client.post(f"{PATH}{empty.pk}/default/", follow=True), "has no open stage")
        assertContains(client.post(f"{PATH}{used.pk}/delete/", follow=True), "move them to another pipeline")

        assert Pipeline.objects.filter(pk__in=[empty.pk, used.pk], is_default=False).count() == 2


class TestCurrency:
    @pytest.mark.usefixtures("admin")
    def test_new_deals_are_in_the_one_that_is_chosen(self, client: Client) -> None:
        old = DealFactory(amount=1)
        client.post(PATH, {"currency": "eur"})

        assertContains(client.get("/deals/new/"), 'value="EUR"')
        assert services.create_deal(name="Made").currency == "EUR"
        assert Api(UserFactory()).make("deals", name="By API")["currency"] == "EUR"
        assert services.create_deal(name="Chosen", currency="CHF").currency == "CHF"
        old.refresh_from_db()
        assert old.currency == "USD"

    @pytest.mark.usefixtures("admin")
    @pytest.mark.parametrize("typed", ["E", "E1R", "€", "EUR\n1"])
    def test_what_is_no_currency_is_refused(self, client: Client, typed: str) -> None:
        assert client.post(PATH, {"currency": typed}).status_code == 422
        assert Workspace.load().currency_of_deals == "USD"

    def test_a_connected_crm_fills_it_in_unless_somebody_has_chosen(self) -> None:
        suggest_currency("")
        assert Workspace.load().currency_of_deals == "USD"
        suggest_currency("GBP")
        suggest_currency("JPY")
        assert Workspace.load().currency_of_deals == "GBP"

    def test_choosing_it_leaves_the_rest_of_the_workspace_alone(self) -> None:
        change_workspace(pulled_seen_by=Workspace.SeenBy.OWNERS)
        change_workspace(currency="EUR")

        assert Workspace.load().pulled_seen_by == Workspace.SeenBy.OWNERS

    def test_without_an_amount_a_deal_says_no_currency(self, client: Client) -> None:
        client.force_login(UserFactory())
        deal = DealFactory(amount=None, currency="CHF")

        assertNotContains(client.get(deal.get_absolute_url()), "CHF")
        Deal.objects.update(amount=5)
        assertContains(client.get(deal.get_absolute_url()), "5.00 CHF")

    @pytest.mark.usefixtures("admin")
    def test_a_deal_takes_small_letters_for_capitals(self, client: Client) -> None:
        deal = DealFactory(amount=5)
        address = f"{deal.get_absolute_url()}lines/amount/"

        client.post(address, {"amount": "5", "initial-amount": "5", "currency": "sek", "initial-currency": "USD"})

        deal.refresh_from_db()
        assert deal.currency == "SEK"
