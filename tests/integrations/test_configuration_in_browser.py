"""A text of settings, taken over as an admin does it."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from integrations.models import Connection
from tests.chromium import needs_chromium, open_page, sign_in
from users.models import User

pytestmark = [pytest.mark.browser, needs_chromium, pytest.mark.django_db(transaction=True)]


def test_settings_are_exported_changed_compared_and_taken_over(
    browser: Browser, live_server: LiveServer, admin: User, connection: Connection, tmp_path: Path
) -> None:
    admin.set_password("correct-horse")
    admin.save()
    with open_page(browser) as page:
        sign_in(page, live_server.url, admin.email, "correct-horse")
        page.goto(f"{live_server.url}/settings/integrations/salesforce/configuration/")
        page.get_by_text("Look at it here").click()
        expect(page.get_by_label("The settings as a text")).to_have_value(re.compile("version: 1"))
        with page.expect_download() as download:
            page.get_by_role("link", name="Export").click()
        file = tmp_path / "settings.yaml"
        download.value.save_as(file)
        file.write_text(
            file.read_text().replace("pull_every: 30", "pull_every: 5", 1).replace("version: 1", "versio: 1")
        )

        page.get_by_label("A file").set_input_files(file)
        page.get_by_role("button", name="Show what it would change").click()
        expect(page.get_by_role("list", name="Faults")).to_contain_text("Did you mean “version”?")

        text = page.get_by_label("Or its text")
        text.fill(text.input_value().replace("versio: 1", "version: 1"))
        page.get_by_role("button", name="Compare again").click()
        row = page.get_by_role("row", name="Minutes between pulls")
        expect(row).to_contain_text("30")
        expect(row).to_contain_text("5")
        assert connection.object_settings.get(record_kind="contact").pull_every == 30
        page.get_by_role("button", name="Change it").click()
        expect(page.get_by_role("status").filter(has_text="as the text says")).to_be_visible()

        page.get_by_role("link", name="Who changed what").click()
        expect(
            page.get_by_role("list", name="Changes, the newest first").get_by_role("listitem").first
        ).to_contain_text("30")
    assert connection.object_settings.get(record_kind="contact").pull_every == 5
