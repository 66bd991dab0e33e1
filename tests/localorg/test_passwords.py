"""Passwords by REST: administrators set anybody's, others their own."""

from collections.abc import Iterator

import pytest

from tests.localorg.client import Caller, Json, Server
from tests.localorg.consenting import token


def user_id(caller: Caller, username: str) -> str:
    return str(caller.rows(f"SELECT Id FROM User WHERE Username = '{username}'")[0]["Id"])


@pytest.fixture
def rep_user(fresh: Server) -> Json:
    return next(user for user in fresh.facts["users"] if user["profile"] == "Standard User")


@pytest.fixture
def path(admin: Caller, rep_user: Json) -> Iterator[str]:
    """Where the representative's password is set; the old one is back afterwards."""
    path = f"sobjects/User/{user_id(admin, rep_user['username'])}/password"
    yield path
    admin.ask("POST", path, {"NewPassword": rep_user["password"]})


def signs_in(server: Server, user: Json, password: str) -> bool:
    form = {"grant_type": "password", "username": user["username"], "password": password}
    return token(server, **form).status_code == 200


def test_a_new_password_replaces_the_old(fresh: Server, admin: Caller, path: str, rep_user: Json) -> None:
    answer = admin.ask("POST", path, {"NewPassword": "correct-horse-1"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert signs_in(fresh, rep_user, "correct-horse-1")
    assert not signs_in(fresh, rep_user, rep_user["password"])


def test_a_reset_tells_the_password_it_made_up(fresh: Server, admin: Caller, path: str, rep_user: Json) -> None:
    answer = admin.ask("DELETE", path)

    assert answer.status_code == 200
    assert signs_in(fresh, rep_user, answer.json()["NewPassword"])


def test_users_set_their_own_and_nobody_elses(rep: Caller, admin: Caller, path: str, fresh: Server) -> None:
    first = fresh.facts["users"][0]["username"]

    assert rep.ask("POST", path, {"NewPassword": "correct-horse-2"}).status_code == 204
    other = rep.ask("POST", f"sobjects/User/{user_id(admin, first)}/password", {"NewPassword": "correct-horse-3"})
    assert (other.status_code, other.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")


@pytest.mark.parametrize("password", ["short1", "only-letters-here", "1234567890", "", None, 7, ["a1"]])
def test_a_weak_password_is_refused(admin: Caller, path: str, password: object) -> None:
    answer = admin.ask("POST", path, {"NewPassword": password})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_NEW_PASSWORD")


def test_nobody_has_no_password(admin: Caller) -> None:
    answer = admin.ask("GET", "sobjects/User/005000000000000AAA/password")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")
    assert admin.ask("POST", "sobjects/User/nonsense/password", {"NewPassword": "correct-horse-1"}).status_code == 404


def test_passwords_do_not_expire(admin: Caller, path: str) -> None:
    assert admin.ask("GET", path).json() == {"isExpired": False}
