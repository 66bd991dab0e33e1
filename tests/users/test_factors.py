"""Second factors and sessions: what the password alone does not do, and how a sign-in is ended from elsewhere."""

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from pytest_django.asserts import assertContains, assertRedirects

from common.models import AuditEntry
from tests.factories import UserFactory
from users import services
from users.models import User

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "correct-horse"


@pytest.fixture
def kim() -> User:
    return UserFactory(name="Kim", email="kim@example.com", password=PASSWORD)


@pytest.fixture
def factor(kim: User) -> Authenticator:
    return TOTP.activate(kim, SECRET).instance


def code(secret: str = SECRET) -> str:
    """What the app shows now."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def wrong() -> str:
    return f"{(int(code()) + 1) % 1_000_000:06}"


def sign_in(client: Client, **headers: str) -> HttpResponse:
    return client.post("/auth/login/", {"login": "kim@example.com", "password": PASSWORD}, headers=headers)


def is_in(client: Client) -> bool:
    return client.get("/settings/you/").status_code == 200


def test_a_second_factor_is_turned_on_after_the_password_and_its_codes_are_shown_once(
    client: Client, kim: User
) -> None:
    sign_in(client)

    assertRedirects(
        client.get("/auth/2fa/totp/activate/"), "/auth/reauthenticate/?next=%2Fauth%2F2fa%2Ftotp%2Factivate%2F"
    )
    page = client.post("/auth/reauthenticate/?next=/auth/2fa/totp/activate/", {"password": PASSWORD}, follow=True)
    secret = page.context["form"].secret
    shown = client.post("/auth/2fa/totp/activate/", {"code": code(secret)}, follow=True)
    again = client.get("/auth/2fa/recovery-codes/")

    assertContains(page, "data:image/svg+xml;base64,")
    assert len(re.findall(rb"<code[^>]*>\d{8}</code>", shown.content)) == 10
    assert not re.findall(rb"<code[^>]*>\d{8}</code>", again.content)
    assert Authenticator.objects.filter(user=kim).count() == 2


def test_turning_it_off_or_making_new_codes_asks_for_a_password_or_code_first(
    client: Client, kim: User, factor: Authenticator
) -> None:
    sign_in(client)
    client.post("/auth/2fa/authenticate/", {"code": code()})

    for path in ("totp/deactivate/", "recovery-codes/generate/"):
        assert client.post(f"/auth/2fa/{path}")["Location"].startswith("/auth/reauthenticate/")
    assertContains(client.get("/auth/reauthenticate/"), "Is it you?")
    assert Authenticator.objects.filter(pk=factor.pk).exists()


def test_the_password_alone_signs_nobody_in_who_has_a_second_factor(
    client: Client, kim: User, factor: Authenticator
) -> None:
    assertRedirects(sign_in(client), "/auth/2fa/authenticate/")
    assert not is_in(client)

    assertContains(client.post("/auth/2fa/authenticate/", {"code": wrong()}), "Incorrect code")
    assert not is_in(client)

    client.post("/auth/2fa/authenticate/", {"code": code()})
    assert is_in(client)
    assert list(AuditEntry.objects.order_by("pk").values_list("kind", "what")) == [
        ("failed", "Wrong code of the second factor"),
        ("sign_in", "By password and second factor"),
    ]


def test_a_code_counts_once(kim: User, factor: Authenticator) -> None:
    first, second = Client(), Client()
    shown = code()
    for client in (first, second):
        sign_in(client)
        client.post("/auth/2fa/authenticate/", {"code": shown})

    assert is_in(first)
    assert not is_in(second)


def test_codes_can_not_be_tried_out(client: Client, kim: User, factor: Authenticator) -> None:
    cache.clear()
    sign_in(client)
    for _ in range(6):
        client.post("/auth/2fa/authenticate/", {"code": wrong()})

    answer = client.post("/auth/2fa/authenticate/", {"code": code()})

    assertContains(answer, "Too many")
    assert not is_in(client)
    cache.clear()


def test_keys_of_factors_are_encrypted_and_follow_a_new_key(
    kim: User, factor: Authenticator, settings: Any, capsys: Any
) -> None:
    old, new = settings.TOKEN_KEYS[0], Fernet.generate_key().decode()
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator")
        assert SECRET not in cursor.fetchone()[0]

    settings.TOKEN_KEYS = [new, old]
    call_command("reencrypt")
    settings.TOKEN_KEYS = [new]

    factor.refresh_from_db()
    assert TOTP(factor).validate_code(code())


def test_without_its_key_a_factor_lets_nobody_in(kim: User, factor: Authenticator, settings: Any) -> None:
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    assert not TOTP(factor).validate_code(code())
    assert not TOTP(factor).validate_code(format_hotp_value(hotp_value("", int(time.time()) // 30)))
    with pytest.raises(CommandError, match="1 can't be read"):
        call_command("reencrypt")


def test_an_admin_takes_the_factor_off_somebody_who_lost_it(
    admin_client: Client, kim: User, factor: Authenticator
) -> None:
    assertContains(admin_client.get(f"/settings/people/{kim.pk}/"), "Second factor: on")

    answer = admin_client.post(f"/settings/people/{kim.pk}/second-factor/", follow=True)

    assertContains(answer, "by the password alone")
    client = Client()
    sign_in(client)
    assert is_in(client)


def test_people_see_where_they_are_signed_in_and_sign_out_the_others(kim: User) -> None:
    here, there = Client(), Client()
    sign_in(there, **{"User-Agent": "An old laptop"})
    sign_in(here)

    assertContains(here.get("/auth/sessions/"), "An old laptop")
    here.post("/auth/sessions/")

    assert is_in(here)
    assert not is_in(there)


def test_an_admin_signs_somebody_out_everywhere(admin_client: Client, kim: User) -> None:
    browsers = [Client(), Client()]
    for one in browsers:
        sign_in(one)

    admin_client.post(f"/settings/people/{kim.pk}/sign-out/")

    assert not any(is_in(one) for one in browsers)
    assert not UserSession.objects.filter(user=kim).exists()


def test_a_new_password_and_a_deactivation_end_the_sessions_elsewhere(kim: User) -> None:
    here, there = Client(), Client()
    for one in (here, there):
        sign_in(one)

    values = {"oldpassword": PASSWORD, "password1": "battery-staple-9", "password2": "battery-staple-9"}
    here.post("/auth/password/change/", values)
    assert (is_in(here), is_in(there)) == (True, False)

    UserFactory(role="admin")
    services.deactivate(kim, heir=None)
    assert not is_in(here)


def test_a_session_that_was_signed_out_of_is_good_for_nothing(client: Client, kim: User) -> None:
    client.force_login(kim)
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = client.session.session_key
    before = is_in(thief)

    client.post("/auth/logout/")

    assert before
    assert not is_in(thief)


def test_signing_in_changes_the_session_id(client: Client, kim: User) -> None:
    client.get("/auth/login/")
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies["sessionid"] = before

    sign_in(client)

    assert client.session.session_key != before
    assert is_in(client)


def test_members_end_nobody_elses_sessions_and_take_no_factor(client: Client, kim: User) -> None:
    client.force_login(UserFactory())

    for deed in ("sign-out", "second-factor"):
        assert client.post(f"/settings/people/{kim.pk}/{deed}/").status_code == 403
