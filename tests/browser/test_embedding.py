"""The panel inside Salesforce, in a browser that keeps cookies of other sites out of frames.

Three sites stand in each other, as in a real org: the account's page on 127.0.0.1, the Visualforce page on a host of
its own, and the panel on localhost.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account
from activities.models import RecordList
from common import jobs
from common.models import Job
from contacts.models import Contact
from directory.loading import load_companies, load_prospects
from integrations import services
from integrations.embedding import doing, doors, sessions
from integrations.models import Connection, PanelSession
from tests.browser.test_accessibility import grave
from tests.chromium import CookiesOfFrames, needs_chromium, open_page, with_cookies_of_frames
from tests.conftest import push_all
from tests.factories import StepFactory, UserFactory
from tests.integrations.embedding.conftest import sign_in as signed_in
from tests.localorg.frames import Application
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]

MARKUP = '<apex:page standardController="Account"><apex:iframe src="{url}" height="450px"/></apex:page>'
PASSWORD = "correct-horse"
NAMES = ("Nils Nygren", "Nina Nordin", "Nora Norling")
FRAME = 450  # pixels of height, as Visualforce pages have it
LOOKS = ((390, "dark"), (800, "light"))
REFUSED = "frame-ancestors"  # in what the console says of a frame that was refused
CHALLENGE = sessions.challenge_of("v" * 43)

Panel = FrameLocator | Page  # in a frame, or looked at alone


@pytest.fixture
def framing(org: Org, live_server: LiveServer, settings: Any) -> Iterator[list[str]]:
    """Who may frame the panel: the org's hosts, as those of a real org by their names."""
    settings.SITE_URL = live_server.url
    settings.SALESFORCE_FRAME_HOSTS = [org.url, visualforce_url(org)]
    yield settings.SALESFORCE_FRAME_HOSTS
    org.control("settings", visualforce_pages=[])


@pytest.fixture
def account(synced: Connection) -> Account:
    """One with nobody, of whom the directory knows three people."""
    account = Account.objects.exclude(crm_id="").earliest("pk")
    account.contacts.all().delete()
    Account.objects.filter(pk=account.pk).update(website="https://acme.example", domain="acme.example")
    load_companies([{"key": "a", "name": account.name, "domain": "acme.example"}])
    names = [name.split() for name in NAMES]
    load_prospects(
        [
            {"key": first, "first_name": first, "last_name": last, "email": f"{first}@acme.example", "company_key": "a"}
            for first, last in names
        ]
    )
    return account


@pytest.fixture
def kim() -> User:
    return UserFactory(email="kim@example.com", name="Kim Example", password=PASSWORD)


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    with with_cookies_of_frames(browser, tmp_path / "profile", CookiesOfFrames.BLOCKED) as context:
        yield context.new_page()


@pytest.fixture
def panel(page: Page, org: Org, account: Account, framing: list[str], admin_client: Client) -> FrameLocator:
    """On the account's page in the org, by the markup that the settings show to an admin."""
    put_up(org, admin_client.get(reverse("integrations:embedding")).context["markup"])
    return open_account(page, org, account.crm_id)


def visualforce_url(org: Org) -> str:
    return f"http://localorg--c.vf.localhost:{urlsplit(org.url).port}"


def put_up(org: Org, markup: str) -> None:
    """The Visualforce page on the org's account pages."""
    org.control("settings", visualforce_pages=[{"name": "Panel", "label": "Tandem", "markup": markup}])


def some_account(org: Org) -> str:
    return org.query("SELECT Id FROM Account ORDER BY Id LIMIT 1")[0]["Id"]


def open_account(page: Page, org: Org, remote_id: str) -> FrameLocator:
    """What the account's page frames, for somebody who signs in to the org."""
    page.goto(f"{org.url}/login?startURL=/{remote_id}?tab=Panel")
    page.locator("input[name=username]").fill(org.users[0]["username"])
    page.locator("input[name=password]").fill(org.users[0]["password"])
    page.get_by_role("button", name="Log in", exact=True).click()
    return page.frame_locator("iframe.component").frame_locator("iframe")


def sign_in(page: Page, panel: FrameLocator) -> None:
    """In the window that opens, which closes by itself."""
    with page.expect_popup() as opened:
        panel.get_by_role("button", name="Sign in").click()
    window = opened.value
    window.get_by_label("Email").fill("kim@example.com")
    window.get_by_label("Password").fill(PASSWORD)
    with window.expect_event("close"):
        window.get_by_role("button", name="Sign in", exact=True).click()


