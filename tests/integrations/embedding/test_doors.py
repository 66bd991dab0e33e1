"""Signing in by the window: with a password, or with the org's own login."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from integrations.embedding import doors, sessions
from integrations.embedding.sessions import Refused
from integrations.models import Connection, Credential, PanelMember, PanelSession
from tests.factories import ContactFactory, UserFactory
from tests.integrations.embedding.conftest import Frame
from tests.salesforce_org import Org
from tests.test_readers import ROUTES, filled
from users import services as people
from users.models import User

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
VERIFIER = "v" * 43
CHALLENGE = sessions.challenge_of(VERIFIER)
CALLBACK = "http://localhost/settings/integrations/salesforce/callback/"
SALES = 1  # of the org's users: no admin


@pytest.fixture
def window() -> Client:
    return Client()


@pytest.fixture
def by_org(window: Client, org: Org) -> Callable[..., Any]:
    """Sign in with the org's login in the window; what it shows then."""
    org.control("settings", redirect_uris=[CALLBACK])

    def sign_in(person: int = SALES, decision: str = "allow", **changes: str) -> Any:
        answer = window.post(reverse("embedding:to_the_org"), {"challenge": CHALLENGE}, headers={"HX-Request": "true"})
        browser, who, url = requests.Session(), org.users[person], answer["HX-Redirect"]
        browser.post(url, data={"username": who["username"], "password": who["password"]}, timeout=10)
        back = browser.post(url, data={"decision": decision}, allow_redirects=False, timeout=10).headers["Location"]
        told = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()} | changes
        return window.get(f"{reverse('salesforce:callback')}?{urlencode(told)}", follow=True)

    return sign_in


@pytest.fixture
def open_panel(connection: Connection) -> None:
    Connection.objects.update(lets_panel_users_in=True)


def door() -> str:
    return doors.address(CHALLENGE)


def code(window: Client) -> Any:
    return window.post(reverse("embedding:hand_over"), {"challenge": CHALLENGE})


def body(answer: Any) -> str:
    return answer.content.decode()


def test_a_password_leads_to_the_hand_over(window: Client, connection: Connection) -> None:
    UserFactory(email="kim@example.com", name="Kim", password="correct-horse")

    asked = window.get(door())
    answer = window.post(door(), {"login": "kim@example.com", "password": "correct-horse"}, follow=True)

    assert "Sign in to the panel" in body(asked)
    assert "data-hand-over" in body(answer)
    assert [step["Cross-Origin-Opener-Policy"] for step in (asked, answer)] == ["unsafe-none"] * 2
    token, session = sessions.exchange(code(window).json()["code"], VERIFIER)
    assert (session.user.name, sessions.find(token).user.name) == ("Kim", "Kim")


def test_a_second_factor_is_asked_for_in_the_window(window: Client, connection: Connection) -> None:
    TOTP.activate(UserFactory(email="kim@example.com", password="correct-horse"), SECRET)

    asked = window.post(door(), {"login": "kim@example.com", "password": "correct-horse"}, follow=True)
    before = code(window).status_code
    shown = format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))
    through = window.post("/auth/2fa/authenticate/", {"code": shown})

    assert asked.redirect_chain[-1][0] == "/auth/2fa/authenticate/"
    assert before == 403
    assert through["Location"] == door()
    assert {step["Cross-Origin-Opener-Policy"] for step in (asked, through)} == {"unsafe-none"}
    assert code(window).status_code == 200


def test_a_wrong_password_is_told_in_the_window(window: Client, connection: Connection) -> None:
    UserFactory(email="kim@example.com", password="correct-horse")

    answer = window.post(door(), {"login": "kim@example.com", "password": "wrong"})

    assert "not correct" in body(answer)
    assert code(window).status_code == 403


def test_no_code_stands_on_a_page_and_none_is_made_by_looking(window: Client, connection: Connection) -> None:
    window.force_login(UserFactory())

    window.get(door())

    assert not PanelSession.objects.exists()


