from datetime import date

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from deals import services
from deals.models import Deal, Stage
from tests.factories import AccountFactory, ContactFactory, DealFactory, DealStageFactory, UserFactory
from tests.pages import CaptureQueries, shown
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize("path", ["", "new/", "1/", "1/edit/", "1/delete/", "1/lines/name/", "1/contacts/"])
def test_a_stranger_signs_in_first(client: Client, path: str) -> None:
    assertRedirects(client.get(f"/deals/{path}"), f"/auth/login/?next=/deals/{path}")


@pytest.mark.usefixtures("user")
class TestList:
    def test_it_shows_money_with_its_currency(self, client: Client) -> None:
        DealFactory(amount="1250.50", currency="EUR", close_on=date(2026, 3, 1))

        response = client.get("/deals/")

        assertContains(response, "1,250.50 EUR")
        assertContains(response, "1 Mar 2026")

    def test_open_deals_are_those_in_open_stages(self, client: Client) -> None:
        DealFactory(name="Going")
        DealFactory(name="Gone", stage=Stage.objects.get(name="Won"))

        opened = client.get("/deals/", {"open": "yes"}, headers=HTMX).context["page"]
        closed = client.get("/deals/", {"open": "no"}, headers=HTMX).context["page"]

        assert [deal.name for deal in opened] == ["Going"]
        assert [deal.name for deal in closed] == ["Gone"]

    def test_its_queries_do_not_grow_with_its_rows(self, client: Client) -> None:
        DealFactory.create_batch(3)
        client.get("/deals/")
        with CaptureQueries() as few:
            client.get("/deals/")
        for _ in range(27):
            DealFactory(account=AccountFactory(), owner=UserFactory())

        with CaptureQueries() as many:
            client.get("/deals/")

        assert len(many) == len(few)


@pytest.mark.usefixtures("user")
class TestPage:
    def test_a_new_deal_starts_in_the_first_stage(self, client: Client, user: User) -> None:
        data = shown(client.get("/deals/new/").context["form"])

        client.post("/deals/new/", data | {"name": "Big one", "amount": "10"})

        deal = Deal.objects.get()
        assert (deal.stage.name, deal.owner, deal.amount) == ("Qualification", user, 10)

    def test_the_stage_is_chosen_among_those_in_use(self, client: Client) -> None:
        deal = DealFactory()
        retired = DealStageFactory(name="Retired", is_active=False)

        assertNotContains(client.get(f"/deals/{deal.pk}/lines/stage/?edit"), "Retired")
        response = client.post(f"/deals/{deal.pk}/lines/stage/", {"stage": retired.pk}, headers=HTMX)

        assert response.status_code == 422

    def test_stages_of_several_pipelines_are_told_apart(self, client: Client) -> None:
        DealStageFactory(name="Qualification", pipeline__name="Partners")

        assertContains(client.get("/deals/new/"), "Partners: Qualification")

    def test_amount_and_currency_are_edited_together(self, client: Client) -> None:
        deal = DealFactory(amount=5)

        client.post(f"/deals/{deal.pk}/lines/amount/", {"amount": "7.5", "currency": "EUR"}, headers=HTMX)

        deal.refresh_from_db()
        assert (deal.amount, deal.currency) == (7.5, "EUR")

    def test_a_form_loaded_before_a_pull_reverts_nothing(self, client: Client) -> None:
        deal = DealFactory(name="Big one", amount=5)
        data = shown(client.get(f"/deals/{deal.pk}/edit/").context["form"])
        won = Stage.objects.get(name="Won")
        Deal.objects.update(stage=won, amount=7)

        client.post(f"/deals/{deal.pk}/edit/", data | {"next_step": "Call"})

        deal.refresh_from_db()
        assert (deal.stage, deal.amount, deal.next_step) == (won, 7, "Call")


@pytest.mark.usefixtures("user")
class TestContacts:
    def test_somebody_joins_and_leaves(self, client: Client) -> None:
        deal, contact = DealFactory(), ContactFactory(last_name="Roe")
        path = f"/deals/{deal.pk}/contacts/"

        added = client.post(path, {"contact": contact.pk, "role": "Champion"}, headers=HTMX)
        again = client.post(path, {"contact": contact.pk}, headers=HTMX)
        removed = client.post(f"{path}{contact.pk}/remove/", headers=HTMX)

        assertContains(added, "Champion · primary")
        assertContains(again, "already", status_code=422)
        assertContains(removed, "Nobody takes part")

    def test_the_page_names_who_takes_part(self, client: Client) -> None:
        deal = DealFactory()
        services.add_contact(deal.pk, ContactFactory(last_name="Roe"), role="Buyer")

        assertContains(client.get(f"/deals/{deal.pk}/"), "Ann Roe")
