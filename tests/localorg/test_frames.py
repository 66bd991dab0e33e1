"""In a real browser: a record page frames a Visualforce page of another site, and that an application of a third.

The hosts stand for those of a real org: 127.0.0.1 for *.lightning.force.com, *.vf.localhost for *.vf.force.com, and
localhost for whoever the page frames.
"""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Frame, Page

from tests.chromium import needs_chromium
from tests.localorg.client import Caller, Server
from tests.localorg.frames import Application

pytestmark = [needs_chromium, pytest.mark.browser]

MARKUP = """
<apex:page standardController="Account">
    <apex:iframe src="{url}/panel?set=1&amp;crm_object_id={{!Account.Id}}" height="400px"/>
</apex:page>
"""


@pytest.fixture
def application() -> Iterator[Application]:
    with Application() as running:
        yield running


@pytest.fixture
def account(admin: Caller, application: Application) -> Iterator[str]:
    """An account whose record page frames the application."""
    pages = [{"name": "Panel", "label": "CRM", "markup": MARKUP.format(url=application.url), "height": 450}]
    admin.control("settings", {"visualforce_pages": pages}).raise_for_status()
    yield admin.create("Account", Name="Framed")
    admin.control("settings", {"visualforce_pages": []}).raise_for_status()


REFUSED = "frame-ancestors"  # in what the console says of a frame that was refused


def open_panel(page: Page, server: Server, account: str) -> None:
    page.goto(f"{server.url}/{account}?tab=Panel")
    page.frame_locator("iframe.component").frame_locator("iframe").locator("#cookies").wait_for()


def frame_of(page: Page, path: str) -> Frame:
    return next(frame for frame in page.frames if urlsplit(frame.url).path == path)


def is_framed(page: Page, url: str) -> bool:
    """Whether the page that is open may frame this address."""
    with page.expect_console_message() as told:
        page.evaluate(
            """url => {
                const frame = document.createElement("iframe");
                frame.onload = () => console.info("loaded");
                frame.src = url;
                document.body.append(frame);
            }""",
            url,
        )
    return REFUSED not in told.value.text


def test_three_sites_stand_in_each_other(page: Page, fresh: Server, application: Application, account: str) -> None:
    open_panel(page, fresh, account)

    record, visualforce, panel = page.main_frame, frame_of(page, "/apex/Panel"), frame_of(page, "/panel")
    hosts = [urlsplit(frame.url).hostname for frame in (record, visualforce, panel)]
    assert hosts == ["127.0.0.1", "localorg--c.vf.localhost", "localhost"]
    assert (panel.parent_frame, visualforce.parent_frame) == (visualforce, record)
    assert parse_qs(urlsplit(panel.url).query)["crm_object_id"] == [account]


def test_the_frames_are_as_high_as_they_were_made(page: Page, fresh: Server, account: str) -> None:
    page.goto(f"{fresh.url}/{account}")
    page.get_by_role("link", name="CRM").click()

    component = page.locator("iframe.component")
    inner = page.frame_locator("iframe.component").locator("iframe")
    heights = [frame.evaluate("frame => frame.getBoundingClientRect().height") for frame in (component, inner)]
    assert heights == [450, 400]


def test_of_a_framed_applications_cookies_only_partitioned_ones_live(
    page: Page, fresh: Server, application: Application, account: str
) -> None:
    open_panel(page, fresh, account)
    open_panel(page, fresh, account)

    assert [names for _, names in application.seen] == [set(), {"parted"}]


def test_cookies_of_a_visit_at_the_application_itself_stay_out_of_the_frame(
    page: Page, fresh: Server, application: Application, account: str
) -> None:
    page.goto(f"{application.url}/panel?set=1")
    page.goto(f"{application.url}/panel")
    first_party = application.seen[-1][1]
    application.seen.clear()

    open_panel(page, fresh, account)

    assert first_party == {"lax", "open", "parted"}
    assert application.seen[0][1] == set()


def test_partitioned_cookies_are_kept_apart_by_the_page_on_top(
    page: Page, fresh: Server, application: Application, account: str
) -> None:
    open_panel(page, fresh, account)
    visualforce = frame_of(page, "/apex/Panel").url

    page.goto(visualforce)  # the same page and frame, with another site on top
    page.frame_locator("iframe").locator("#cookies").wait_for()

    assert application.seen[-1][1] == set()


@pytest.mark.parametrize(
    ("ancestors", "is_shown"),
    [
        ("{org} {visualforce}", True),
        ("{visualforce}", False),
        ("{org}", False),
        ("'self'", False),
        ("'none'", False),
    ],
)
def test_every_ancestor_must_be_allowed_to_frame(
    page: Page, fresh: Server, application: Application, account: str, ancestors: str, is_shown: bool
) -> None:
    application.ancestors = ancestors.format(org=fresh.url, visualforce=fresh.facts["visualforce_url"])

    if is_shown:
        open_panel(page, fresh, account)
        return
    with page.expect_console_message(lambda message: REFUSED in message.text):
        page.goto(f"{fresh.url}/{account}?tab=Panel")


def test_a_visualforce_page_is_framed_by_its_org_only(
    page: Page, fresh: Server, application: Application, account: str
) -> None:
    open_panel(page, fresh, account)
    url = frame_of(page, "/apex/Panel").url

    page.goto(f"{application.url}/panel")

    assert not is_framed(page, url)


@pytest.mark.parametrize("path", ["/login", "/003/o", "/services/oauth2/authorize"])
def test_pages_of_the_org_are_framed_by_nobody(page: Page, fresh: Server, application: Application, path: str) -> None:
    page.goto(f"{application.url}/panel")

    assert is_framed(page, f"{application.url}/panel")
    assert not is_framed(page, fresh.url + path)
