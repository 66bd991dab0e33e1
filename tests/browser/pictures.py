"""The pictures of the documentation, taken of a demo: ``make pictures`` writes them to docs/images."""

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.browser.conftest import Demo
from tests.browser.test_round_trip import SETTINGS, be_synced, edit, open_contact, within
from tests.salesforce_org import ROOT

IMAGES = ROOT / "docs/images"
WIDTH = 1280
MOST_BYTES = 150_000
SOMEBODY = "ines.sample@lantern-robotics.example"


def of_nothing_more(page: Page) -> None:
    """The page as it comes."""


def narrowed_down(page: Page) -> None:
    page.get_by_text("Narrow down").click()
    page.locator("#facets input[name=seniority]").first.check()
    page.wait_for_load_state("networkidle")


def down_to_fields(page: Page) -> None:
    page.wait_for_load_state("networkidle")  # parts of the page are loaded after it
    page.locator("#fields").evaluate("element => element.scrollIntoView()")


@dataclass(frozen=True)
class Picture:
    name: str
    path: str
    prepare: Callable[[Page], None] = of_nothing_more
    height: int = 800


PICTURES = [
    Picture("home", "/"),
    Picture("contacts", "/contacts/"),
    Picture("board", "/deals/board/", height=600),
    Picture("directory", "/directory/", narrowed_down),
    Picture("settings", SETTINGS),
    Picture("fields", f"{SETTINGS}objects/contact/", down_to_fields),
    Picture("errors", f"{SETTINGS}errors/"),
]


def test_pictures_of_the_documentation(page: Page, demo: Demo) -> None:
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    be_synced(page, demo)
    sync_deals(page, demo)
    work_with_a_contact(page, demo)
    take(page, "contact", height=900)
    refuse_something(page, demo)

    for picture in PICTURES:
        page.goto(demo.url + picture.path)
        picture.prepare(page)
        take(page, picture.name, picture.height)


def sync_deals(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.url}{SETTINGS}objects/deal/")
    with page.expect_response(lambda answer: answer.url.endswith("/draft/")):
        page.get_by_role("radio", name="Both ways").check()
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_role("status").filter(has_text="aved").first).to_be_visible()
    demo.manage("salesforce", "pull", "Opportunity")


def work_with_a_contact(page: Page, demo: Demo) -> None:
    """Somebody with something to tell: pushed, and changed since."""
    open_contact(page, demo, SOMEBODY)
    page.locator("#sync-panel").get_by_role("button", name="Push now").click()
    expect(page.locator("#sync-panel")).to_contain_text("Synced")
    edit(page, "title", "Head of Purchasing")
    assert within(page, 10, lambda: page.reload() is not None and "Synced" in page.inner_text("#sync-panel"))


def refuse_something(page: Page, demo: Demo) -> None:
    for fold in page.locator("details.fold summary").all():
        fold.click()
    edit(page, "level", "Captain")
    expect(page.locator("#sync-panel")).to_contain_text("Failed")


def take(page: Page, name: str, height: int) -> None:
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.wait_for_load_state("networkidle")
    page.mouse.move(0, 0)  # nothing is hovered over
    picture = page.screenshot(path=IMAGES / f"{name}.png", animations="disabled", caret="hide")
    assert len(picture) < MOST_BYTES, f"{name} takes {len(picture):,} bytes"
