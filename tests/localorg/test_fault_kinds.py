"""Faults of transport, pages and rows; how often and in which order rules act."""

import time
from collections.abc import Callable

import pytest
import requests

from tests.localorg.client import Caller, Json

PATIENCE = 10  # seconds


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def contacts_called(caller: Caller, name: str) -> int:
    return caller.query(f"SELECT COUNT() FROM Contact WHERE LastName = '{name}'")["totalSize"]


def pages(caller: Caller, query: str, size: int = 500) -> list[list[Json]]:
    page = caller.query(query, **{"Sforce-Query-Options": f"batchSize={size}"})
    found = [page["records"]]
    while not page["done"]:
        page = caller.http.get(caller.url + page["nextRecordsUrl"], timeout=30).json()
        found.append(page["records"])
    return found


def test_a_late_request_is_carried_out_after_its_caller_gave_up_and_asked(admin: Caller) -> None:
    rule = {"match": {"method": "POST", "path": "/sobjects/"}, "do": "late", "times": 1, "delay_ms": 300}
    admin.faults(rule)

    with pytest.raises(requests.Timeout):
        admin.http.post(f"{admin.url}/services/data/v62.0/sobjects/Contact", json={"LastName": "Late"}, timeout=0.2)

    assert contacts_called(admin, "Late") == 0
    until(lambda: contacts_called(admin, "Late") == 1)


def test_a_reply_cut_in_its_middle_fails_the_caller_after_the_commit(admin: Caller) -> None:
    admin.faults({"match": {"method": "POST"}, "do": "truncate", "times": 1})

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        admin.create("Contact", LastName="Cut")

    assert contacts_called(admin, "Cut") == 1


def test_a_reply_without_a_body_cannot_be_cut_and_does_not_come(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="Cut")
    admin.faults({"match": {"method": "PATCH"}, "do": "truncate", "times": 1})

    with pytest.raises(requests.ConnectionError):
        admin.update("Contact", contact, LastName="Changed")

    assert admin.get("Contact", contact)["LastName"] == "Changed"


def test_a_reply_that_trickles_comes_whole_and_takes_its_time(admin: Caller) -> None:
    whole = admin.ask("GET", "limits").json()
    admin.faults({"match": {"path": "limits"}, "do": "trickle", "delay_ms": 300})

    began = time.monotonic()
    with admin.http.get(f"{admin.url}/services/data/v62.0/limits", stream=True, timeout=30) as answer:
        first = time.monotonic() - began
        body = b"".join(answer.iter_content(512))
    last = time.monotonic() - began

    assert requests.models.complexjson.loads(body).keys() == whole.keys()
    assert first < 0.25 < last


@pytest.mark.parametrize("do", ["truncate", "trickle", "drop_after"])
def test_sign_in_can_be_spoilt_on_its_way_back(admin: Caller, do: str) -> None:
    admin.faults({"match": {"path": "oauth2/userinfo"}, "do": do, "delay_ms": 50})

    if do == "trickle":
        assert admin.http.get(f"{admin.url}/services/oauth2/userinfo", timeout=30).json()["active"] is True
    else:
        with pytest.raises(requests.RequestException):
            admin.http.get(f"{admin.url}/services/oauth2/userinfo", timeout=30)


def test_reordered_pages_lose_nothing_and_double_nothing(admin: Caller) -> None:
    query = "SELECT Id FROM Contact ORDER BY Id"
    ordered = [row["Id"] for page in pages(admin, query) for row in page]

    admin.faults({"match": {"path": "/query/01g"}, "do": "reorder_page", "times": 1, "seed": 1})
    found = [row["Id"] for page in pages(admin, query) for row in page]

    assert found[:500] == ordered[:500]
    assert found[500:1000] != ordered[500:1000]
    assert sorted(found) == ordered


def test_the_only_page_of_a_result_can_be_reordered_too(admin: Caller) -> None:
    query = "SELECT Id FROM Account ORDER BY Id LIMIT 100"
    ordered = admin.rows(query)

    admin.faults({"match": {"object": "Account"}, "do": "reorder_page", "seed": 1})
    first, again = admin.query(query), admin.query(query)

    assert first["done"] is True
    assert first["records"] != ordered
    assert sorted(row["Id"] for row in first["records"]) == [row["Id"] for row in ordered]
    assert again["records"] != first["records"]


