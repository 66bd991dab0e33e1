"""Signing in to the panel: a code, once, for the frame that asked; a token that ends soon, and with its user."""

import json
import secrets
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.embedding import sessions
from integrations.embedding.sessions import Refused
from integrations.models import Connection, PanelSession
from tests.factories import UserFactory
from users import services as people
from users.models import User

pytestmark = pytest.mark.django_db
VERIFIER = "v" * 43
CHALLENGE = sessions.challenge_of(VERIFIER)


@pytest.fixture
def kim(connection: Connection) -> User:
    return UserFactory(name="Kim", password="a-good-one-2")


def issued(user: User) -> str:
    return sessions.issue_code(user, CHALLENGE)


def signed_in(user: User) -> str:
    return sessions.exchange(issued(user), VERIFIER)[0]


def aged(**ages: timedelta) -> None:
    PanelSession.objects.update(**{name: timezone.now() - age for name, age in ages.items()})


def test_a_code_is_changed_for_a_token(kim: User) -> None:
    assert sessions.find(signed_in(kim)).user == kim


def test_neither_code_nor_token_is_kept(kim: User) -> None:
    code = issued(kim)
    token, _ = sessions.exchange(code, VERIFIER)

    kept = str(list(PanelSession.objects.values()))

    assert code not in kept
    assert token not in kept


def test_a_code_that_comes_twice_ends_the_sign_in(kim: User) -> None:
    code = issued(kim)
    token, _ = sessions.exchange(code, VERIFIER)

    with pytest.raises(Refused, match="used already"):
        sessions.exchange(code, VERIFIER)
    with pytest.raises(Refused, match="has ended"):
        sessions.find(token)


def test_a_code_lasts_a_minute(kim: User) -> None:
    code = issued(kim)
    aged(created_at=timedelta(seconds=61))

    with pytest.raises(Refused, match="longer than a minute"):
        sessions.exchange(code, VERIFIER)


def test_a_stolen_code_is_worth_nothing_and_ends(kim: User) -> None:
    code = issued(kim)

    with pytest.raises(Refused, match="another window"):
        sessions.exchange(code, secrets.token_urlsafe(32))
    with pytest.raises(Refused):
        sessions.exchange(code, VERIFIER)


def test_a_code_that_nobody_gave_is_refused(kim: User) -> None:
    with pytest.raises(Refused, match="not known"):
        sessions.exchange("made up", VERIFIER)


@pytest.mark.parametrize(
    "ages", [{"used_at": timedelta(minutes=31)}, {"created_at": timedelta(hours=8, minutes=1)}], ids=str
)
def test_a_token_ends_half_an_hour_after_its_last_use_and_after_eight_hours(
    kim: User, ages: dict[str, timedelta]
) -> None:
    token = signed_in(kim)
    aged(**ages)

    with pytest.raises(Refused, match="has ended"):
        sessions.find(token)


def test_each_use_prolongs_it(kim: User) -> None:
    token = signed_in(kim)
    aged(used_at=timedelta(minutes=29), created_at=timedelta(hours=1))

    sessions.find(token)

    assert timezone.now() - PanelSession.objects.get().used_at < timedelta(minutes=1)


def test_who_is_deactivated_is_out_and_stays_out(kim: User) -> None:
    token = signed_in(kim)
    people.deactivate(kim, heir=None)

    with pytest.raises(Refused):
        sessions.find(token)
    people.reactivate(kim)
    with pytest.raises(Refused):
        sessions.find(token)


def test_a_new_password_ends_it(kim: User) -> None:
    token = signed_in(kim)
    kim.set_password("another-good-one-3")
    kim.save(update_fields=["password"])

    with pytest.raises(Refused, match="password was changed"):
        sessions.find(token)


def test_signing_out_of_tandem_signs_out_of_the_panel(kim: User, client: Client) -> None:
    token = signed_in(kim)
    client.force_login(kim)

    client.post(reverse("account_logout"))

    with pytest.raises(Refused, match="has ended"):
        sessions.find(token)


def test_it_is_good_for_the_org_that_it_was_given_for(kim: User, connection: Connection) -> None:
    token = signed_in(kim)
    Connection.objects.update(org_id="00D000000000009AAA")

    with pytest.raises(Refused, match="another org"):
        sessions.find(token)


def test_it_ends_when_tandem_is_disconnected(kim: User, connection: Connection) -> None:
    token = signed_in(kim)
    Connection.objects.update(disconnected_at=timezone.now())

    with pytest.raises(Refused, match="not connected"):
        sessions.find(token)


def test_panel_only_users_are_out_as_soon_as_an_admin_closes_the_panel_to_them(connection: Connection) -> None:
    Connection.objects.update(lets_panel_users_in=True)
    token = signed_in(UserFactory(role=User.Role.PANEL))
    Connection.objects.update(lets_panel_users_in=False)

    with pytest.raises(Refused, match="no longer open"):
        sessions.find(token)


def test_old_sign_ins_are_thrown_away(kim: User) -> None:
    signed_in(kim)
    aged(created_at=timedelta(days=91))

    sessions.prune()

    assert not PanelSession.objects.exists()


# --- by way of the pages ------------------------------------------------------------------------------------------


def exchanged(body: Any) -> Any:
    address = reverse("embedding:token")
    return Client(enforce_csrf_checks=True).post(address, json.dumps(body), content_type="application/json")


def test_the_frame_gets_its_token_without_a_cookie(kim: User) -> None:
    answer = exchanged({"code": issued(kim), "verifier": VERIFIER})

    assert sessions.find(answer.json()["token"]).user == kim
    assert not answer.cookies


@pytest.mark.parametrize("body", [{}, [], "x", {"code": "made up", "verifier": VERIFIER}, None], ids=str)
def test_what_is_no_code_is_refused_in_words(connection: Connection, body: Any) -> None:
    answer = exchanged(body)

    assert answer.status_code in (400, 403)
    assert answer.json()["refusal"]


def test_signing_out_in_the_frame_ends_the_token(kim: User) -> None:
    token = signed_in(kim)

    Client().post(reverse("embedding:sign_out"), headers={"Authorization": f"Panel {token}"})

    with pytest.raises(Refused):
        sessions.find(token)


def test_guessing_codes_is_slowed_down(connection: Connection) -> None:
    statuses = {exchanged({"code": "made up", "verifier": VERIFIER}).status_code for _ in range(61)}

    assert statuses == {403, 429}
