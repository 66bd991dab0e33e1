"""Deals as a board: columns, totals, moving."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from common.models import Origin, Workspace
from deals import board
from deals.models import Deal, Pipeline, Stage
from tests.factories import AccountFactory, DealFactory, DealStageFactory, PipelineFactory, UserFactory
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def stage(name: str) -> Stage:
    return Stage.objects.get(pipeline__is_default=True, name=name)


def columns(client: Client, **chosen: object) -> dict[str, list[str]]:
    """The names on the board, by stage."""
    found = client.get("/deals/board/", chosen).context["columns"]
    return {str(column.stage): [deal.name for deal in column.page] for column in found}


@pytest.mark.parametrize(("method", "path"), [("get", "board/"), ("get", "board/more/"), ("post", "1/move/")])
def test_a_stranger_signs_in_first(client: Client, method: str, path: str) -> None:
    assertRedirects(getattr(client, method)(f"/deals/{path}"), f"/auth/login/?next=/deals/{path}")


@pytest.mark.usefixtures("user")
class TestColumns:
    def test_open_deals_stand_by_close_date_and_closed_ones_the_other_way_round(self, client: Client) -> None:
        today = timezone.localdate()
        for name, where in (("Q", "Qualification"), ("W", "Won")):
            for days in (2, 1, 3):
                DealFactory(name=f"{name}{days}", stage=stage(where), close_on=today + timedelta(days=days))
        DealFactory(name="Undated")

        found = columns(client)

        assert found["Qualification"] == ["Q1", "Q2", "Q3", "Undated"]
        assert found["Won"] == ["W3", "W2", "W1"]

    def test_totals_are_those_of_all_deals_by_currency(self, client: Client) -> None:
        DealFactory.create_batch(board.SHOWN, amount=10, currency="EUR")
        DealFactory.create_batch(3, amount="0.5", currency="USD")
        DealFactory(amount=None, currency="CHF")

        response = client.get("/deals/board/")

        column = response.context["columns"][0]
        assert column.count == board.SHOWN + 4
        assertContains(response, f"<div>{10 * board.SHOWN} EUR</div><div>1.50 USD</div>", html=True)
        assertNotContains(response, "CHF")

    def test_a_long_column_shows_the_rest_on_demand_each_deal_once(self, client: Client) -> None:
        DealFactory.create_batch(board.SHOWN * 2 + 1, close_on=date(2026, 1, 1))
        first = client.get("/deals/board/").context["columns"][0]
        names, after = [deal.name for deal in first.page], first.page.next

        while after:
            page = client.get("/deals/board/more/", {"stage": first.stage.pk, "after": after}).context["page"]
            names, after = [*names, *(deal.name for deal in page)], page.next

        assert names == list(Deal.objects.order_by("id").values_list("name", flat=True))

    def test_what_was_closed_long_ago_is_there_when_it_is_asked_for(self, client: Client) -> None:
        long_ago = timezone.localdate() - timedelta(days=200)
        DealFactory(name="Old", stage=stage("Won"), close_on=long_ago)
        DealFactory(name="Late", close_on=long_ago)

        assert columns(client)["Won"] == []
        assert columns(client)["Qualification"] == ["Late"]
        assert columns(client, closed="365")["Won"] == columns(client, closed="all")["Won"] == ["Old"]
        assert columns(client, closed="nonsense")["Won"] == []

    def test_it_follows_the_chosen_pipeline_and_filters(self, client: Client, user: User) -> None:
        other = PipelineFactory(name="Renewals")
        first = DealStageFactory(pipeline=other, name="Asked")
        DealFactory(name="Renewal of Acme", stage=first)
        DealFactory(name="Mine", owner=user)
        DealFactory(name="Acme robots")

        assert columns(client, pipeline=other.pk) == {"Asked": ["Renewal of Acme"]}
        assert columns(client, owner=user.pk)["Qualification"] == ["Mine"]
        assert columns(client, q="acm")["Qualification"] == ["Acme robots"]
        assert columns(client, pipeline="none")["Qualification"] == ["Mine", "Acme robots"]

    def test_a_search_that_finds_too_much_says_so(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("common.search.FOUND", 2)
        DealFactory.create_batch(3, name="Acme")

        response = client.get("/deals/board/", {"q": "acme"}, headers=HTMX)

        assertContains(response, "Very many deals match")
        assert response.context["columns"][0].count == 2

    def test_a_stage_that_cannot_be_chosen_any_more_stays_while_it_has_deals(self, client: Client) -> None:
        Stage.objects.filter(name__in=["Proposal", "Negotiation"]).update(is_active=False)
        DealFactory(name="Stuck", stage=stage("Proposal"))

        found = columns(client)

        assert found["Proposal"] == ["Stuck"]
        assert "Negotiation" not in found

    def test_what_others_own_or_is_hidden_is_not_on_it_and_not_in_its_totals(self, client: Client, user: User) -> None:
        Workspace.objects.create(pk=1, pulled_seen_by=Workspace.SeenBy.OWNERS)
        DealFactory(name="Theirs", origin=Origin.CRM_PULL, owner=UserFactory(), amount=5)
        DealFactory(name="Hidden", is_hidden=True, amount=5)
        DealFactory(name="Mine", origin=Origin.CRM_PULL, owner=user, amount=1)

        column = client.get("/deals/board/").context["columns"][0]

        assert [deal.name for deal in column.page] == ["Mine"]
        assert (column.count, column.totals) == (1, [board.Total(1, "USD")])

    def test_its_queries_do_not_grow_with_its_deals(self, client: Client) -> None:
        DealFactory(account=AccountFactory(), owner=UserFactory())
        client.get("/deals/board/")
        with CaptureQueries() as few:
            client.get("/deals/board/")
        for one in Stage.objects.all():
            DealFactory.create_batch(4, stage=one, account=AccountFactory(), owner=UserFactory())

        with CaptureQueries() as many:
            client.get("/deals/board/")

        assert len(many) == len(few)

    def test_without_deals_it_says_what_deals_are(self, client: Client) -> None:
        assertContains(client.get("/deals/board/"), "No deals yet")

    def test_a_bad_place_in_a_column_is_not_found(self, client: Client) -> None:
        for chosen in ({"stage": stage("Won").pk, "after": "nonsense"}, {"stage": "0"}, {}):
            assert client.get("/deals/board/more/", chosen).status_code == 404


class TestMoving:
    def test_a_move_changes_the_stage_alone_and_answers_new_totals(self, client: Client, user: User) -> None:
        deal, goal = DealFactory(amount=7, owner=user), stage("Proposal")

        response = client.post(f"/deals/{deal.pk}/move/", {"stage": goal.pk}, headers=HTMX)

        deal.refresh_from_db()
        assert deal.stage == goal
        assertContains(response, f'id="deal-{deal.pk}"')
        assert [column.count for column in response.context["columns"]] == [0, 1, 0, 0, 0]

    def test_totals_stay_those_of_the_filtered_board(self, client: Client, user: User) -> None:
        deal = DealFactory(owner=user)
        DealFactory()

        response = client.post(f"/deals/{deal.pk}/move/", {"stage": deal.stage_id, "owner": user.pk}, headers=HTMX)

        assert response.context["columns"][0].count == 1

    @pytest.mark.parametrize("goal", ["", "0", "nonsense", "999999999999999999999"])
    def test_a_stage_that_is_not_there_is_not_found(self, client: Client, user: User, goal: str) -> None:
        deal = DealFactory()

        assert client.post(f"/deals/{deal.pk}/move/", {"stage": goal}).status_code == 404

    def test_nothing_moves_to_a_stage_that_cannot_be_chosen(self, client: Client, user: User) -> None:
        deal, gone = DealFactory(), DealStageFactory(is_active=False)

        assert client.post(f"/deals/{deal.pk}/move/", {"stage": gone.pk}).status_code == 404
        deal.refresh_from_db()
        assert deal.stage == stage("Qualification")

    def test_deals_of_others_that_one_does_not_see_cannot_be_moved(self, client: Client, user: User) -> None:
        Workspace.objects.create(pk=1, pulled_seen_by=Workspace.SeenBy.OWNERS)
        deal = DealFactory(origin=Origin.CRM_PULL, owner=UserFactory())

        assert client.post(f"/deals/{deal.pk}/move/", {"stage": stage("Won").pk}).status_code == 404

    def test_looking_moves_nothing(self, client: Client, user: User) -> None:
        assert client.get(f"/deals/{DealFactory().pk}/move/").status_code == 405


def test_the_first_pipeline_is_the_default_one() -> None:
    PipelineFactory(name="Another")

    assert Pipeline.objects.first() == stage("Won").pipeline
