"""One person's morning, by a browser: an e-mail, a call, a meeting and a task, in the timelines of both people."""

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from activities.models import EmailTemplate
from activities.services import create_activity
from tests.chromium import needs_chromium, open_page, sign_in
from tests.factories import AccountFactory, ContactFactory, UserFactory

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


def test_a_morning_of_e_mail_call_meeting_and_task(browser: Browser, live_server: LiveServer) -> None:
    kim = UserFactory(email="kim@example.com", name="Kim Demo", password="correct-horse")
    EmailTemplate.objects.create(name="Hello", subject="Hi {{first_name}}", body="How is {{company}}?", owner=kim)
    ann = ContactFactory(
        first_name="Ann", last_name="Amber", email="ann@example.com", account=AccountFactory(name="Acme")
    )
    bob = ContactFactory(first_name="Bob", last_name="Birch", email="bob@example.com", account=ann.account)
    create_activity(kind="task", subject="Send the offer", contacts=[ann, bob], owner=kim)

    with open_page(browser) as page:
        sign_in(page, live_server.url, "kim@example.com", "correct-horse")
        page.goto(live_server.url + ann.get_absolute_url())
        _write(page)
        _call(page)
        _meet(page)
        page.get_by_role("checkbox", name="Done: Send the offer").check()
        told = ["Outgoing call: Prices · Connected · 12:30", "Meeting: Tour", "Task: Send the offer · done"]
        for text in ["Outgoing e-mail: Hi Ann", *told]:
            expect(page.locator("#timeline")).to_contain_text(text)

        page.goto(live_server.url + bob.get_absolute_url())
        for text in ["Outgoing e-mail: Hi Bob", *told]:
            expect(page.locator("#timeline")).to_contain_text(text)


def _choose_bob(page: Page) -> None:
    page.get_by_placeholder("Search contacts").press_sequentially("bir")
    page.get_by_role("checkbox", name="Bob Birch").check()


def _write(page: Page) -> None:
    page.get_by_role("link", name="E-mail").click()
    _choose_bob(page)
    page.get_by_role("button", name="Insert").click()
    expect(page.get_by_text("How is Acme?").last).to_be_visible()
    expect(page.get_by_text("2 people get one each")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sent to Ann Amber and Bob Birch.")).to_be_visible()
    page.get_by_role("link", name="Ann Amber").first.click()


def _call(page: Page) -> None:
    page.get_by_role("button", name="Call", exact=True).click()
    expect(page.get_by_label("Subject")).to_be_focused()
    page.get_by_label("Subject").fill("Prices")
    page.get_by_label("Outcome").fill("Connected")
    page.get_by_label("Duration").fill("12:30")
    _choose_bob(page)
    page.get_by_role("button", name="Add call").click()
    expect(page.get_by_text("Call added.")).to_be_visible()


def _meet(page: Page) -> None:
    page.get_by_role("button", name="Meeting", exact=True).click()
    page.get_by_label("Subject").fill("Tour")
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.keyboard.press("Escape")  # asked whether to lose it, one stays
    page.get_by_label("Location").fill("Berlin")
    page.get_by_label("All day").check()
    expect(page.get_by_label("Starts")).to_have_attribute("type", "date")
    _choose_bob(page)
    page.get_by_role("button", name="Add meeting").click()
    expect(page.get_by_text("Meeting added.")).to_be_visible()
