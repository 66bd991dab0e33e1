"""A contact takes over what the directory knows, as a person does it: looked at first, and told in its history."""

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from directory.loading import load_prospects
from tests.chromium import needs_chromium, open_page, sign_in
from tests.factories import ContactFactory, UserFactory

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


def test_what_the_directory_knows_is_looked_at_taken_over_and_told_in_the_history(
    browser: Browser, live_server: LiveServer
) -> None:
    UserFactory(email="kim@example.com", name="Kim Example", password="correct-horse")
    ann = ContactFactory(
        first_name="Ann", last_name="Roe", email="ann@acme.example", title="Buyer", phone="", linkedin_url=""
    )
    known = {"first_name": "Ann", "last_name": "Roe", "email": "ann@acme.example", "title": "Head of Buying",
             "phone": "+1 555 0100", "city": "Ghent"}  # fmt: skip
    load_prospects([{"key": "1", **known}])
    with open_page(browser) as page:
        sign_in(page, live_server.url, "kim@example.com", "correct-horse")
        page.goto(live_server.url + ann.get_absolute_url())
        page.get_by_role("link", name="Enrich").click()
        lines = page.locator(".merge-line")

        title = lines.filter(has_text="Head of Buying")
        expect(title).to_contain_text("Buyer")
        expect(title.get_by_role("checkbox")).not_to_be_checked()
        expect(lines.filter(has_text="+1 555 0100").get_by_role("checkbox")).to_be_checked()
        title.get_by_role("checkbox").check()
        lines.filter(has_text="Ghent").get_by_role("checkbox").uncheck()
        page.get_by_role("button", name="Take over").click()

        expect(page.locator("#line-title")).to_contain_text("Head of Buying")
        page.get_by_role("link", name="Field history").click()
        for told in ("Head of Buying", "+1 555 0100", "Kim Example", "Taken from the directory."):
            expect(page.locator("main")).to_contain_text(told)
    ann.refresh_from_db()
    assert (ann.title, ann.phone, ann.city) == ("Head of Buying", "+1 555 0100", "")