def choose_all(panel: Panel) -> None:
    for name in NAMES:
        panel.get_by_label(f"Choose {name}").check()


def press(panel: Panel, name: str) -> Locator:
    """A button of the bar above the list; the sheet that may open then."""
    panel.get_by_role("group", name="With the chosen people").get_by_role("button", name=name).click()
    return panel.get_by_role("dialog", name=name)


def told(panel: Panel, text: str) -> None:
    expect(panel.locator("#toasts")).to_contain_text(text)


def people(panel: Panel, text: str) -> Locator:
    """Whose rows say this."""
    return panel.locator("#people-list .person").filter(has_text=text)


@pytest.mark.parametrize(
    ("mode", "come_back"), [(CookiesOfFrames.BLOCKED, {"parted"}), (CookiesOfFrames.ALLOWED, {"open", "parted"})]
)
def test_this_browser_keeps_cookies_of_other_sites_out_of_frames(
    browser: Browser, tmp_path: Path, org: Org, framing: list[str], mode: CookiesOfFrames, come_back: set[str]
) -> None:
    """They come back where they are allowed: so it is the setting that keeps them out in the tests below."""
    with Application() as application, with_cookies_of_frames(browser, tmp_path / "profile", mode) as context:
        put_up(org, MARKUP.format(url=f"{application.url}/panel?set=1"))
        page = context.new_page()
        open_account(page, org, some_account(org)).locator("#cookies").wait_for()
        page.reload()
        page.frame_locator("iframe.component").frame_locator("iframe").locator("#cookies").wait_for()

    assert application.seen[-1][1] == come_back


def test_people_are_worked_with_on_the_page_of_their_account_in_salesforce(
    page: Page, panel: FrameLocator, org: Org, account: Account, kim: User
) -> None:
    sequence, maya = StepFactory(sequence__name="Autumn").sequence, UserFactory(name="Maya Example")
    expect(panel.get_by_role("heading", name="Sign in to Tandem")).to_be_visible()
    sign_in(page, panel)
    expect(panel.get_by_role("heading", name=account.name)).to_be_visible()
    expect(panel.get_by_text("0 saved · 3 net-new")).to_be_visible()

    choose_all(panel)
    press(panel, "Save")
    told(panel, "3 saved")
    expect(panel.get_by_text("3 saved · 0 net-new")).to_be_visible()

    choose_all(panel)
    sheet = press(panel, "Add to list")
    sheet.get_by_role("textbox", name="List").fill("Trade fair")
    sheet.get_by_role("button", name="Add to list").click()
    told(panel, "Add to list: 3 added")

    choose_all(panel)
    sheet = press(panel, "Add to sequence")
    sheet.get_by_label("Sequence").select_option("Autumn")
    sheet.get_by_role("button", name="Add to sequence").click()
    told(panel, "Add to sequence: 3")

    choose_all(panel)
    press(panel, "Export to Salesforce")
    told(panel, "Export to Salesforce: 3")
    expect(people(panel, "On its way")).to_have_count(3)

    choose_all(panel)
    sheet = press(panel, "Assign owner")
    sheet.get_by_label("New owner").select_option("Maya Example")
    sheet.get_by_role("button", name="Assign owner").click()
    told(panel, "Assign owner: 3 changed")
    expect(people(panel, "Maya Example")).to_have_count(3)

    push_all()
    expect(people(panel, "In Salesforce")).to_have_count(3)
    expect(panel.get_by_text("3 in Salesforce · 0 saved · 0 net-new")).to_be_visible()

    saved = Contact.objects.filter(account=account)
    assert sorted(map(str, saved)) == list(NAMES)
    assert {one.owner for one in saved} == {maya}
    assert set(RecordList.objects.get(name="Trade fair").records(kim)) == set(saved)
    assert {one.contact for one in sequence.enrolments.all()} == set(saved)
    there = org.query(f"SELECT Name FROM Contact WHERE AccountId = '{account.crm_id}' AND Email LIKE '%@acme.example'")
    assert sorted(one["Name"] for one in there) == list(NAMES)


