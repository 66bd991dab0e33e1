"""The rules of an object as a person sets them."""

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from integrations import tasks
from integrations.models import ActivitySettings, Connection, PullCondition, Run
from tests.chromium import held_back, needs_chromium, open_page, sign_in
from tests.conftest import push_all
from tests.factories import AccountFactory, AdminFactory, ContactFactory
from tests.salesforce_org import Org

PULL_EVERY = 30

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def alex(synced: Connection) -> None:
    AdminFactory(email="alex@example.com", password="correct-horse")


def test_conditions_are_added_taken_out_and_saved(
    browser: Browser, live_server: LiveServer, synced: Connection, alex: None
) -> None:
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(live_server.url + reverse("integrations:object", args=["account"]))
        form = page.locator("#conditions form")
        for count in (1, 2, 3):
            form.get_by_role("button", name="Add a condition").click()
            expect(form.locator(".condition")).to_have_count(count)
        form.get_by_role("button", name="Take condition 2 out").click()
        expect(form.locator(".condition")).to_have_count(2)
        form.get_by_role("button", name="Take condition 2 out").click()
        expect(form.locator(".condition")).to_have_count(1)

        assert form.get_by_label("Field").locator("option").all_inner_texts()[:2] == [
            "Choose a field",
            "Annual revenue",
        ]
        with page.expect_response("**/draft/"):
            form.get_by_label("Field").select_option(label="Name")
        expect(form.get_by_label("Values of Name")).to_be_visible()
        with page.expect_response("**/draft/"):
            form.get_by_label("Is", exact=True).select_option(label="contains")
        expect(form.get_by_label("Is", exact=True)).to_have_value("contains")
        expect(form.get_by_label("Field")).to_have_value("name")
        expect(form.get_by_label("Field").locator("option", has_text="Name")).to_have_count(1)
        with page.expect_response("**/draft/"):
            form.get_by_label("Values of Name").fill("zzz nothing")
            form.get_by_label("Values of Name").blur()
        expect(form).to_contain_text("0 would be shown")
        form.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status").filter(has_text="Pulled records are being shown and hidden")).to_be_visible()
        expect(form).to_have_count(1)

    row = PullCondition.objects.get()
    assert (row.remote_object, row.field, row.operator, row.values) == ("Account", "name", "contains", ["zzz nothing"])


def test_what_is_half_typed_or_not_saved_yet_is_not_lost(
    browser: Browser, live_server: LiveServer, synced: Connection, alex: None
) -> None:
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(live_server.url + reverse("integrations:object", args=["contact"]))
        minutes = page.get_by_label("Minutes between pulls")
        minutes.clear()
        minutes.press_sequentially("1e")
        page.locator("form:has(#pull)").get_by_role("button", name="Save").click()
        expect(minutes).to_be_focused()
        expect(page.locator("#pull .invalid-feedback")).to_contain_text("number")
        assert minutes.evaluate("field => field.validity.badInput")  # what was typed stands there still

        panel, answers = page.locator("#panel"), [False, True]
        page.on("dialog", lambda asked: asked.accept() if answers.pop(0) else asked.dismiss())
        page.get_by_role("button", name="First name, Contact").click()
        panel.get_by_role("radio", name="Not mapped").check()
        page.keyboard.press("Escape")
        expect(panel.get_by_role("radio", name="Not mapped")).to_be_checked()
        assert answers == [True]
        page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        assert answers == []
    synced.refresh_from_db()
    assert synced.object_settings.get(record_kind="contact").pull_every == PULL_EVERY
    assert synced.field_mappings.filter(remote_object="Contact", field="first_name").exists()


def test_what_is_changed_while_a_save_is_under_way_cuts_nothing_off_and_stays(
    browser: Browser, live_server: LiveServer, synced: Connection, alex: None
) -> None:
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(live_server.url + reverse("integrations:object", args=["contact"]))
        form = page.locator("form:has(#pull)")
        minutes, save = form.get_by_label("Minutes between pulls"), form.get_by_role("button", name="Save")
        minutes.fill("45")
        with held_back(page, "**/settings/"):
            save.click()
            minutes.fill("50")
            form.get_by_label("Only those in chosen stages").check()
        expect(page.get_by_role("status").filter(has_text="aved")).to_be_visible()
        saved = synced.object_settings.get(record_kind="contact")
        assert (saved.pull_every, saved.push_by_stage) == (45, False)
        expect(form.get_by_label("Only those in chosen stages")).to_be_checked()
        expect(minutes).to_have_value("50")

        form.get_by_label("No stage").check()
        with page.expect_response("**/settings/"):
            save.click()
    saved.refresh_from_db()
    assert (saved.pull_every, saved.push_by_stage) == (50, True)


