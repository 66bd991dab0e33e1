"""A real Chromium for tests marked ``browser``, and the rule that pages leave its console clean."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--no-sandbox", "--disable-background-networking"]

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="The browser tests need Chromium: install it to run them.")


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
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and expected not in message.text:
            errors.append(message.text)

    # Nothing moves, so that a click finds its button where it was seen.
    context = browser.new_context(viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == [], errors


def sign_in(page: Page, base: str, email: str, password: str) -> None:
    page.goto(f"{base}/auth/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{base}/")