def test_while_people_wait_for_their_push_who_is_ticked_stays_so_and_an_open_menu_stays_open(
    page: Page, panel: FrameLocator, kim: User
) -> None:
    sign_in(page, panel)
    choose_all(panel)
    press(panel, "Save")
    expect(people(panel, "On its way")).to_have_count(3)

    panel.get_by_label("Choose Nora Norling").check()
    panel.get_by_label("More with Nora Norling").click()
    for _ in range(2 * len(NAMES)):  # some may be under way already
        page.wait_for_event("requestfinished", lambda request: request.url.partition("?")[0].endswith("/mark/"))

    expect(panel.get_by_label("Choose Nora Norling")).to_be_checked()
    expect(people(panel, "Nora").get_by_role("button", name="Assign owner")).to_be_visible()


def test_what_is_asked_again_and_again_is_swapped_only_when_it_changed(
    page: Page, panel: FrameLocator, account: Account, kim: User
) -> None:
    services.queue_push([account], user=kim, is_manual=True)
    sign_in(page, panel)
    state, link = panel.locator("#account-state"), panel.get_by_role("link", name=account.name)
    expect(state).to_contain_text("Waiting")
    state.evaluate("part => { part.dataset.sameAs = 'before'; }")
    link.focus()
    page.wait_for_event("requestfinished", lambda request: "/state/" in request.url)
    page.wait_for_event("requestfinished", lambda request: "/state/" in request.url)

    expect(link).to_be_focused()
    expect(state).to_have_attribute("data-same-as", "before")
    push_all()
    expect(state).to_contain_text("Synced")
    expect(state).not_to_have_attribute("data-same-as", "before")


def test_what_takes_longer_shows_its_people_when_it_ended_and_who_is_ticked_meanwhile_stays_so(
    page: Page, panel: FrameLocator, kim: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing, "AT_ONCE", 0)
    UserFactory(name="Maya Example")
    sign_in(page, panel)
    choose_all(panel)
    press(panel, "Save")
    told(panel, "3 saved")
    choose_all(panel)
    sheet = press(panel, "Assign owner")
    sheet.get_by_label("New owner").select_option("Maya Example")
    sheet.get_by_role("button", name="Assign owner").click()
    expect(panel.get_by_text("Assign owner goes on")).to_be_visible()
    panel.get_by_label("Choose Nora Norling").check()

    jobs.run(Job.objects.latest("pk").pk)

    told(panel, "Assign owner: 3 changed")
    expect(people(panel, "Maya Example")).to_have_count(3)
    expect(panel.get_by_label("Choose Nora Norling")).to_be_checked()
    expect(panel.get_by_text("1 chosen")).to_be_visible()
    expect(panel.get_by_text("Assign owner goes on")).to_have_count(0)


def test_a_user_of_the_org_signs_in_with_its_login(
    page: Page, panel: FrameLocator, org: Org, account: Account, live_server: LiveServer
) -> None:
    """They are signed in there already: so they have only to allow it, and then know the panel alone."""
    Connection.objects.update(lets_panel_users_in=True)
    org.control("settings", redirect_uris=[live_server.url + reverse("salesforce:callback")])

    with page.expect_popup() as opened:
        panel.get_by_role("button", name="Sign in").click()
    opened.value.get_by_role("button", name="Sign in with Salesforce").click()
    with opened.value.expect_event("close"):
        opened.value.get_by_role("button", name="Allow").click()

    expect(panel.get_by_role("heading", name=account.name)).to_be_visible()
    assert PanelSession.objects.get().user.role == User.Role.PANEL


def test_the_old_form_of_the_address_leads_to_the_panel(
    page: Page, org: Org, connection: Connection, framing: list[str], live_server: LiveServer
) -> None:
    put_up(org, MARKUP.format(url=f"{live_server.url}/#/embedded-crm/account?crm_object_id={{!Account.Id}}"))

    panel = open_account(page, org, some_account(org))

    expect(panel.get_by_role("heading", name="Sign in to Tandem")).to_be_visible()
    expect(panel.locator("#panel")).to_have_attribute("data-account", some_account(org))


