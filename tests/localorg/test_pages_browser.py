"""Pages in a real browser: by keyboard, on a telephone, with what their script adds."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import needs_chromium
from tests.localorg.client import Caller

pytestmark = [needs_chromium, pytest.mark.browser]

TELEPHONE = {"width": 390, "height": 844}
PATHS = ("/", "/003/o", "/001Lo0000000005", "/003/e", "/search?q=an", "/bin", "/setup/pages/new")


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the console says, such as that the content policy kept something out."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


def test_a_lookup_is_filled_in_by_keyboard(page: Page, admin: Caller, complaints: list[str]) -> None:
    account = admin.create("Account", Name="Quokka Widgets")
    admin.create("Account", Name="Quokka Gadgets")

    page.goto(f"{admin.url}/003/e")
    page.get_by_label("Last Name").fill("Keyed")
    page.get_by_role("combobox", name="Account", exact=True).fill("quokka")
    expect(page.locator("#AccountId-found").get_by_role("option")).to_have_count(2)
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Save").press("Enter")

    expect(page.get_by_role("heading", name="Keyed")).to_be_visible()
    (row,) = admin.rows("SELECT AccountId FROM Contact WHERE LastName = 'Keyed'")
    assert row["AccountId"] == account
    assert complaints == []


def test_what_was_typed_over_a_choice_is_no_longer_the_choice(page: Page, admin: Caller) -> None:
    account = admin.create("Account", Name="Quokka Widgets")
    contact = admin.create("Contact", LastName="Chosen", AccountId=account)

    page.goto(f"{admin.url}/{contact}/e")
    lookup = page.get_by_role("combobox", name="Account", exact=True)
    lookup.press_sequentially(" x")
    expect(page.get_by_text("Nothing found")).to_be_visible()
    lookup.press("Escape")
    page.get_by_role("button", name="Save").click()

    expect(page.locator("#AccountId-wrong")).to_contain_text("No Account is called")


def test_enter_in_a_form_saves_it(page: Page, admin: Caller) -> None:
    page.goto(f"{admin.url}/003/e")
    page.get_by_label("Last Name").fill("Entered")
    page.get_by_label("Last Name").press("Enter")

    expect(page.get_by_role("heading", name="Entered")).to_be_visible()


def test_records_are_chosen_from_a_list_and_merged(page: Page, admin: Caller, complaints: list[str]) -> None:
    for title in ("CEO", None):
        admin.create("Contact", LastName="Wombatson", Title=title)

    page.goto(f"{admin.url}/003/o?q=Wombatson")
    merge = page.get_by_role("button", name="Merge chosen")
    expect(merge).to_be_disabled()
    for box in page.get_by_role("checkbox").all():
        box.check()
    merge.click()
    page.get_by_role("button", name="Merge").click()

    expect(page.get_by_role("heading", name="Wombatson")).to_be_visible()
    (row,) = admin.rows("SELECT Title FROM Contact WHERE LastName = 'Wombatson'")
    assert row["Title"] == "CEO"
    assert complaints == []


def test_a_delete_is_asked_about(page: Page, admin: Caller) -> None:
    contact = admin.create("Contact", LastName="Doomed")
    page.goto(f"{admin.url}/{contact}")

    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("button", name="Delete").click()
    assert admin.ask("GET", f"sobjects/Contact/{contact}").status_code == 200
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url(re.compile("/003/o$"))

    assert admin.ask("GET", f"sobjects/Contact/{contact}").status_code == 404


def test_a_lead_goes_to_a_known_contact_with_one_click(page: Page, admin: Caller) -> None:
    account = admin.create("Account", Name="Numbat Ltd")
    contact = admin.create("Contact", FirstName="Nora", LastName="Numbat", AccountId=account)
    lead = admin.create("Lead", FirstName="Nora", LastName="Numbat", Company="Other Inc")

    page.goto(f"{admin.url}/{lead}")
    page.get_by_role("link", name="Convert").click()
    page.get_by_role("button", name="take this one").click()
    page.get_by_role("button", name="Convert").click()

    page.wait_for_url(f"{admin.url}/{contact}")
    assert admin.get("Lead", lead)["ConvertedAccountId"] == account


def test_no_page_is_wider_than_a_telephone_or_breaks_its_policy(
    page: Page, admin: Caller, complaints: list[str]
) -> None:
    page.set_viewport_size(TELEPHONE)

    for path in PATHS:
        page.goto(admin.url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= TELEPHONE["width"], path
    assert complaints == []
