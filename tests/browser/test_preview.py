"""A changed setting is looked at before it is saved, as a person does it."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo
from tests.browser.test_round_trip import PULL_MS, SETTINGS, be_synced
from tests.chromium import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.xdist_group("demo")]  # one demo for all of them


def test_a_change_is_previewed_and_then_saved_from_its_preview(page: Page, demo: Demo) -> None:
    be_synced(page, demo)
    page.goto(f"{demo.url}{SETTINGS}objects/account/")
    section = page.locator("form", has=page.get_by_label("Source value"))
    section.get_by_label("Source value").select_option("Web")
    section.get_by_role("button", name="Preview").click()

    expect(page.get_by_role("heading", name="Record by record")).to_be_visible(timeout=PULL_MS)
    expect(page.get_by_text("Nothing was changed so far.")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Done:")).to_be_visible(timeout=PULL_MS)
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_label("Source value")).to_have_value("Web")
