"""Everybody can use every page: what axe finds serious or critical is a fault, so is a page that scrolls sideways."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from integrations.models import Connection
from tests.browser.every_page import SYNC, filled, pages
from tests.chromium import needs_chromium, open_page
from users.models import User

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]

AXE = settings.BASE_DIR / "node_modules/axe-core/axe.min.js"
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
GRAVE = ("serious", "critical")
WAYS = ((1280, "light"), (390, "dark"))


def test_the_pages_of_every_day(
    browser: Browser, live_server: Any, admin_client: Client, admin: User, with_deals: Connection
) -> None:
    contact = filled(admin)["contacts/"]["pk"]
    paths = ("/", "/contacts/", f"/contacts/{contact}/", "/deals/board/", "/settings/integrations/salesforce/")

    no_faults(browser, live_server.url, admin_client, paths)


@pytest.mark.long
@pytest.mark.parametrize("is_of_sync", [False, True])
def test_every_page(
    browser: Browser, live_server: Any, admin_client: Client, admin: User, with_deals: Connection, is_of_sync: bool
) -> None:
    paths = [path for path in pages(admin_client, filled(admin)) if path.startswith(f"/{SYNC}") == is_of_sync]

    no_faults(browser, live_server.url, admin_client, paths)


@pytest.mark.long
def test_the_pages_of_those_who_are_not_signed_in(browser: Browser, live_server: Any, client: Client) -> None:
    paths = ("/auth/login/", "/auth/password/reset/", "/auth/password/reset/done/", "/auth/signup/", "/nowhere/")

    no_faults(browser, live_server.url, client, paths, expected="status of 404")


def no_faults(
    browser: Browser, base: str, client: Client, paths: Sequence[str], *, expected: str = "status of 422"
) -> None:
    faults = list(_faults(browser, base, client, paths, expected))
    assert not faults, "\n".join(faults)


def _faults(browser: Browser, base: str, client: Client, paths: Sequence[str], expected: str) -> Iterator[str]:
    """What is grave, by page, look, rule and place."""
    for width, look in WAYS:
        with open_page(browser, width, expected=expected) as page:
            page.context.add_cookies(
                [{"name": name, "value": one.value, "url": base} for name, one in client.cookies.items()]
            )
            page.emulate_media(color_scheme=look, reduced_motion="reduce")
            for path in paths:
                page.goto(base + path)
                expect(page.locator(".htmx-request")).to_have_count(0)  # what comes a moment later is there
                yield from grave(page, f"{path} at {width}, {look}")
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    yield f"{path} at {width} scrolls sideways"


def grave(page: Page, name: str) -> Iterator[str]:
    """What is grave on a page as it is now."""
    page.evaluate(AXE.read_text())
    for rule in page.evaluate("rules => axe.run(document, rules)", RULES)["violations"]:
        if rule["impact"] in GRAVE:
            places = [f"{' '.join(map(str, node['target']))} – {node['failureSummary']}" for node in rule["nodes"][:3]]
            yield "\n  ".join([f"{name}: {rule['id']}", *places])