@pytest.mark.parametrize("unlisted", [0, 1])
def test_the_browser_refuses_the_panel_a_frame_unless_all_above_it_are_listed(
    browser: Browser, org: Org, connection: Connection, framing: list[str], live_server: LiveServer, unlisted: int
) -> None:
    del framing[unlisted]
    put_up(org, MARKUP.format(url=f"{live_server.url}/embedded-crm/account?crm_object_id={{!Account.Id}}"))

    with open_page(browser, expected=REFUSED) as page:
        with page.context.expect_event("console", lambda message: REFUSED in message.text):
            panel = open_account(page, org, some_account(org))

        expect(panel.locator("#panel")).to_have_count(0)


def test_codes_that_others_send_to_the_panel_are_not_looked_at(
    page: Page, org: Org, connection: Connection, kim: User, framing: list[str], live_server: LiveServer
) -> None:
    """From the page above it, which is of another site, and from a window of our own that it did not open."""
    put_up(org, MARKUP.format(url=f"{live_server.url}/embedded-crm/account?crm_object_id={{!Account.Id}}"))
    panel = open_account(page, org, some_account(org))
    expect(panel.get_by_role("heading", name="Sign in to Tandem")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    code = sessions.issue_code(kim, CHALLENGE)

    with page.expect_popup():
        panel.get_by_role("button", name="Sign in").click()  # from now on it listens
    visualforce, inside = page.frames[1], page.frames[2]
    visualforce.evaluate("code => frames[0].postMessage({ panelCode: code }, '*')", code)
    inside.evaluate("code => postMessage({ panelCode: code }, location.origin)", code)
    inside.evaluate("() => new Promise(done => setTimeout(done))")  # messages come in their order

    assert not [url for url in asked if url.endswith("/token/")]
    assert not PanelSession.objects.exclude(token_hash=None)


def test_a_page_of_somebody_else_that_opens_the_window_hears_no_code(
    browser: Browser, connection: Connection, kim: User, live_server: LiveServer
) -> None:
    client = Client()
    client.force_login(kim)
    cookies = [{"name": name, "value": one.value, "url": live_server.url} for name, one in client.cookies.items()]
    with Application() as stranger, open_page(browser, expected="postMessage") as page:
        page.context.add_cookies(cookies)
        page.goto(f"{stranger.url}/panel")
        page.evaluate("() => { window.heard = []; addEventListener('message', event => heard.push(event.data)); }")
        with page.context.expect_event("console", lambda message: "postMessage" in message.text):
            page.evaluate("url => { open(url); }", live_server.url + doors.address(CHALLENGE))

        assert page.evaluate("() => heard") == []
    assert PanelSession.objects.get().token_hash is None


@pytest.mark.parametrize(("width", "look"), LOOKS)
def test_everybody_can_use_the_panel(
    browser: Browser, live_server: LiveServer, account: Account, kim: User, width: int, look: Any
) -> None:
    token, address = signed_in(kim), f"{live_server.url}/embedded-crm/account?crm_object_id="
    faults: list[str] = []
    with open_page(browser, width, expected="status of 40") as page:
        page.set_viewport_size({"width": width, "height": FRAME})
        page.emulate_media(color_scheme=look, reduced_motion="reduce")

        def look_at(name: str, shown: Locator) -> None:
            expect(shown).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
            faults.extend(grave(page, f"{name} at {width}, {look}"))

        for path in ("/embedded-crm/", "/embedded-crm/sign-in/", doors.address(CHALLENGE)):
            page.goto(live_server.url + path)
            look_at(path, page.get_by_role("heading"))
        page.goto(address + account.crm_id)
        look_at("signed out", page.get_by_role("heading", name="Sign in to Tandem"))
        page.add_init_script(f"sessionStorage.setItem('tandem panel', '{token}')")
        page.goto(f"{address}001000000000999")
        look_at("unknown", page.get_by_role("heading", name="Tandem does not have this account yet"))
        page.goto(address + account.crm_id)
        look_at("people", page.get_by_text("3 net-new"))
        page.get_by_role("button", name="More with Nora Norling").click()
        last = page.locator(".dropdown-menu.show button").last
        last.scroll_into_view_if_needed()
        look_at("menu", last)
        assert last.evaluate("button => button.getBoundingClientRect().bottom") <= FRAME
        page.keyboard.press("Escape")
        choose_all(page)
        for deed in ("Add to list", "E-mail", "Assign account"):
            look_at(deed, press(page, deed))
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_be_hidden()
        press(page, "Save")
        told(page, "3 saved")
        look_at("saved", people(page, "On its way").first)
    assert not faults, "\n".join(faults)
