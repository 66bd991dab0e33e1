"""The main flows without a mouse: every step is reached by keys that people have."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from activities.models import Activity
from contacts.models import Contact
from tests.chromium import needs_chromium, open_page, sign_in
from tests.factories import AdminFactory, ContactFactory, DealFactory

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]

STEPS = 120  # more than any page has stops on the way to its content


def reach(page: Page, goal: Locator, key: str = "Tab") -> None:
    """Go on with the key until the focus is there."""
    expect(goal).to_be_visible()
    for _ in range(STEPS):
        if goal.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{goal} is not reached with {key}.")


def press(page: Page, goal: Locator, key: str = "Enter") -> None:
    reach(page, goal)
    page.keyboard.press(key)


def find(page: Page, words: str) -> None:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Search people, companies, deals and pages")).to_be_focused()
    page.keyboard.type(words)
    expect(page.locator("#quick-results").get_by_role("option", selected=True)).to_contain_text(words)
    page.keyboard.press("Enter")


def test_a_morning_of_work_by_keys_alone(browser: Browser, live_server: Any) -> None:
    admin = AdminFactory(email="alex@example.com", password="correct-horse", name="Alex")
    contact, other = ContactFactory(last_name="Roe", title="CEO"), ContactFactory(last_name="Zoe")
    deal = DealFactory(name="Robots", amount=5, currency="EUR")
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")

        find(page, "Ann Roe")
        page.wait_for_url(f"**/contacts/{contact.pk}/")
        press(page, page.get_by_role("button", name="Edit title"))
        expect(page.locator("#line-title input[name=title]")).to_be_focused()
        page.keyboard.press("Control+a")
        page.keyboard.type("CTO")
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Edit title")).to_be_focused()

        press(page, page.get_by_role("button", name="Call", exact=True))
        expect(page.get_by_label("Subject")).to_be_focused()
        page.keyboard.type("Talked about robots")
        press(page, page.get_by_role("button", name="Add call"))
        expect(page.locator("#timeline")).to_contain_text("Talked about robots")

        find(page, "Deals")
        press(page, page.get_by_role("link", name="Board"))
        move = page.get_by_role("button", name="Move Robots")
        press(page, move, "ArrowRight")
        expect(page.locator("#board-said")).to_have_text("Robots: Proposal")
        expect(move).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden()
        expect(move).to_be_focused()

        find(page, "Contacts")
        page.wait_for_url("**/contacts/")
        press(page, page.get_by_label("Select Ann Roe"), "Space")
        press(page, page.get_by_label("Select Ann Zoe"), "Space")
        reach(page, page.get_by_role("button", name="Change owner"), "Shift+Tab")
        page.keyboard.press("Enter")
        reach(page, page.get_by_label("New owner"))
        press(page, page.get_by_role("button", name="Change owner"))
        expect(page.locator("#toasts")).to_contain_text("2 changed")

        press(page, page.get_by_role("button", name="Columns"))
        press(page, page.get_by_role("button", name="Move “Stage” up"))
        press(page, page.get_by_role("button", name="Show", exact=True))
        expect(page.locator("thead")).to_contain_text("Stage")

    contact.refresh_from_db()
    deal.refresh_from_db()
    assert contact.title == "CTO"
    assert Activity.objects.get(kind=Activity.Kind.CALL).contact == contact
    assert deal.stage.name == "Proposal"
    assert set(Contact.objects.filter(owner=admin)) == {contact, other}
