"""Settings > Salesforce > Inside Salesforce."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Connection
from localorg.visualforce import markup
from tests.factories import UserFactory
from tests.integrations.embedding.conftest import sign_in
from users.models import User

pytestmark = pytest.mark.django_db
PAGE = "/settings/integrations/salesforce/logins/embedding/"


def test_the_markup_names_this_site_and_is_well_formed(
    admin_client: Client, connection: Connection, settings: Any
) -> None:
    settings.SITE_URL = "https://crm.example.com"

    text = admin_client.get(PAGE).context["markup"]

    assert "https://crm.example.com/embedded-crm/account?crm_object_id={!Account.Id}" in text
    page = markup.parse(text)
    assert markup.controller(page) == "Account"
    assert list(markup.names(page)) == ["Account.Id"]


def test_the_switch_lets_users_of_the_org_in_and_out(admin_client: Client, connection: Connection) -> None:
    admin_client.post(PAGE, {"lets_panel_users_in": "on"})
    is_on = Connection.objects.get().lets_panel_users_in
    admin_client.post(PAGE, {})

    assert is_on
    assert not Connection.objects.get().lets_panel_users_in


def test_it_says_who_used_the_panel_lately(admin_client: Client, connection: Connection) -> None:
    Connection.objects.update(lets_panel_users_in=True)
    sign_in(UserFactory(name="Kim Member"))
    sign_in(UserFactory(name="Sol Seller", role=User.Role.PANEL))

    page = admin_client.get(PAGE).content.decode()

    assert page.index("Sol Seller") < page.index("Kim Member")
    assert "Panel only" in page


def test_members_do_not_see_it(client: Client, connection: Connection) -> None:
    client.force_login(UserFactory())

    assert client.get(PAGE).status_code == 403
    assert reverse("integrations:embedding") == PAGE