def test_codes_are_given_to_pages_of_our_own_only(connection: Connection) -> None:
    window = Client(enforce_csrf_checks=True)
    window.force_login(UserFactory())

    assert code(window).status_code == 403
    assert not PanelSession.objects.exists()


@pytest.mark.parametrize("challenge", ["", "short", "x" * 44, "'" * 43])
def test_a_window_that_no_panel_opened_says_what_to_do(window: Client, challenge: str) -> None:
    answer = window.get(reverse("embedding:sign_in"), {"challenge": challenge})

    assert answer.status_code == 400
    assert "Open an account there" in body(answer)


def test_who_may_not_look_is_told_why_and_gets_no_code(window: Client, connection: Connection) -> None:
    window.force_login(UserFactory())
    connection.disconnected_at = connection.connected_at
    connection.save(update_fields=["disconnected_at"])

    answer = code(window)

    assert answer.status_code == 403
    assert "not connected" in answer.json()["refusal"]


def test_codes_are_given_out_slowly(window: Client, connection: Connection) -> None:
    window.force_login(UserFactory())

    assert [code(window).status_code for _ in range(21)] == [200] * 20 + [429]


# --- with the org's login -----------------------------------------------------------------------------------------


def test_without_leave_an_orgs_user_is_told_whom_to_ask(by_org: Any, connection: Connection, window: Client) -> None:
    answer = by_org()

    assert "Ask an admin of your team to invite you" in body(answer)
    assert code(window).status_code == 403
    assert not User.objects.filter(role=User.Role.PANEL).exists()


def test_an_orgs_user_becomes_a_panel_only_user(
    by_org: Any, connection: Connection, org: Org, window: Client, open_panel: None
) -> None:
    answer = by_org()

    member = PanelMember.objects.get()
    assert "data-hand-over" in body(answer)
    assert (member.user.email, member.user.role) == (org.users[SALES]["email"], User.Role.PANEL)
    assert sessions.exchange(code(window).json()["code"], VERIFIER)[1].user == member.user
    assert "_auth_user_id" not in window.session
    assert not Credential.objects.filter(remote_user_id=member.remote_user_id).exists()


def test_they_come_back_as_the_same_person(by_org: Any, connection: Connection, open_panel: None) -> None:
    by_org()
    by_org()

    assert User.objects.filter(role=User.Role.PANEL).count() == 1


def test_whose_login_is_connected_is_that_user(by_org: Any, connection: Connection, org: Org, window: Client) -> None:
    kim = UserFactory(email="kim@example.com")
    remote_id = org.query(f"SELECT Id FROM User WHERE Username = '{org.users[SALES]['username']}'")[0]["Id"]
    connection.credentials.create(user=kim, remote_user_id=remote_id)

    by_org()

    assert sessions.exchange(code(window).json()["code"], VERIFIER)[1].user == kim


def test_the_apps_own_user_is_nobody_here(by_org: Any, connection: Connection, window: Client) -> None:
    """The demo connects by the app itself: whoever signs in as that user is not the admin who did so."""
    assert connection.team_credential.is_apps_own

    by_org(person=0)

    assert code(window).status_code == 403


def test_an_address_alone_makes_nobody_who_is_here(
    by_org: Any, connection: Connection, org: Org, window: Client, open_panel: None
) -> None:
    UserFactory(email=org.users[SALES]["email"])

    answer = by_org()

    assert "has a sign-in of Tandem" in body(answer)
    assert code(window).status_code == 403


def test_who_was_deactivated_here_stays_out(
    by_org: Any, connection: Connection, window: Client, open_panel: None
) -> None:
    by_org()
    people.deactivate(PanelMember.objects.get().user, heir=None)

    assert "deactivated you" in body(by_org())
    assert code(window).status_code == 403


def test_a_refusal_in_the_org_is_told(by_org: Any, connection: Connection, window: Client) -> None:
    assert "Access was denied" in body(by_org(decision="deny"))


