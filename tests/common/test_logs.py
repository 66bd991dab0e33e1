"""What the log says of refused pages."""

import logging

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import AdminFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_member_who_may_not_open_a_page_is_a_line_in_the_log_without_a_traceback(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(UserFactory())

    with caplog.at_level(logging.WARNING, logger="django.request"):
        assert client.get(reverse("users:people")).status_code == 403

    [line] = [record for record in caplog.records if record.name == "django.request"]
    assert line.levelname == "WARNING"
    assert line.exc_info is None


def test_a_fault_keeps_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("django.request").exception("Internal Server Error")

    assert caplog.records[-1].exc_info


def test_the_pages_of_djangos_admin_have_our_icon(client: Client) -> None:
    client.force_login(AdminFactory())

    assert 'rel="icon"' in client.get(reverse("admin:index")).content.decode()
