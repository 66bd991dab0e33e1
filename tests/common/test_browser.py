import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from contacts.models import Contact
from tests.chromium import needs_chromium, open_page, sign_in
from tests.factories import AdminFactory, ContactFactory

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def contact(live_server: LiveServer) -> Contact:
    AdminFactory(email="alex@example.com", password="correct-horse")
    return ContactFactory(first_name="Ann", last_name="Roe", title="CEO", email="ann@acme.example")


def test_a_line_is_edited_in_place_by_keyboard(browser: Browser, live_server: LiveServer, contact: Contact) -> None:
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(f"{live_server.url}/contacts/{contact.pk}/")
        page.get_by_role("button", name="Edit title").press("Enter")
        title = page.locator("#line-title input[name=title]")
        expect(title).to_be_focused()
        title.fill("CTO")
        title.press("Enter")
        expect(page.locator("#line-title")).to_contain_text("CTO")
        expect(page.get_by_role("button", name="Edit title")).to_be_focused()
        expect(page.locator("#timeline")).to_contain_text("Title changed")

        page.get_by_role("button", name="Edit e-mail").press("Enter")
        email = page.locator("#line-email input[name=email]")
        expect(email).to_be_focused()
        email.fill("nonsense")
        email.press("Enter")
        expect(page.locator("#line-email")).to_contain_text("Enter a valid email address")
        expect(email).to_be_focused()
        expect(page.locator(".htmx-request, .htmx-settling, .htmx-swapping")).to_have_count(0)  # the new form listens
        email.press("Escape")
        expect(page.locator("#line-email")).to_contain_text("ann@acme.example")

    contact.refresh_from_db()
    assert (contact.title, contact.email) == ("CTO", "ann@acme.example")


def test_the_list_searches_as_one_types_and_going_back_shows_the_whole_page(
    browser: Browser, live_server: LiveServer, contact: Contact
) -> None:
    ContactFactory(last_name="Other")
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(f"{live_server.url}/contacts/")
        page.get_by_role("textbox", name="Search").press_sequentially("roe")
        expect(page.locator("#rows")).to_contain_text("1 contact")
        page.get_by_role("link", name="Ann Roe").click()
        page.wait_for_url("**/contacts/*/")
        page.go_back()
        expect(page.get_by_role("navigation", name="Main")).to_be_visible()
        expect(page.locator("#rows tbody tr")).to_have_count(1)


def test_filters_that_are_folded_away_filter_once_they_are_unfolded(
    browser: Browser, live_server: LiveServer, contact: Contact
) -> None:
    ContactFactory(last_name="Without", email="")
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(f"{live_server.url}/contacts/")
        page.get_by_text("More filters").click()
        page.get_by_label("Has e-mail").select_option("No")
        expect(page.locator("tbody tr")).to_have_count(1)
        expect(page.locator("tbody")).to_contain_text("Without")
        page.reload()
        expect(page.get_by_label("Has e-mail")).to_be_visible()


def test_a_phone_s_width_is_enough_and_the_dark_look_stays(
    browser: Browser, live_server: LiveServer, contact: Contact
) -> None:
    with open_page(browser, width=390) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.get_by_role("button", name="Menu").click()
        page.get_by_role("button", name="Switch between light and dark").click()
        expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")

        for path in ("", "contacts/", f"contacts/{contact.pk}/", "contacts/new/", "deals/", "settings/people/"):
            page.goto(f"{live_server.url}/{path}")
            assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
            assert page.evaluate("document.documentElement.scrollWidth") == 390, path


def test_what_the_admin_keeps_of_its_look_leaves_the_pages_theirs(
    browser: Browser, live_server: LiveServer, contact: Contact
) -> None:
    with open_page(browser) as page:
        page.emulate_media(color_scheme="dark")
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.evaluate("localStorage.theme = 'auto'")  # as Django's admin does
        page.goto(f"{live_server.url}/contacts/")
        assert page.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_quick_search_opens_what_was_chosen_by_keys_alone(
    browser: Browser, live_server: LiveServer, contact: Contact
) -> None:
    ContactFactory(first_name="Bo", last_name="Roer")
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.keyboard.press("Control+k")
        expect(page.get_by_role("combobox", name="Search people, companies, deals and pages")).to_be_focused()
        page.keyboard.type("roe")
        expect(page.get_by_role("option", selected=True)).to_contain_text("Ann Roe")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("option", selected=True)).to_contain_text("Bo Roer")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
        page.wait_for_url(f"{live_server.url}/contacts/{contact.pk}/")


def test_rows_are_chosen_and_changed_and_a_search_keeps_its_pages(browser: Browser, live_server: LiveServer) -> None:
    admin = AdminFactory(email="alex@example.com", password="correct-horse", name="Alex")
    for number in range(60):
        ContactFactory(last_name=f"Roe {number:02}", title="Buyer")
    ContactFactory(last_name="Abel")
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(f"{live_server.url}/contacts/")
        page.get_by_role("textbox", name="Search").press_sequentially("buyer")
        expect(page.locator("#rows")).to_contain_text("60 contacts")
        page.wait_for_url("**/contacts/?q=buyer&sort=name")
        page.get_by_role("link", name="Next").click()  # leaves the field, which must not search again
        expect(page.locator("#rows tbody tr")).to_have_count(10)
        page.wait_for_url("**/contacts/?q=buyer&sort=name&after=*")

        page.get_by_label("Select Ann Roe 50").check()
        page.get_by_label("Select Ann Roe 51").check()
        expect(page.get_by_role("group", name="With the selection")).to_contain_text("2 chosen")
        page.get_by_role("button", name="Change owner").click()
        page.get_by_label("New owner").select_option(label="Alex")
        page.get_by_role("button", name="Change owner").click()
        expect(page.locator("#toasts")).to_contain_text("2 changed")
        page.wait_for_url("**/contacts/?q=buyer&sort=name")

        page.get_by_label("Select all on this page").check()
        page.get_by_role("button", name="Select all 60").click()
        expect(page.get_by_role("group", name="With the selection")).to_contain_text("All 60 are chosen.")
        page.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Delete: 60 contacts")

    assert sorted(Contact.objects.filter(owner=admin).values_list("last_name", flat=True)) == ["Roe 50", "Roe 51"]
