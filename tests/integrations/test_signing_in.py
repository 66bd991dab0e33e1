"""Signing in to Tandem with the org's own sign-in: who gets in, who does not, and that it is off unless it is set."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.cache import cache
from django.test import Client

from common.models import AuditEntry
from integrations.models import Connection, Credential, PanelMember, UserMapping
from tests.factories import UserFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
CALLBACK = "http://localhost/settings/integrations/salesforce/callback/"
DOOR = "/auth/salesforce/"
SALES = 1  # of the org's users: no admin
BUTTON = b"Sign in with Salesforce"


@pytest.fixture(autouse=True)
def _on(settings: Any, connection: Connection) -> None:
    settings.SALESFORCE_SIGN_IN = True
    cache.clear()  # sign-ins are counted in it


@pytest.fixture
def kim(connection: Connection, org: Org) -> User:
    """A member who has connected a login of the org."""
    user = UserFactory(name="Kim", email="kim@example.com")
    Credential.objects.create(connection=connection, user=user, remote_user_id=id_of(org))
    return user


@pytest.fixture
def by_org(client: Client, org: Org) -> Callable[..., Any]:
    """Sign in with the org's login, as a browser does; where that ends."""
    org.control("settings", redirect_uris=[CALLBACK])

    def sign_in(
        person: int = SALES,
        decision: str = "allow",
        to: str = "",
        meanwhile: Callable[[], object] = lambda: None,
        **changes: str,
    ) -> Any:
        answer = client.post(DOOR, {"next": to}, headers={"HX-Request": "true"})
        browser, who, url = requests.Session(), org.users[person], answer["HX-Redirect"]
        browser.post(url, data={"username": who["username"], "password": who["password"]}, timeout=10)
        back = browser.post(url, data={"decision": decision}, allow_redirects=False, timeout=10).headers["Location"]
        meanwhile()
        told = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} | changes
        return client.get(f"{CALLBACK}?{urlencode(told)}", follow=True)

    return sign_in


def id_of(org: Org) -> str:
    return org.query(f"SELECT Id FROM User WHERE Username = '{org.users[SALES]['username']}'")[0]["Id"]


def who(client: Client) -> User | None:
    return User.objects.filter(pk=client.session.get("_auth_user_id")).first()


def test_whoever_connected_the_login_gets_in_and_where_they_wanted(by_org: Any, client: Client, kim: User) -> None:
    page = client.get("/auth/login/?next=/deals/").content

    answer = by_org(to="/deals/")

    assert BUTTON in page
    assert b'name="next" value="/deals/"' in page
    assert who(client) == kim
    assert answer.redirect_chain[-1][0] == "/deals/"
    assert AuditEntry.objects.filter(kind="sign_in", user=kim).latest("at").what == "By Salesforce"


def test_without_the_setting_there_is_no_such_way(client: Client, kim: User, settings: Any) -> None:
    settings.SALESFORCE_SIGN_IN = False

    assert BUTTON not in client.get("/auth/login/").content
    assert client.post(DOOR).status_code == 404


def test_turned_off_meanwhile_a_return_signs_nobody_in(by_org: Any, client: Client, kim: User, settings: Any) -> None:
    answer = by_org(meanwhile=lambda: setattr(settings, "SALESFORCE_SIGN_IN", False))

    assert who(client) is None
    assert b"Signing in with Salesforce is off" in answer.content


def test_while_nothing_is_connected_there_is_no_such_way(client: Client, connection: Connection) -> None:
    Connection.objects.update(org_id="")

    assert BUTTON not in client.get("/auth/login/").content
    assert client.post(DOOR).status_code == 404


def test_an_address_that_the_org_claims_opens_nothing(by_org: Any, client: Client, org: Org) -> None:
    """Whoever administers the org gives its users any address, also an admin's of Tandem."""
    user = UserFactory(email=org.users[SALES]["username"], role=User.Role.ADMIN)
    UserMapping.objects.filter(remote_id=id_of(org)).update(user=user, email=user.email)
    org.update("User", id_of(org), Email=user.email)

    answer = by_org()

    assert who(client) is None
    assert b"This Salesforce login is not connected here" in answer.content
    assert AuditEntry.objects.filter(kind="failed").latest("at").what.startswith("With Salesforce: This")


