"""The settings of activities as a person makes them: switches, the title of calls, an exclusion rule and its tester."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from integrations.models import ActivitySettings, Connection, ExclusionRule
from integrations.models.activities import SWITCHES
from tests.chromium import needs_chromium, open_page, sign_in
from tests.factories import ActivityFactory, AdminFactory, ContactFactory

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]

WILL_FAIL = "This will fail for whatever is not in Salesforce yet"


@pytest.fixture
def base(live_server: LiveServer, connection: Connection) -> str:
    connection.object_settings.update(push_new=False, sync="both")
    connection.object_settings.filter(record_kind="deal").update(sync="off")
    AdminFactory(email="alex@example.com", password="correct-horse")
    ann = ContactFactory(first_name="Ann", last_name="Amber", crm_id="003Tb0000000001AAA")
    ActivityFactory(kind="call", subject="About prices", contact=ann)
    return live_server.url


def open_settings(page: Page, base: str) -> Locator:
    sign_in(page, base, "alex@example.com", "correct-horse")
    with page.expect_response("**/reach/"):
        page.goto(base + reverse("integrations:activities"))
    return page.locator("#activity-settings")


def test_switches_are_off_at_first_and_warn_while_nothing_goes_that_activities_hang_on(
    browser: Browser, base: str, connection: Connection
) -> None:
    with open_page(browser) as page:
        form = open_settings(page, base)
        expect(form.get_by_role("checkbox")).to_have_count(len(SWITCHES))
        expect(form.locator("input[type=checkbox]:checked")).to_have_count(0)
        expect(form.locator("#reach-push_calls")).to_contain_text("1")
        expect(form.get_by_text(WILL_FAIL)).to_be_hidden()

        form.get_by_label("Push calls").check()
        expect(form.get_by_text(WILL_FAIL)).to_be_visible()
        form.get_by_label("Push calls").uncheck()
        expect(form.get_by_text(WILL_FAIL)).to_be_hidden()
        for switch in ("Push calls", "Push meetings", "Push notes"):  # faster than the server answers
            form.get_by_label(switch, exact=True).check()
        expect(form.get_by_text(WILL_FAIL)).to_be_visible()
        form.get_by_role("button", name="Save").click()

        expect(page.get_by_text("Saved. It counts from now on.")).to_be_visible()
        expect(form.locator("input[type=checkbox]:checked")).to_have_count(3)
    settings = ActivitySettings.of(connection)
    assert {name for name in SWITCHES if getattr(settings, name)} == {"push_calls", "push_meetings", "push_notes"}


def test_a_title_is_shown_while_it_is_written_and_a_placeholder_that_is_none_is_named(
    browser: Browser, base: str, connection: Connection
) -> None:
    with open_page(browser) as page:
        form = open_settings(page, base)
        title, preview = form.get_by_label("Title of calls"), form.locator("#title-call_title")
        expect(preview).to_contain_text("would be called")

        title.press_sequentially("!", delay=0)
        title.fill("Call with {{contact}}")
        title.press_sequentially(": {{subject}}", delay=150)  # slower than it is asked for: several are under way
        expect(preview).to_have_text("The newest one would be called Call with Ann Amber: About prices")
        title.fill("{{contract}}")
        expect(preview).to_contain_text("contract")
        form.get_by_role("button", name="Save").click()
        expect(form.get_by_text("Nothing was saved.")).to_be_visible()
        title.fill("{{contact}}: {{subject}}")
        form.get_by_role("button", name="Save").click()
        expect(form.get_by_text("Nothing was saved.")).to_be_hidden()
    assert ActivitySettings.of(connection).call_title == "{{contact}}: {{subject}}"


def test_a_rule_is_added_and_the_tester_tells_which_rule_decides(
    browser: Browser, base: str, connection: Connection
) -> None:
    ActivitySettings.objects.create(connection=connection, push_emails_sent_elsewhere=True)
    with open_page(browser) as page:
        open_settings(page, base)
        page.get_by_role("button", name="Add a rule").click()
        panel = page.locator("#panel")
        panel.get_by_label("Name").fill("Lawyers")
        panel.get_by_role("group", name="To", exact=True).get_by_label("Domains").fill("law.example")
        expect(panel.locator("#exclusion-effect")).to_contain_text("no e-mails of the last 30 days")
        panel.get_by_role("button", name="Save").click()
        expect(page.locator("#exclusions")).to_contain_text("To: law.example")
        expect(panel).to_be_hidden()

        tester = page.locator("#tester-form")
        tester.get_by_label("From").fill("alex@example.com")
        tester.get_by_label("To", exact=True).fill("Lee <lee@mail.law.example>")
        tester.get_by_role("button", name="Try it").click()
        expect(tester).to_contain_text("The exclusion rule “Lawyers” keeps it out.")
        tester.get_by_role("button", name="See the rule").click()
        expect(panel.get_by_label("Name")).to_have_value("Lawyers")
    assert ExclusionRule.objects.get().to_domains == ["law.example"]
