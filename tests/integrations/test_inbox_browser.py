"""The way through the inbox as a person goes it."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import Account
from contacts.models import Contact
from integrations import notices
from integrations.models import Connection, ErrorEntry
from tests.chromium import needs_chromium, open_page, sign_in
from tests.conftest import push_all
from tests.factories import AdminFactory, ContactFactory
from tests.salesforce_org import Org

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]
COUNT = notices.PILE


@pytest.fixture
def refused(synced: Connection) -> None:
    """One cause that many records meet: a word that a restricted picklist does not have."""
    AdminFactory(email="alex@example.com", password="correct-horse")
    synced.field_mappings.filter(remote_object="Contact", remote_field="Level__c").delete()
    synced.field_mappings.create(
        record_kind="contact", field="seniority", remote_object="Contact", remote_field="Level__c"
    )
    account = Account.objects.exclude(crm_id="").first()
    for number in range(COUNT):
        ContactFactory(last_name=f"Number {number}", seniority="Galactic", account=account)
    push_all()
    notices.look(synced)


def test_from_the_bell_to_a_cause_to_an_answer_that_counts_for_all(
    browser: Browser, live_server: LiveServer, refused: None, org: Org
) -> None:
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.get_by_role("link", name="Notices: 1 new").click()
        page.get_by_role("link", name="Contacts are refused: A value that the picklist does not allow").click()
        expect(page.locator("#rows tbody tr")).to_have_count(COUNT)

        page.get_by_label("Record, message or code").press_sequentially("number 7")
        expect(page.locator("#rows tbody tr")).to_have_count(1)
        page.get_by_role("link", name="Ann Number 7").click()

        expect(page.get_by_label("Seniority").locator("option")).to_have_text(["Primary", "Secondary", "Tertiary"])
        page.get_by_label("“Galactic” goes to Salesforce as").select_option("Primary")
        page.get_by_role("button", name=f"Map it and retry all {COUNT}").click()
        expect(page.get_by_role("status").filter(has_text=f"{COUNT} records are on the way again")).to_be_visible()

        push_all()
        expect(page.locator("#error-entry")).to_contain_text("Closed")  # it asks for itself
        page.goto(live_server.url + reverse("integrations:errors"))
        expect(page.get_by_text("Everything that was pushed got through.")).to_be_visible()

    assert not ErrorEntry.objects.open().exists()
    remote = {
        org.get("Contact", contact.crm_id)["Level__c"] for contact in Contact.objects.filter(seniority="Galactic")
    }
    assert remote == {"Primary"}
