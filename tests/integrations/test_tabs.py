"""Which of the integration's tabs a page belongs to."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Connection

pytestmark = pytest.mark.django_db


def _current(html: str) -> list[tuple[str, str]]:
    """The tabs that are marked, each with how."""
    bar = re.search(r'<ul class="nav nav-tabs integration-tabs.*?</ul>', html, re.DOTALL)
    assert bar
    tabs = re.findall(r'<a class="([^"]*)"\s+href="[^"]*"(?: aria-current="(\w+)")?>([^<]*)', bar[0])
    return [(label.strip(), current) for classes, current, label in tabs if "active" in classes]


@pytest.mark.parametrize(
    ("name", "arguments", "tab", "current"),
    [
        ("overview", [], "Overview", "page"),
        ("previews", [], "Overview", "true"),
        ("tombstones", [], "Overview", "true"),
        ("object", ["contact"], "Contacts &amp; leads", "page"),
        ("field_table", ["account"], "Accounts", "true"),
        ("conditions", ["Lead"], "Contacts &amp; leads", "true"),
        ("conditions", ["Opportunity"], "Deals", "true"),
        ("activities", [], "Activities", "page"),
        ("errors", [], "Inbox", "true"),
        ("duplicates", [], "Inbox", "true"),
        ("runs", [], "Health", "true"),
        ("permissions", [], "Logins", "true"),
        ("settings_log", [], "Configuration", "true"),
    ],
)
def test_a_page_stands_under_one_tab(
    admin_client: Client, connection: Connection, name: str, arguments: list[str], tab: str, current: str
) -> None:
    page = admin_client.get(reverse(f"integrations:{name}", args=arguments), follow=True)

    assert _current(page.content.decode()) == [(tab, current)]
