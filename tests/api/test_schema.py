from io import StringIO

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient

from common.api import extras
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


def test_the_description_is_valid_and_leaves_nothing_open() -> None:
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=StringIO())


def test_anybody_may_read_the_description() -> None:
    description = APIClient().get(f"{V1}schema/?format=json").json()

    assert description["openapi"].startswith("3.1")
    assert {"/api/v1/contacts/{id}/push/", "/api/v1/errors/{id}/retry/"} <= description["paths"].keys()
    assert description["components"]["schemas"]["Contact"]["properties"]["sync"]["readOnly"]


def test_without_the_integration_records_say_nothing_of_it(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = ContactFactory()
    monkeypatch.setattr(extras, "_extras", {})

    assert "sync" not in api.one("contacts", contact.pk)
    assert "sync" not in api.page("contacts")["results"][0]
