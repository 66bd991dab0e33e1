"""Health and runs as a person sees them: charts that are drawn, and a pull that is taken back."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from contacts.models import Contact
from integrations import tasks
from integrations.models import Connection, Run, Sample
from tests.chromium import needs_chromium, open_page, sign_in
from tests.conftest import pull_all
from tests.factories import AdminFactory
from tests.salesforce_org import Org

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
MINUTES = 29
# The highest bar or point of a chart, if its canvas is not as empty as a new one.
DRAWN = """canvas => {
  const empty = document.createElement("canvas");
  [empty.width, empty.height] = [canvas.width, canvas.height];
  const values = Chart.getChart(canvas).data.datasets.flatMap(series => series.data);
  return canvas.toDataURL() === empty.toDataURL() ? 0 : Math.max(...values);
}"""


@pytest.fixture
def alex(synced: Connection) -> None:
    AdminFactory(email="alex@example.com", password="correct-horse")


def drawn(page: Page, title: str) -> float:
    chart = page.locator("[data-chart]", has_text=title)
    expect(chart.locator("canvas")).to_be_visible()
    return float(chart.locator("canvas").evaluate(DRAWN))


def test_the_charts_are_drawn_in_both_themes_and_anew_when_the_theme_changes(
    browser: Browser, live_server: LiveServer, synced: Connection, alex: None
) -> None:
    for minutes in range(1, MINUTES + 1):
        at = (timezone.now() - timedelta(minutes=minutes)).replace(second=0, microsecond=0)
        Sample.objects.create(connection=synced, at=at, values={"in": {"Contact": minutes}, "lag": {"Contact": 60}})
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")

        page.goto(live_server.url + reverse("integrations:health"))
        assert drawn(page, "Changed in Tandem") >= MINUTES
        page.get_by_role("button", name="Switch between light and dark").click()
        assert page.locator("html").get_attribute("data-bs-theme") == "dark"
        assert drawn(page, "Changed in Tandem") >= MINUTES
        page.get_by_role("link", name="Week").click()
        expect(page.get_by_role("link", name="Week")).to_have_class("btn btn-sm active")
        assert drawn(page, "Changed in Tandem") >= MINUTES


def test_a_pull_is_looked_at_and_taken_back(
    browser: Browser, live_server: LiveServer, synced: Connection, org: Org, alex: None
) -> None:
    contact = Contact.objects.filter(crm_object="Contact").earliest("pk")
    org.update("Contact", contact.crm_id, Title="Overwritten")
    pull_all()
    run = Run.objects.filter(kind=Run.Kind.PULL, remote_object="Contact").latest("pk")
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(live_server.url + reverse("integrations:runs"))
        page.locator(f"a[href$='/runs/{run.pk}/']").click()
        expect(page.get_by_role("listitem").filter(has_text=str(contact))).to_contain_text("Overwritten")

        page.get_by_role("link", name="Undo…").click()
        expect(page.get_by_role("listitem").filter(has_text=str(contact))).to_contain_text("Overwritten")
        page.get_by_role("button", name="Undo").click()
        tasks.undo_runs(600)

        expect(page.get_by_text("1 record: 1 changed")).to_be_visible()  # it asks for itself
        page.reload()
        expect(page.get_by_role("listitem").filter(has_text=str(contact))).to_contain_text("Overwritten")
    assert Contact.objects.get(pk=contact.pk).title == contact.title