@pytest.mark.parametrize(("code", "message"), [("FIELD_CUSTOM_VALIDATION_EXCEPTION", None), ("ODD", "Not today")])
def test_some_rows_of_a_collection_are_refused_with_a_chosen_code(
    admin: Caller, code: str, message: str | None
) -> None:
    admin.faults({"do": "refuse", "code": code, "message": message, "after": 50, "times": 3})
    records = [{"attributes": {"type": "Contact"}, "LastName": f"Row {n}"} for n in range(200)]

    results = admin.ask("POST", "composite/sobjects", {"records": records}).json()

    assert [n for n, row in enumerate(results) if not row["success"]] == [50, 51, 52]
    (error,) = results[50]["errors"]
    assert error["statusCode"] == code
    assert message is None or error["message"] == message


def test_a_refused_row_with_all_or_none_undoes_the_others(admin: Caller) -> None:
    admin.faults({"do": "refuse", "code": "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "after": 1, "times": 1})
    records = [{"attributes": {"type": "Contact"}, "LastName": "All or none"} for _ in range(3)]

    results = admin.ask("POST", "composite/sobjects", {"allOrNone": True, "records": records}).json()

    codes = [row["errors"][0]["statusCode"] for row in results]
    rolled_back = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert codes == [rolled_back, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", rolled_back]
    assert contacts_called(admin, "All or none") == 0


def test_a_rule_lets_the_first_matches_pass(admin: Caller) -> None:
    admin.faults({"match": {"path": "limits"}, "do": "status", "after": 2, "times": 1})

    assert [admin.ask("GET", "limits").status_code for _ in range(4)] == [200, 200, 503, 200]


def test_a_seed_repeats_the_same_accidents(admin: Caller) -> None:
    def run() -> list[int]:
        admin.faults({"do": "status", "probability": 0.5, "seed": 7})
        return [admin.ask("GET", "limits").status_code for _ in range(20)]

    first = run()

    assert run() == first
    assert set(first) == {200, 503}


def test_a_status_may_come_with_any_code(admin: Caller) -> None:
    admin.faults({"do": "status", "status": 403, "code": "API_DISABLED_FOR_ORG", "message": "No API here"})

    answer = admin.ask("GET", "limits")

    assert answer.status_code == 403
    assert answer.json() == [{"message": "No API here", "errorCode": "API_DISABLED_FOR_ORG"}]
    assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")


def test_several_rules_act_together_in_their_order(admin: Caller) -> None:
    admin.faults({"do": "delay", "delay_ms": 100}, {"do": "status", "status": 500}, {"do": "html"})

    began = time.monotonic()
    answer = admin.ask("GET", "limits")

    assert (answer.status_code, time.monotonic() - began > 0.1) == (500, True)


def test_rules_tell_how_often_they_acted(admin: Caller) -> None:
    admin.faults({"match": {"path": "limits"}, "do": "status", "times": 3})
    admin.ask("GET", "limits")
    admin.ask("GET", "query?q=x")

    (rule,) = requests.get(f"{admin.url}/localorg/faults", timeout=30).json()

    assert (rule["fired"], rule["times"]) == (1, 2)


def test_rules_are_added_and_taken_away_one_by_one(admin: Caller) -> None:
    url = f"{admin.url}/localorg/faults"
    admin.faults({"do": "html"})

    first, second = requests.patch(url, json=[{"do": "limit"}], timeout=30).json()
    left = requests.delete(f"{url}/{first['id']}", timeout=30).json()

    assert [rule["do"] for rule in (first, second)] == ["html", "limit"]
    assert [rule["id"] for rule in left] == [second["id"]]


def test_rules_told_can_be_given_again(admin: Caller) -> None:
    admin.faults({"match": {"object": "Contact"}, "do": "lock", "times": 2, "seed": 3})
    told = requests.get(f"{admin.url}/localorg/faults", timeout=30).json()

    admin.faults(*told)

    again = requests.get(f"{admin.url}/localorg/faults", timeout=30).json()
    assert [rule | {"id": 0} for rule in again] == [rule | {"id": 0} for rule in told]


@pytest.mark.parametrize(
    "rules",
    [
        {"do": "html"},
        5,
        None,
        "html",
        [5],
        [{"do": ["html"]}],
        [{"do": "html", "match": "path"}],
        [{"do": "html", "match": {"path": 5}}],
        [{"do": "html", "times": "two"}],
        [{"do": "html", "times": -1}],
        [{"do": "html", "times": True}],
        [{"do": "html", "probability": 2}],
        [{"do": "delay", "delay_ms": 1e9}],
        [{"do": "status", "status": 99}],
        [{"do": "refuse", "code": 5}],
        [{"do": "html", "colour": "red"}],
    ],
)
def test_rules_of_the_wrong_shape_are_refused_and_change_nothing(admin: Caller, rules: object) -> None:
    admin.faults({"do": "lock"})

    assert admin.control("faults", rules).status_code == 400
    assert [rule["do"] for rule in requests.get(f"{admin.url}/localorg/faults", timeout=30).json()] == ["lock"]
