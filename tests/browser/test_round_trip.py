"""The main job, as a person does it: connect, pull, edit on both sides, mend an error."""

import json
import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo
from tests.chromium import needs_chromium

pytestmark = [needs_chromium, pytest.mark.browser, pytest.mark.xdist_group("demo")]  # one demo for all of them
SETTINGS = "/settings/integrations/salesforce/"
PULL_MS = 60_000


def connect(page: Page, demo: Demo) -> None:
    user = demo.org.users[0]
    page.goto(demo.url + SETTINGS)
    page.get_by_role("link", name="Connect Salesforce").click()
    page.get_by_role("button", name="Connect").click()
    page.locator("input[name=username]").fill(user["username"])
    page.locator("input[name=password]").fill(user["password"])
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_text("hours", exact=False).first).to_be_visible()


def push_new_contacts(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}{SETTINGS}objects/contact/")
    with page.expect_response(lambda answer: answer.url.endswith("/draft/")):  # what the choice means for others
        page.get_by_label("Push new contacts").check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("status").filter(has_text="aved").first).to_be_visible()


def start(page: Page, demo: Demo) -> None:
    page.goto(demo.url + SETTINGS)
    page.get_by_role("link", name="Start syncing now").click()
    page.get_by_role("button", name="Start syncing now").click()
    expect(page.get_by_role("button", name="Pull now")).to_be_enabled(timeout=PULL_MS)


def be_synced(page: Page, demo: Demo) -> None:
    """Whichever of these tests comes first connects the demo and starts it."""
    page.goto(demo.url + SETTINGS)
    if page.get_by_role("link", name="Connect Salesforce").count():
        connect(page, demo)
        push_new_contacts(page, demo)
        start(page, demo)


def edit(page: Page, label: str, value: str) -> None:
    page.get_by_role("button", name=f"Edit {label}", exact=True).click()
    page.locator(".line-form").get_by_role("textbox").first.fill(value)
    page.locator(".line-form").get_by_role("button", name="Save").click()
    expect(page.locator(".line-form")).to_have_count(0)


def within(page: Page, seconds: float, check: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not (is_so := check()) and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    return is_so


def open_contact(page: Page, demo: Demo, email: str) -> None:
    page.goto(f"{demo.url}/contacts/?q={email}")
    page.locator(".cell-name a").first.click()
    page.locator("#sync-panel").wait_for()


def test_connect_pull_edit_push_and_mend(page: Page, demo: Demo) -> None:
    org = demo.org
    be_synced(page, demo)

    page.goto(f"{demo.url}/contacts/")
    expect(page.get_by_text("contacts", exact=False).first).to_be_visible()
    status = json.loads(demo.manage("salesforce", "status", "--json"))
    assert status["objects"]["Contact"]["counts"]["synced"] >= 2_000

    # An edit here stands in the org within two seconds.
    remote = org.query("SELECT Id, Email FROM Contact WHERE Email != null ORDER BY Id LIMIT 1")[0]
    open_contact(page, demo, remote["Email"])
    edit(page, "title", "Edited here")
    assert within(page, 2, lambda: org.get("Contact", remote["Id"])["Title"] == "Edited here")

    # An edit there is seen here after a pull.
    org.update("Contact", remote["Id"], Title="Edited there")
    page.goto(demo.url + SETTINGS)
    page.get_by_role("button", name="Pull now").click()
    page.wait_for_load_state("networkidle")
    open_contact(page, demo, remote["Email"])
    assert within(page, 10, lambda: page.reload() is not None and "Edited there" in page.inner_text("#line-title"))

    # A value that a restricted picklist does not have is refused, explained and mended.
    page.get_by_text("empty fields").click()
    edit(page, "level", "Fourth")
    expect(page.locator("#sync-panel")).to_contain_text("Failed", timeout=10_000)
    page.goto(f"{demo.url}{SETTINGS}errors/")
    page.locator("main .cell-name a").first.click()
    expect(page.locator("main")).to_contain_text("Fourth")
    page.get_by_label("Level").select_option("Primary")
    page.get_by_role("button", name="Change and retry").click()
    page.goto(f"{demo.url}{SETTINGS}errors/")
    assert within(page, 10, lambda: page.reload() is not None and "No errors" in page.inner_text("main"))
    assert org.get("Contact", remote["Id"])["Level__c"] == "Primary"


def test_a_demo_contact_is_pushed_by_hand(page: Page, demo: Demo) -> None:
    be_synced(page, demo)
    open_contact(page, demo, "ines.sample@lantern-robotics.example")
    page.locator("#sync-panel").get_by_role("button", name="Push now").click()

    expect(page.locator("#sync-panel")).to_contain_text("Synced", timeout=10_000)
    rows = demo.org.query("SELECT Account.Name FROM Contact WHERE Email = 'ines.sample@lantern-robotics.example'")
    assert [row["Account"]["Name"] for row in rows] == ["Lantern Robotics"]


def test_pages_fit_a_phone(page: Page, demo: Demo) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    for path in (
        "/",
        "/contacts/",
        "/accounts/",
        "/deals/",
        SETTINGS,
        f"{SETTINGS}errors/",
        f"{SETTINGS}objects/contact/",
    ):
        page.goto(demo.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
