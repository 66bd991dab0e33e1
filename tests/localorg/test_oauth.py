"""Signing in, as clients do."""

import base64
import hashlib
import hmac
import re
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from tests.localorg.client import REDIRECT, Caller, Json, Server
from tests.localorg.consenting import authorize_query, consent, exchange, token


def test_the_password_grant_gives_a_token_that_works(fresh: Server) -> None:
    user = fresh.facts["users"][0]

    answer = token(fresh, grant_type="password", username=user["username"], password=user["password"])

    body = answer.json()
    assert answer.headers["Content-Type"].startswith("application/json")
    assert body["token_type"] == "Bearer"
    assert "refresh_token" not in body
    assert "expires_in" not in body
    assert Caller(fresh.url, body["access_token"]).ask("GET", "limits").status_code == 200


def test_the_signature_is_that_of_the_client_secret(fresh: Server) -> None:
    body = token(fresh, grant_type="client_credentials").json()

    message = (body["id"] + body["issued_at"]).encode()
    digest = hmac.new(fresh.facts["client_secret"].encode(), message, hashlib.sha256).digest()
    assert body["signature"] == base64.b64encode(digest).decode()


def test_client_credentials_work_by_basic_authentication_and_run_as_the_admin(fresh: Server) -> None:
    answer = token(fresh, (fresh.facts["client_id"], fresh.facts["client_secret"]), grant_type="client_credentials")

    identity = requests.get(
        answer.json()["id"], headers={"Authorization": f"Bearer {answer.json()['access_token']}"}, timeout=30
    )
    assert identity.json()["username"] == fresh.facts["users"][0]["username"]


def test_the_instance_url_is_the_host_that_was_asked(fresh: Server) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": fresh.facts["client_id"],
        "client_secret": fresh.facts["client_secret"],
    }
    by_name = fresh.url.replace("127.0.0.1", "localhost")

    answer = requests.post(f"{by_name}/services/oauth2/token", data=form, timeout=30).json()

    assert answer["instance_url"] == by_name
    assert answer["id"].startswith(by_name + "/id/00D")


@pytest.mark.parametrize(
    ("form", "error", "description"),
    [
        (
            {"grant_type": "password", "username": "admin@localorg.example", "password": "no"},
            "invalid_grant",
            "authentication failure",
        ),
        ({"grant_type": "client_credentials", "client_id": "nobody"}, "invalid_client_id", "client identifier invalid"),
        ({"grant_type": "client_credentials", "client_secret": "no"}, "invalid_client", "invalid client credentials"),
        ({"grant_type": "refresh_token", "refresh_token": "no"}, "invalid_grant", "expired access/refresh token"),
        ({"grant_type": "authorization_code", "code": "no"}, "invalid_grant", "expired authorization code"),
        ({"grant_type": "magic"}, "unsupported_grant_type", "grant type not supported"),
    ],
)
def test_refused_grants_answer_400_with_an_object(fresh: Server, form: Json, error: str, description: str) -> None:
    answer = token(fresh, **form)

    assert answer.status_code == 400
    assert answer.json() == {"error": error, "error_description": description}


def test_a_code_is_exchanged_once_for_tokens_that_can_be_refreshed(fresh: Server) -> None:
    told = consent(fresh)
    assert told["state"] == "s 1"
    assert told["code"].endswith("==")

    first = exchange(fresh, told["code"]).json()
    again = exchange(fresh, told["code"])

    assert again.json()["error"] == "invalid_grant"
    refreshed = token(fresh, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert "refresh_token" not in refreshed
    assert Caller(fresh.url, refreshed["access_token"]).ask("GET", "limits").status_code == 200


def test_a_challenge_without_a_method_means_s256(fresh: Server) -> None:
    told = consent(fresh, code_challenge_method=None)

    assert exchange(fresh, told["code"]).status_code == 200


@pytest.mark.parametrize("verifier", ["", "another-verifier-of-at-least-forty-three-characters"])
def test_a_code_needs_its_verifier(fresh: Server, verifier: str) -> None:
    answer = exchange(fresh, consent(fresh)["code"], code_verifier=verifier)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_redirect_uri(fresh: Server) -> None:
    answer = exchange(fresh, consent(fresh)["code"], redirect_uri=REDIRECT + "/")

    assert answer.json()["error"] == "redirect_uri_mismatch"


def test_without_the_refresh_scope_there_is_no_refresh_token(fresh: Server) -> None:
    assert "refresh_token" not in exchange(fresh, consent(fresh, scope="api id")["code"]).json()


def test_denying_tells_the_client(fresh: Server) -> None:
    told = consent(fresh, "deny")

    assert told == {"error": "access_denied", "error_description": "end-user denied authorization", "state": "s 1"}


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": REDIRECT + "/"},
        {"redirect_uri": REDIRECT.replace("localhost", "127.0.0.1")},
        {"client_id": "nobody"},
    ],
)
def test_an_unknown_client_or_callback_is_never_redirected_to(fresh: Server, change: dict[str, str]) -> None:
    query = authorize_query(fresh, **change)

    answer = requests.get(f"{fresh.url}/services/oauth2/authorize", params=query, allow_redirects=False, timeout=30)

    assert answer.status_code == 400
    assert "error=" in answer.text


