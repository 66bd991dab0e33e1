import pytest
from playwright.sync_api import Browser, Locator, expect
from pytest_django.live_server_helper import LiveServer

from deals.models import Deal
from tests.chromium import needs_chromium, open_page, sign_in
from tests.factories import AdminFactory, DealFactory

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def deal() -> Deal:
    AdminFactory(email="alex@example.com", password="correct-horse")
    return DealFactory(name="Robots", amount=5, currency="EUR")


def test_a_card_is_dragged_moved_by_keys_and_sent_to_a_chosen_stage(
    browser: Browser, live_server: LiveServer, deal: Deal
) -> None:
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(f"{live_server.url}/deals/board/")

        def column(name: str) -> Locator:
            return page.get_by_role("region", name=name, exact=True)

        def is_in(name: str) -> None:
            expect(column(name)).to_contain_text("Robots")
            expect(column(name)).to_contain_text("5 EUR")
            expect(page.locator(".htmx-request")).to_have_count(0)

        page.locator(".board-card").drag_to(column("Proposal").locator("ul"))
        is_in("Proposal")
        expect(page.locator("#board-said")).to_have_text("Robots: Proposal")

        button = page.get_by_role("button", name="Move Robots")
        button.press("ArrowRight")
        is_in("Negotiation")
        expect(button).to_be_focused()

        button.press("Enter")
        page.get_by_role("dialog").get_by_role("button", name="Qualification", exact=True).press("Enter")
        is_in("Qualification")
        expect(button).to_be_focused()

    deal.refresh_from_db()
    assert deal.stage.name == "Qualification"
