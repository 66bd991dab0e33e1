"""The page at /localorg, in a real Chromium and by keyboard."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from tests.chromium import ARGUMENTS, CHROMIUM, needs_chromium
from tests.localorg.client import Caller, Json

pytestmark = [needs_chromium, pytest.mark.browser]


class Chromium:
    """In a thread of its own: Playwright wants one for itself, and other tests have theirs open."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._playwright = self.run(sync_playwright().start)
        self._browser = self.run(lambda: self._playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS))

    def run(self, steps: Callable[[], Any]) -> Any:
        return self._thread.submit(steps).result()

    def stop(self) -> None:
        self.run(self._browser.close)
        self.run(self._playwright.stop)
        self._thread.shutdown()

    @contextmanager
    def console(self, caller: Caller, width: int = 1280, complains: bool = False) -> Iterator[Page]:
        """The page; what the browser complains of fails the test unless it should."""
        page = self._browser.new_page(viewport={"width": width, "height": 900})
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{caller.url}/localorg")
        yield page
        page.close()
        assert bool(complaints) is complains, complaints


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    running = Chromium()
    yield running
    running.stop()


def rules(caller: Caller) -> list[Json]:
    return requests.get(f"{caller.url}/localorg/faults", timeout=30).json()


def test_faults_are_added_and_removed_by_keyboard(admin: Caller, chromium: Chromium) -> None:
    def steps() -> None:
        with chromium.console(admin) as page:
            page.get_by_role("button", name="A tenth of rows locked").press("Enter")
            expect(page.locator("#rules li")).to_contain_text("probability 0.1")
            page.get_by_label("What happens").select_option("status")
            page.get_by_label("Object").fill("Contact")
            page.get_by_label("Times").fill("2")
            page.get_by_label("Times").press("Enter")
            expect(page.locator("#rules li")).to_have_count(2)
            page.get_by_role("button", name="Remove lock").press("Space")
            expect(page.locator("#rules li")).to_have_count(1)

    chromium.run(steps)

    (rule,) = rules(admin)
    assert (rule["do"], rule["match"], rule["times"]) == ("status", {"object": "Contact"}, 2)


def test_a_rule_that_means_nothing_is_complained_of(admin: Caller, chromium: Chromium) -> None:
    def steps() -> None:
        with chromium.console(admin, complains=True) as page:  # of an answer of 400
            page.get_by_label("Path matches").fill("(")
            page.get_by_role("button", name="Add the fault").click()
            expect(page.get_by_role("status")).to_contain_text("no regular expression")

    chromium.run(steps)

    assert rules(admin) == []


def test_calls_appear_as_they_are_made_and_can_be_sifted(admin: Caller, chromium: Chromium) -> None:
    def steps() -> None:
        with chromium.console(admin) as page:
            admin.query("SELECT Id FROM Contact LIMIT 3")
            admin.ask("GET", "query", params={"q": "SELECT <b>Nope</b> FROM Contact"})
            rows = page.locator("#log tr")
            expect(rows.first).to_contain_text("MALFORMED_QUERY")
            expect(rows.first).to_contain_text("<b>Nope</b>")
            page.get_by_label("Show only").fill("limit 3")
            expect(rows).to_have_count(1)
            expect(rows.first).to_contain_text("3 out")

    chromium.run(steps)


def test_limits_and_clock_are_set(admin: Caller, chromium: Chromium) -> None:
    def steps() -> None:
        with chromium.console(admin) as page:
            page.get_by_label("Calls used").fill("99000")
            page.get_by_label("Calls used").press("Enter")
            expect(page.locator("#usage")).to_have_text("99,000 of 100,000")
            page.get_by_role("button", name="1 hour").click()
            expect(page.locator("#ahead")).to_contain_text("3,600 s ahead")

    chromium.run(steps)

    assert admin.ask("GET", "limits").json()["DailyApiRequests"]["Remaining"] == 999


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_of_the_page(admin: Caller, chromium: Chromium, width: int) -> None:
    def steps() -> None:
        admin.ask("GET", "query", params={"q": "SELECT Id FROM Contact WHERE Name = '" + "x" * 300 + "'"})
        with chromium.console(admin, width) as page:
            expect(page.locator("#log tr").first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") == width

    chromium.run(steps)


def test_programs_get_a_list_of_endpoints_at_the_same_address(admin: Caller) -> None:
    answer = requests.get(f"{admin.url}/localorg", timeout=30)

    assert "PATCH /localorg/faults" in answer.json()["endpoints"]
