"""Limits on calls, concurrent requests and logins; the org's clock."""

import threading
from typing import Any

import pytest
import requests

from tests.localorg.client import Caller, Server
from tests.localorg.test_fault_kinds import until

HOUR = 3600


def settings(caller: Caller, **changed: Any) -> requests.Response:
    return caller.control("settings", changed)


def token(server: Server) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": server.facts["client_id"],
        "client_secret": server.facts["client_secret"],
    }
    return requests.post(f"{server.url}/services/oauth2/token", data=form, timeout=30)


def test_the_last_call_within_the_limit_is_answered_and_the_next_refused(admin: Caller) -> None:
    settings(admin, daily_limit=50, used=48)

    first, second, third = (admin.ask("GET", "recent") for _ in range(3))

    assert [answer.status_code for answer in (first, second, third)] == [200, 200, 403]
    assert third.json() == [{"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert second.headers["Sforce-Limit-Info"] == "api-usage=50/50"
    assert third.headers["Sforce-Limit-Info"] == "api-usage=51/50"


def test_at_the_limit_tokens_are_still_given(admin: Caller, server: Server) -> None:
    settings(admin, daily_limit=0)

    assert admin.ask("GET", "limits").status_code == 403
    assert token(server).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "query?q=x"), ("GET", "nothing"), ("PUT", "limits"), ("POST", "sobjects/Contact")]
)
def test_errors_tell_the_usage_too(admin: Caller, method: str, path: str) -> None:
    answer = admin.ask(method, path)

    assert answer.status_code >= 400
    assert answer.headers["Sforce-Limit-Info"] == "api-usage=1/100000"


def test_the_limit_is_on_the_last_24_hours(admin: Caller) -> None:
    settings(admin, daily_limit=50, used=60)
    assert admin.ask("GET", "limits").status_code == 403

    admin.control("settings", {"session_seconds": 30 * HOUR})
    admin.control("clock", {"advance": 25 * HOUR})

    limits = admin.ask("GET", "limits").json()
    assert limits["DailyApiRequests"] == {"Max": 50, "Remaining": 49}


def test_limits_have_the_names_of_a_real_org(admin: Caller) -> None:
    limits = admin.ask("GET", "limits").json()

    assert list(limits) == sorted(limits)
    assert len(limits) > 70
    assert limits["PermissionSets"] == {"Max": 1500, "Remaining": 1499, "CreateCustom": {"Max": 1000, "Remaining": 999}}
    assert all({"Max", "Remaining"} <= set(limit) for limit in limits.values())


def test_too_many_long_requests_at_once_keep_others_out_until_they_end(admin: Caller) -> None:
    settings(admin, long_requests=1, long_request_seconds=0.05)
    admin.faults({"match": {"path": "recent"}, "do": "delay", "delay_ms": 500, "times": 1})
    slow = threading.Thread(target=admin.ask, args=("GET", "recent"))
    slow.start()

    until(lambda: admin.ask("GET", "limits").status_code == 403)
    refused = admin.ask("GET", "limits")
    slow.join()

    message = "ConcurrentRequests (Concurrent API Requests) Limit exceeded."
    assert refused.json() == [{"message": message, "errorCode": "REQUEST_LIMIT_EXCEEDED"}]
    assert admin.ask("GET", "limits").status_code == 200


def test_a_user_signs_in_only_so_often_an_hour(admin: Caller, server: Server) -> None:
    settings(admin, logins_per_hour=0)

    refused = token(server)
    assert refused.status_code == 400
    assert refused.json() == {"error": "invalid_grant", "error_description": "login rate exceeded"}

    person = server.facts["users"][0]
    form = {"username": person["username"], "password": person["password"]}
    assert requests.post(f"{server.url}/login", data=form, timeout=30).status_code == 403


def test_the_next_hour_lets_a_user_in_again(admin: Caller, server: Server) -> None:
    settings(admin, logins_per_hour=1)
    token(server)
    assert token(server).status_code == 400

    admin.control("clock", {"advance": HOUR + 1})

    assert token(server).status_code == 200


def test_a_clock_put_forward_ends_sessions(admin: Caller) -> None:
    admin.control("clock", {"advance": 3 * HOUR})

    assert admin.ask("GET", "limits").status_code == 401


def test_a_clock_put_forward_stamps_what_is_written(admin: Caller) -> None:
    before = admin.get("Contact", admin.create("Contact", LastName="Now"))["CreatedDate"]

    told = admin.control("clock", {"advance": HOUR}).json()
    after = admin.get("Contact", admin.create("Contact", LastName="Then"))["CreatedDate"]

    assert after > before
    assert told["now"][:16] == after[:16]
    assert told["ahead"] == HOUR


def test_a_reset_puts_the_clock_right(admin: Caller) -> None:
    admin.control("clock", {"ahead": HOUR})

    admin.control("reset")

    assert requests.get(f"{admin.url}/localorg/clock", timeout=30).json()["ahead"] == 0


@pytest.mark.parametrize("given", [{}, {"advance": "x"}, {"advance": True}, {"ahead": 1e300}, [], 5, {"back": 5}])
def test_a_clock_takes_no_nonsense(admin: Caller, given: object) -> None:
    assert admin.control("clock", given).status_code == 400


@pytest.mark.parametrize(
    "given",
    [
        [],
        5,
        {"colour": "red"},
        {"used": -1},
        {"used": "x"},
        {"used": 1e300},
        {"daily_limit": None},
        {"redirect_uris": "http://localhost"},
        {"redirect_uris": [5]},
        {"rotate_refresh_tokens": "yes"},
        {"long_requests": 0},
    ],
)
def test_settings_take_no_nonsense_and_then_change_nothing(admin: Caller, given: object) -> None:
    before = requests.get(f"{admin.url}/localorg/settings", timeout=30).json()

    assert admin.control("settings", given).status_code == 400
    assert requests.get(f"{admin.url}/localorg/settings", timeout=30).json() == before
