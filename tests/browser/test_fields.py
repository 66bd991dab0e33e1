"""Mapping a field as a person does it: search, open, choose, see what is wrong, save, take a suggestion."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo
from tests.browser.test_round_trip import SETTINGS, be_synced
from tests.chromium import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.xdist_group("demo")]


def test_a_field_is_found_mapped_and_suggested_again(page: Page, demo: Demo) -> None:
    be_synced(page, demo)
    page.goto(f"{demo.url}{SETTINGS}objects/contact/#fields")
    panel = page.locator("#panel")

    page.get_by_role("searchbox", name="Search").fill("headline")
    expect(page.locator("#fields-rows tr")).to_have_count(1)
    page.get_by_role("button", name="Headline, Contact: not mapped. Edit").click()
    panel.get_by_label("Search the fields of the Contact").fill("department")
    panel.get_by_role("radio", name="Department").check()
    expect(panel.get_by_text("One field holds one value")).to_be_visible()

    panel.get_by_label("Search the fields of the Contact").fill("assistant's name")
    panel.get_by_role("radio", name="Assistant's Name").check()
    expect(panel.get_by_text("holds 40 characters")).to_be_visible()
    panel.get_by_role("button", name="Save").click()
    cell = page.get_by_role("button", name="Headline, Contact: Assistant's Name, both ways. Edit")
    expect(cell).to_be_attached()
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(cell).to_be_focused()

    page.get_by_role("searchbox", name="Search").fill("department")
    page.get_by_role("button", name="Department, Contact: Department, both ways. Edit").click()
    panel.get_by_role("radio", name="Not mapped").check()
    panel.get_by_role("button", name="Save").click()
    expect(panel).to_be_hidden()
    page.get_by_role("button", name="Suggest again").click()
    page.get_by_role("button", name="Map Department to Department").click()
    expect(page.get_by_role("button", name="Department, Contact: Department, both ways. Edit")).to_be_visible()
