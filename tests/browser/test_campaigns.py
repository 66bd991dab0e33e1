"""People of the list of contacts become members of a campaign in Salesforce, as a person does it."""

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from common import jobs
from common.models import Job
from integrations.models import Connection
from tests.chromium import needs_chromium, open_page, sign_in
from tests.conftest import push_all
from tests.factories import ContactFactory, UserFactory
from tests.integrations.sync.joining import in_salesforce, work
from tests.salesforce_org import Org

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


def test_people_are_pushed_to_a_campaign_with_a_status(
    browser: Browser, live_server: LiveServer, synced: Connection, org: Org
) -> None:
    UserFactory(email="kim@example.com", password="correct-horse")
    for name in ("Autumn Fair", "Spring Webinar"):
        campaign = org.create("Campaign", Name=name, IsActive=True)
    (there,) = in_salesforce(org)
    ContactFactory(first_name="New", last_name="Member 1")
    with open_page(browser) as page:
        sign_in(page, live_server.url, "kim@example.com", "correct-horse")
        page.goto(f"{live_server.url}/contacts/?q=member")
        page.get_by_label(f"Select {there}").check()
        page.get_by_label("Select New Member 1").check()
        page.get_by_role("button", name="Push to campaign").click()

        page.get_by_placeholder("Search campaigns by name").press_sequentially("webinar")
        expect(page.get_by_role("radio")).to_have_count(1)
        page.get_by_role("radio", name="Spring Webinar").check()
        page.get_by_label("Member status in Spring Webinar").select_option("Responded")
        page.get_by_role("button", name="Push to campaign").click()
        people = page.get_by_role("region", name="People for “Spring Webinar”")
        expect(people.get_by_text("Waiting")).to_have_count(2)

        push_all()
        work()
        jobs.run(Job.objects.get().pk)
        expect(people.get_by_text("Added")).to_have_count(2)  # it asks for itself

    members = org.query(f"SELECT Contact.LastName, Status FROM CampaignMember WHERE CampaignId = '{campaign}'")
    assert sorted((one["Contact"]["LastName"], one["Status"]) for one in members) == [
        ("Member 0", "Responded"),
        ("Member 1", "Responded"),
    ]
