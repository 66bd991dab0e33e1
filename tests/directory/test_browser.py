"""Somebody is looked for in the directory by a browser, and saved."""

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from contacts.models import Contact
from directory.loading import load_companies, load_prospects
from tests.chromium import needs_chromium, open_page, sign_in
from tests.factories import UserFactory

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


def test_one_narrows_down_and_saves(browser: Browser, live_server: LiveServer) -> None:
    UserFactory(email="kim@example.com", password="correct-horse")
    load_companies([{"key": name, "name": name, "industry": name} for name in ("Energy", "Retail")])
    load_prospects(
        [
            {"key": "1", "last_name": "Nilsson", "company_key": "Energy"},
            {"key": "2", "last_name": "Mori", "company_key": "Retail"},
        ]
    )

    with open_page(browser) as page:
        sign_in(page, live_server.url, "kim@example.com", "correct-horse")
        page.get_by_role("link", name="Directory").click()
        page.get_by_text("Narrow down").click()
        page.get_by_label("Retail 1").check()
        expect(page.locator("#rows")).not_to_contain_text("Nilsson")
        expect(page.get_by_label("Energy")).to_have_count(0)
        expect(page.get_by_label("Retail 1")).to_be_checked()

        page.get_by_role("button", name="Save Mori as a contact").click()
        expect(page.get_by_role("link", name="Contact Mori")).to_be_visible()

    assert Contact.objects.get().account.name == "Retail"
