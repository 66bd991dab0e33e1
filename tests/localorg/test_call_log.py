"""The log of requests: what each cost and came to."""

from time import monotonic, sleep

import pytest
import requests
from localorg.calllog import KEPT, CallLog, Entry

from tests.localorg.client import Caller, Json, Server


def log(caller: Caller, **asked: int) -> Json:
    return requests.get(f"{caller.url}/localorg/calls/log", params=asked, timeout=30).json()


def last(caller: Caller) -> Json:
    return log(caller)["calls"][-1]


def contacts(*names: str) -> list[Json]:
    return [{"attributes": {"type": "Contact"}, "LastName": name} for name in names]


def test_a_query_is_logged_with_who_what_and_how_much(admin: Caller) -> None:
    admin.query("SELECT Id FROM Contact LIMIT 7", **{"Sforce-Call-Options": "client=Tester"})

    entry = last(admin)

    assert entry["user"].endswith("@localorg.example")
    assert (entry["client"], entry["method"], entry["resource"]) == ("Tester", "GET", "query")
    assert (entry["object"], entry["status"], entry["error"]) == ("Contact", 200, "")
    assert (entry["calls"], entry["rows_in"], entry["rows_out"]) == (1, 0, 7)
    assert entry["bytes_out"] > 100
    assert entry["milliseconds"] >= 0
    assert entry["path"].startswith("/services/data/v62.0/query?q=SELECT")


def test_written_rows_are_counted_and_those_refused_among_them(admin: Caller) -> None:
    admin.ask("POST", "composite/sobjects", {"records": contacts("A", "", "B")})

    entry = last(admin)

    assert (entry["rows_in"], entry["rows_refused"], entry["object"]) == (3, 1, "Contact")
    assert entry["bytes_in"] > 100


def test_single_rows_count_as_one(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="A")
    admin.update("Contact", contact, LastName="B")
    admin.get("Contact", contact)
    admin.refused("Contact", FirstName="A")

    counts = [(e["rows_in"], e["rows_out"], e["rows_refused"]) for e in log(admin)["calls"][-4:]]

    assert counts == [(1, 0, 0), (1, 0, 0), (0, 1, 0), (1, 0, 1)]


def test_a_composite_costs_one_call_and_counts_the_rows_of_its_parts(admin: Caller) -> None:
    url = "/services/data/v62.0"
    parts = [
        {
            "method": "POST",
            "url": f"{url}/composite/sobjects",
            "referenceId": "a",
            "body": {"records": contacts("A", "B")},
        },
        {"method": "GET", "url": f"{url}/query?q=SELECT+Id+FROM+Lead+LIMIT+3", "referenceId": "b"},
    ]
    admin.ask("POST", "composite", {"compositeRequest": parts})

    entry = last(admin)

    assert (entry["calls"], entry["rows_in"], entry["rows_out"]) == (1, 2, 3)
    assert entry["object"] == "Contact, Lead"


def test_each_part_of_a_batch_costs_a_call(admin: Caller) -> None:
    parts = [{"method": "GET", "url": "v62.0/limits"}] * 3
    admin.ask("POST", "composite/batch", {"batchRequests": parts})

    assert last(admin)["calls"] == 3


def test_sign_in_and_the_list_of_versions_cost_nothing(admin: Caller, server: Server) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": server.facts["client_id"],
        "client_secret": server.facts["client_secret"],
    }
    requests.post(f"{admin.url}/services/oauth2/token", data=form, timeout=30)
    requests.get(f"{admin.url}/services/data/", timeout=30)
    admin.http.get(f"{admin.url}/services/oauth2/userinfo", timeout=30)

    entries = log(admin)["calls"][-3:]

    assert [(e["path"], e["status"], e["calls"]) for e in entries] == [
        ("/services/oauth2/token", 200, 0),
        ("/services/data/", 200, 0),
        ("/services/oauth2/userinfo", 200, 0),
    ]


def test_a_call_without_a_session_costs_nothing(admin: Caller) -> None:
    requests.get(f"{admin.url}/services/data/v62.0/limits", timeout=30)

    entry = last(admin)

    assert (entry["status"], entry["error"], entry["calls"], entry["user"]) == (401, "INVALID_SESSION_ID", 0, "")


def test_an_error_is_logged_by_its_code(admin: Caller) -> None:
    admin.refusal("SELECT Nothing FROM Contact")

    assert (last(admin)["status"], last(admin)["error"]) == (400, "INVALID_FIELD")


def test_faults_that_acted_are_named_and_a_cut_connection_has_no_status(admin: Caller) -> None:
    admin.faults({"match": {"path": "limits"}, "do": "delay", "delay_ms": 1}, {"do": "drop_before"})
    with pytest.raises(requests.ConnectionError):
        admin.ask("GET", "limits")

    entry = last(admin)

    assert (entry["faults"], entry["status"], entry["calls"]) == (["delay", "drop_before"], 0, 0)


def test_a_row_fault_is_named_too(admin: Caller) -> None:
    admin.faults({"match": {"object": "Contact"}, "do": "lock"})
    admin.refused("Contact", LastName="A")

    assert last(admin)["faults"] == ["lock"]


def test_only_what_came_since_is_told(admin: Caller) -> None:
    admin.ask("GET", "limits")
    seen = log(admin)["latest"]
    admin.ask("GET", "recent")

    told = log(admin, since=seen)

    assert [entry["resource"] for entry in told["calls"]] == ["recent"]
    assert [entry["number"] for entry in told["calls"]] == [told["latest"]] == [seen + 1]
    assert [entry["resource"] for entry in log(admin, limit=1)["calls"]] == ["recent"]


def test_totals_are_of_all_since_the_list_was_cleared(admin: Caller) -> None:
    requests.delete(f"{admin.url}/localorg/calls", timeout=30)
    admin.ask("POST", "composite/sobjects", {"records": contacts("A", "")})
    admin.ask("GET", "limits")
    admin.ask("GET", "nothing")

    totals = log(admin)["totals"]

    assert (totals["requests"], totals["errors"], totals["calls"]) == (3, 1, 3)
    assert (totals["rows_in"], totals["rows_refused"]) == (2, 1)


def test_the_log_keeps_the_newest_and_sums_up_all() -> None:
    kept = CallLog()
    for _ in range(KEPT + 5):
        kept.add(Entry("GET", "/", status=200, calls=1))

    told = kept.as_json(since=0, most=KEPT, names={})

    assert [told["calls"][0]["number"], told["calls"][-1]["number"], told["latest"]] == [6, KEPT + 5, KEPT + 5]
    assert told["totals"]["calls"] == KEPT + 5


def test_a_question_that_is_no_number_is_refused(admin: Caller) -> None:
    assert requests.get(f"{admin.url}/localorg/calls/log?since=x", timeout=30).status_code == 400


def test_it_tells_how_many_are_under_way_whose_callers_have_gone(admin: Caller) -> None:
    admin.faults({"match": {"path": "limits"}, "do": "delay", "delay_ms": 600, "times": 1})

    with pytest.raises(requests.ReadTimeout):
        admin.http.get(f"{admin.url}/services/data/v62.0/limits", timeout=0.1)
    during = log(admin)["under_way"]
    deadline = monotonic() + 30
    while log(admin)["under_way"] and monotonic() < deadline:
        sleep(0.05)

    assert (during, log(admin)["under_way"]) == (1, 0)