def test_a_challenge_is_required(fresh: Server) -> None:
    query = authorize_query(fresh, code_challenge=None)

    answer = requests.get(f"{fresh.url}/services/oauth2/authorize", params=query, allow_redirects=False, timeout=30)

    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error_description"] == [
        "missing required code challenge"
    ]


def test_a_wrong_password_shows_the_form_again(fresh: Server) -> None:
    url = f"{fresh.url}/services/oauth2/authorize"

    page = requests.post(url, params=authorize_query(fresh), data={"username": "x", "password": "y"}, timeout=30)

    assert "check your username and password" in page.text
    assert page.headers["X-Frame-Options"] == "DENY"


def test_rotated_refresh_tokens_work_once_and_reuse_ends_the_family(fresh: Server) -> None:
    requests.post(f"{fresh.url}/localorg/settings", json={"rotate_refresh_tokens": True}, timeout=30)
    try:
        first = exchange(fresh, consent(fresh)["code"]).json()["refresh_token"]
        second = token(fresh, grant_type="refresh_token", refresh_token=first).json()["refresh_token"]
        assert token(fresh, grant_type="refresh_token", refresh_token=first).status_code == 400
        assert token(fresh, grant_type="refresh_token", refresh_token=second).status_code == 400
    finally:
        requests.post(f"{fresh.url}/localorg/settings", json={"rotate_refresh_tokens": False}, timeout=30)


def test_revoking_a_refresh_token_ends_its_access_tokens(fresh: Server) -> None:
    body = exchange(fresh, consent(fresh)["code"]).json()

    answer = requests.post(f"{fresh.url}/services/oauth2/revoke", data={"token": body["refresh_token"]}, timeout=30)

    assert (answer.status_code, answer.content) == (200, b"")
    assert Caller(fresh.url, body["access_token"]).ask("GET", "limits").status_code == 401


def test_revoking_nonsense_is_refused(fresh: Server) -> None:
    answer = requests.post(f"{fresh.url}/services/oauth2/revoke", data={"token": "no"}, timeout=30)

    assert answer.json()["error"] == "unsupported_token_type"


def test_a_page_elsewhere_may_revoke_by_a_script_that_calls_it_back(fresh: Server) -> None:
    body = token(fresh, grant_type="client_credentials").json()
    revoke = f"{fresh.url}/services/oauth2/revoke"

    first = requests.get(revoke, params={"token": body["access_token"], "callback": "done"}, timeout=30)
    again = requests.get(revoke, params={"token": body["access_token"], "callback": "done"}, timeout=30)
    evil = requests.get(revoke, params={"token": "no", "callback": "alert(1);x"}, timeout=30)

    assert first.text == "done();"
    assert again.text.startswith('done({"error":"unsupported_token_type"')
    assert evil.json()["error"] == "unsupported_token_type"


def test_userinfo_takes_the_token_in_the_query(admin: Caller) -> None:
    answer = requests.get(
        f"{admin.url}/services/oauth2/userinfo", params={"oauth_token": admin.token}, timeout=30
    ).json()

    assert re.fullmatch(r"005\w{15}", answer["user_id"])
    assert answer["preferred_username"] == answer["email"] == "admin@localorg.example"
    assert answer["sub"].endswith(f"/{answer['organization_id']}/{answer['user_id']}")


@pytest.mark.parametrize(("token", "said"), [("", "Missing_OAuth_Token"), ("no", "Bad_OAuth_Token")])
def test_userinfo_refuses_in_plain_text(fresh: Server, token: str, said: str) -> None:
    answer = requests.get(f"{fresh.url}/services/oauth2/userinfo", params={"oauth_token": token}, timeout=30)

    assert (answer.status_code, answer.text) == (403, said)


def test_the_identity_url_fills_in_the_version_when_asked(admin: Caller) -> None:
    identity = admin.ask("GET", "").json()["identity"]

    body = requests.get(identity, params={"oauth_token": admin.token, "version": "latest"}, timeout=30).json()

    assert body["urls"]["rest"] == f"{admin.url}/services/data/v67.0/"


def test_introspection_tells_live_from_dead(admin: Caller, server: Server) -> None:
    client = {"client_id": server.facts["client_id"], "client_secret": server.facts["client_secret"]}
    url = f"{admin.url}/services/oauth2/introspect"

    live = requests.post(url, data=client | {"token": admin.token}, timeout=30).json()
    dead = requests.post(url, data=client | {"token": "no"}, timeout=30).json()

    assert live["active"] is True
    assert live["username"] == "admin@localorg.example"
    assert dead == {"active": False}
