"""A real Chromium for tests marked ``browser``, and the rule that pages leave its console clean."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import IntEnum
from pathlib import Path
from time import monotonic

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Request, Route, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]
# What htmx tells of requests of a page that is left; of those that fail it tells more.
LEFT = ("htmx:afterRequest", "htmx:sendAbort")

# Where everything is to be there, a browser that is missing fails its tests.
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and "CI" not in os.environ, reason="The browser tests need Chromium: install it to run them."
)


class CookiesOfFrames(IntEnum):
    """What Chromium does with cookies of a site that another site frames; the numbers are its own."""

    ALLOWED = 0
    BLOCKED = 1


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser; a process can have one at a time."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def open_page(browser: Browser, width: int = 1280, *, expected: str = "status of 422") -> Iterator[Page]:
    """A page without a past; fails at the end if its console had errors, such as a broken content policy.

    ``expected``: what the browser says of an answer that the test asks for, such as a form that is refused.
    """
    # Nothing moves, so that a click finds its button where it was seen.
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    with watched(context, expected=expected):
        yield context.new_page()


@contextmanager
def watched(context: BrowserContext, *, expected: str = "status of 422") -> Iterator[None]:
    """Closes the context at the end, and fails if the console of any of its pages had errors."""
    errors: list[str] = []
    under_way: set[Request] = set()

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and expected not in message.text and not message.text.startswith(LEFT):
            errors.append(message.text)

    def begun(request: Request) -> None:
        under_way.add(request)

    def ended(request: Request) -> None:
        under_way.discard(request)

    context.set_default_timeout(10_000)
    context.set_default_navigation_timeout(30_000)  # the first page of a run is slow where much else runs
    context.on("console", note)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("request", begun)
    context.on("requestfinished", ended)
    context.on("requestfailed", ended)
    try:
        yield
    finally:
        context.remove_listener("console", note)
        _come_to_rest(context, under_way)
        context.close()
    assert errors == [], errors


def _come_to_rest(context: BrowserContext, under_way: set[Request]) -> None:
    """Until the server is through: what it did for a page that polls would stand in the tables of the next test."""
    context.route("**/*", lambda route: route.abort())
    deadline = monotonic() + 10
    while under_way and context.pages and monotonic() < deadline:
        context.pages[0].wait_for_timeout(20)


@contextmanager
def held_back(page: Page, address: str) -> Iterator[None]:
    """What the page asks of ``address`` meanwhile is sent at the end; one question at least is asked."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(address, hold)
    yield
    while not held:
        page.wait_for_timeout(20)
    page.unroute(address)
    for route in held:
        with suppress(Error):  # taken back meanwhile
            route.continue_()


@contextmanager
def with_cookies_of_frames(browser: Browser, folder: Path, mode: CookiesOfFrames) -> Iterator[BrowserContext]:
    """A profile of its own, as people have one: private windows block cookies of frames whatever is set."""
    (folder / "Default").mkdir(parents=True)
    (folder / "Default/Preferences").write_text(json.dumps({"profile": {"cookie_controls_mode": mode}}))
    context = browser.browser_type.launch_persistent_context(
        folder,
        executable_path=CHROMIUM,
        args=ARGUMENTS,
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )
    with watched(context):
        yield context


def sign_in(page: Page, base: str, email: str, password: str) -> None:
    page.goto(f"{base}/auth/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base}/")