def test_nobody_is_made(by_org: Any, client: Client, connection: Connection) -> None:
    Connection.objects.update(lets_panel_users_in=True)  # the panel would take them
    before = User.objects.count()

    by_org()

    assert who(client) is None
    assert (User.objects.count(), PanelMember.objects.count()) == (before, 0)


def test_the_apps_own_user_is_nobody(by_org: Any, client: Client, kim: User) -> None:
    Credential.objects.filter(user=kim).update(grant=Credential.Grant.CLIENT_CREDENTIALS)

    by_org()

    assert who(client) is None


def test_a_login_that_was_revoked_here_opens_nothing(by_org: Any, client: Client, kim: User) -> None:
    Credential.objects.filter(user=kim).update(broken_reason="An admin revoked it.")

    by_org()

    assert who(client) is None


def test_a_login_of_another_org_is_refused(by_org: Any, client: Client, kim: User) -> None:
    Connection.objects.update(org_id="00D000000000099AAA")

    answer = by_org()

    assert who(client) is None
    assert b"belongs to another org" in answer.content


def test_who_was_deactivated_here_stays_out(by_org: Any, client: Client, kim: User) -> None:
    User.objects.filter(pk=kim.pk).update(is_active=False)

    answer = by_org()

    assert who(client) is None
    assert answer.redirect_chain[-1][0] == "/auth/inactive/"


def test_who_has_the_panel_only_stays_out(by_org: Any, client: Client, kim: User) -> None:
    User.objects.filter(pk=kim.pk).update(role=User.Role.PANEL)

    answer = by_org()

    assert who(client) is None
    assert b"panel in your CRM only" in answer.content


def test_a_second_factor_is_asked_for_all_the_same(by_org: Any, client: Client, kim: User) -> None:
    TOTP.activate(kim, SECRET)

    answer = by_org()
    before = who(client)
    client.post("/auth/2fa/authenticate/", {"code": format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))})

    assert answer.redirect_chain[-1][0] == "/auth/2fa/authenticate/"
    assert before is None
    assert who(client) == kim


def test_saying_no_in_the_org_signs_nobody_in(by_org: Any, client: Client, kim: User) -> None:
    answer = by_org(decision="deny")

    assert who(client) is None
    assert b"Access was denied" in answer.content


def test_a_forged_return_is_none_and_a_good_one_counts_once(by_org: Any, client: Client, kim: User) -> None:
    by_org(state="another")
    assert who(client) is None

    address = by_org().redirect_chain
    assert who(client) == kim
    client.logout()
    client.get(address[0][0])
    assert who(client) is None


def test_a_return_in_another_browser_signs_nobody_in(client: Client, kim: User) -> None:
    state = parse_qs(urlsplit(client.post(DOOR)["Location"]).query)["state"][0]
    other = Client()

    other.get(CALLBACK, {"state": state, "code": "x"})

    assert who(other) is None


def test_it_leads_to_no_other_site(by_org: Any, client: Client, kim: User) -> None:
    answer = by_org(to="https://elsewhere.example/")

    assert who(client) == kim
    assert answer.redirect_chain[-1][0] == "/"


def test_the_org_is_asked_who_it_is_and_no_token_stays(by_org: Any, client: Client, kim: User, org: Org) -> None:
    url = client.post(DOOR)["Location"]

    by_org()

    assert parse_qs(urlsplit(url).query)["scope"] == ["openid id"]
    assert Credential.objects.get(user=kim).access_token == ""


def test_it_is_begun_twenty_times_in_five_minutes(client: Client, kim: User) -> None:
    for _ in range(20):
        assert client.post(DOOR)["Location"].startswith("http")

    assert client.post(DOOR)["Location"] == "/auth/login/"