def test_a_save_takes_what_is_filled_in_while_a_draft_is_under_way(
    browser: Browser, live_server: LiveServer, synced: Connection, alex: None
) -> None:
    with open_page(browser, expected="[object HTMLFormElement]") as page:  # htmx tells what it breaks off
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(live_server.url + reverse("integrations:object", args=["contact"]))
        form = page.locator("form:has(#pull)")
        with page.expect_response("**/draft/"), held_back(page, "**/draft/"):
            form.get_by_label("Leads", exact=True).check()
            form.get_by_label("Minutes between pulls").fill("50")
        expect(form.get_by_text("only leads need a company")).to_be_hidden()
        expect(form.get_by_label("Minutes between pulls")).to_have_value("50")
        with held_back(page, "**/draft/"):
            form.get_by_label("Contacts", exact=True).check()
            form.get_by_role("button", name="Save").click()
            expect(page.get_by_role("status").filter(has_text="aved")).to_be_visible()
    saved = synced.object_settings.get(record_kind="contact")
    assert (saved.pull_every, saved.create_as) == (50, "Contact")


def test_a_condition_filled_in_while_others_are_saved_stays(
    browser: Browser, live_server: LiveServer, synced: Connection, alex: None
) -> None:
    PullCondition.objects.create(
        connection=synced, remote_object="Account", field="name", operator="contains", values=["First"]
    )
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(live_server.url + reverse("integrations:object", args=["account"]))
        form = page.locator("#conditions form")
        values = form.get_by_label("Values of Name")
        with held_back(page, "**/conditions/Account/"):
            form.get_by_role("button", name="Save").click()
            values.fill("Second")
            values.blur()
            form.get_by_role("button", name="Take condition 1 out").click()
        expect(page.get_by_role("status").filter(has_text="Pulled records are being shown and hidden")).to_be_visible()
        expect(values).to_have_value("Second")
        expect(form).to_contain_text("Not saved yet.")
    assert PullCondition.objects.get().values == ["First"]


def test_a_switch_turned_while_the_activities_are_saved_stays(
    browser: Browser, live_server: LiveServer, synced: Connection, alex: None
) -> None:
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(live_server.url + reverse("integrations:activities"))
        form = page.locator("#activity-settings")
        form.get_by_label("Push calls").check()
        with held_back(page, "**/activities/settings/"):
            form.get_by_role("button", name="Save").click()
            form.get_by_label("Push notes", exact=True).check()
        expect(page.get_by_text("Saved. It counts from now on.")).to_be_visible()
        expect(form.get_by_label("Push notes", exact=True)).to_be_checked()
        expect(form.get_by_label("Push calls")).to_be_checked()
    saved = ActivitySettings.of(synced)
    assert (saved.push_calls, saved.push_notes) == (True, False)


def test_the_one_time_push_is_counted_begun_held_and_done(
    browser: Browser, live_server: LiveServer, synced: Connection, alex: None, org: Org
) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_new=False)
    account = AccountFactory()
    for number in range(3):
        ContactFactory(last_name=f"Older {number}", account=account)
    push_all()
    synced.object_settings.filter(record_kind="contact").update(push_new=True)
    with open_page(browser) as page:
        sign_in(page, live_server.url, "alex@example.com", "correct-horse")
        page.goto(live_server.url + reverse("integrations:object", args=["contact"]))
        row = page.locator("#once-push-contact")
        row.get_by_role("button", name="Count first").click()
        expect(row).to_contain_text("Created in Salesforce")
        row.get_by_role("button", name="Start").click()
        row.get_by_role("button", name="Pause").click()
        expect(row).to_contain_text("Paused.")
        row.get_by_role("button", name="Go on").click()
        expect(row.get_by_role("button", name="Pause")).to_be_visible()
        tasks.mark_everything()
        push_all()
        tasks.tick()
        expect(row).to_contain_text("3 created")  # it asks for itself

    assert Run.objects.get(kind=Run.Kind.EVERYTHING).created == 3
    assert len(org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Older%'")) == 3