def test_a_forged_return_is_none(by_org: Any, connection: Connection, window: Client, open_panel: None) -> None:
    by_org(state="another")

    assert code(window).status_code == 403
    assert not PanelMember.objects.exists()


# --- people who have the panel only -------------------------------------------------------------------------------


@pytest.fixture
def member(by_org: Any, synced: Connection, open_panel: None) -> User:
    by_org()
    return PanelMember.objects.get().user


def test_the_org_is_asked_whether_they_may_read_the_account(member: User, account: Account, org: Org) -> None:
    panel = Frame(account, member)
    org.forget_calls()

    answers = [panel.get("panel") for _ in range(3)]

    assert {answer.status_code for answer in answers} == {200}
    assert account.name in body(answers[0])
    assert sum(org.calls().values()) == 1


def test_what_they_may_not_read_there_they_do_not_see_here(
    member: User, account: Account, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.salesforce.org.may_read", lambda client, user_id, record_id: False)

    answer = Frame(account, member).get("panel")

    assert answer.status_code == 404
    assert account.name not in body(answer)
    assert "Ask whoever owns it in Salesforce" in body(answer)


def test_who_was_deactivated_in_the_org_sees_nothing(member: User, account: Account, org: Org) -> None:
    org.update("User", member.panel_member.remote_user_id, IsActive=False)
    try:
        answer = Frame(account, member).get("panel")
    finally:
        org.update("User", member.panel_member.remote_user_id, IsActive=True)

    assert answer.status_code == 404
    assert account.name not in body(answer)


def test_while_the_org_does_not_answer_they_see_nothing(member: User, account: Account, org: Org) -> None:
    org.faults({"match": {"path": ".*"}, "do": "status", "status": 503})

    answer = Frame(account, member).get("panel")

    assert "could not be asked" in body(answer)
    assert account.name not in body(answer)


def test_they_know_of_no_other_account(member: User, account: Account) -> None:
    other = Account.objects.exclude(pk=account.pk).first()
    contact = ContactFactory(account=account)
    panel = Frame(account, member)

    found = body(panel.get("options", "account", name="account", q=other.name))
    panel.post("act", "account", people=f"contact-{contact.pk}", account=other.pk, confirm="yes")

    contact.refresh_from_db()
    assert other.name not in found
    assert contact.account == account
    assert "/contacts/" not in body(panel.get("panel"))


def test_they_reach_nothing_else(member: User, client: Client) -> None:
    client.force_login(member)  # as if a session had been made for them

    for route in ROUTES:
        if not route.startswith(("unsubscribe/", "healthz")):
            assert client.get(f"/{filled(route)}").status_code in (401, 403, 404, 405), route


def test_they_have_no_sign_in_even_with_a_password(member: User, client: Client, mailoutbox: Any) -> None:
    member.set_password("correct-horse-9")
    member.save(update_fields=["password"])

    answer = client.post("/auth/login/", {"login": member.email, "password": "correct-horse-9"}, follow=True)

    assert "_auth_user_id" not in client.session
    assert "panel in your CRM only" in body(answer)
    assert not mail.outbox


def test_an_admin_makes_a_member_of_them(member: User, admin_client: Client) -> None:
    page = body(admin_client.get(reverse("users:people")))
    admin_client.post(reverse("users:role", args=[member.pk]), {"role": "member"})

    member.refresh_from_db()
    assert "Panel only" in page
    assert (member.role, member.is_invited) == (User.Role.MEMBER, True)


def test_nobody_is_made_panel_only_by_hand(member: User, admin_client: Client) -> None:
    colleague = UserFactory()

    admin_client.post(reverse("users:role", args=[colleague.pk]), {"role": "panel"})

    colleague.refresh_from_db()
    assert colleague.role == User.Role.MEMBER
    with pytest.raises(Refused):
        sessions.find("nothing")
