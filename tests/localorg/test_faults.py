"""Breaking on demand."""

import threading

import pytest
import requests

from tests.localorg.client import Caller, Server


def test_a_reply_dropped_after_the_commit_leaves_the_record(admin: Caller) -> None:
    admin.faults({"match": {"object": "contact", "method": "post"}, "do": "drop_after", "times": 1})

    with pytest.raises(requests.ConnectionError):
        admin.create("Contact", LastName="Dropped")

    assert admin.query("SELECT COUNT() FROM Contact WHERE LastName = 'Dropped'")["totalSize"] == 1


def test_a_request_dropped_before_leaves_nothing(admin: Caller) -> None:
    admin.faults({"match": {"object": "Contact"}, "do": "drop_before", "times": 1})

    with pytest.raises(requests.ConnectionError):
        admin.create("Contact", LastName="Dropped")

    assert admin.query("SELECT COUNT() FROM Contact WHERE LastName = 'Dropped'")["totalSize"] == 0


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (503, None, b""),
        (500, "application/json;charset=UTF-8", b'[{"message":"An unexpected error'),
        (502, "text/html", b"<!DOCTYPE"),
    ],
)
def test_statuses_come_with_the_bodies_of_a_real_org(admin: Caller, status: int, kind: str | None, body: bytes) -> None:
    admin.faults({"do": "status", "status": status, "times": 1})

    answer = admin.ask("GET", "limits")

    assert (answer.status_code, answer.headers.get("Content-Type")) == (status, kind)
    assert answer.content.startswith(body)
    assert admin.ask("GET", "limits").status_code == 200


def test_html_from_the_edge(admin: Caller) -> None:
    admin.faults({"match": {"path": "query"}, "do": "html"})

    assert admin.ask("GET", "query?q=x").headers["Content-Type"] == "text/html"
    assert admin.ask("GET", "limits").status_code == 200


def test_a_locked_row_is_refused_alone_and_so_many_times(admin: Caller) -> None:
    admin.faults({"match": {"object": "Contact"}, "do": "lock", "times": 1})
    records = [{"attributes": {"type": "Contact"}, "LastName": name} for name in "AB"]

    locked, free = admin.ask("POST", "composite/sobjects", {"records": records}).json()

    assert locked["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert free["success"] is True


def test_a_lock_on_another_object_does_not_matter(admin: Caller) -> None:
    admin.faults({"match": {"object": "Account"}, "do": "lock"})

    assert admin.create("Contact", LastName="A")
    assert admin.refused("Account", Name="A")[0]["errorCode"] == "UNABLE_TO_LOCK_ROW"


def test_the_limit_as_a_fault(admin: Caller) -> None:
    admin.faults({"match": {"object": "Contact"}, "do": "limit", "times": 1})

    answer = admin.ask("GET", "query", params={"q": "SELECT Id FROM Contact LIMIT 1"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")


def test_an_expired_token_can_be_had_anew(admin: Caller, server: Server) -> None:
    admin.faults({"match": {"path": "limits"}, "do": "expire", "times": 1})

    assert admin.ask("GET", "limits").json()[0]["errorCode"] == "INVALID_SESSION_ID"
    assert admin.ask("GET", "query?q=x").status_code == 401


def test_sign_in_is_spared_unless_a_rule_names_it(admin: Caller, server: Server) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": server.facts["client_id"],
        "client_secret": server.facts["client_secret"],
    }
    url = f"{server.url}/services/oauth2/token"

    admin.faults({"do": "status", "status": 503})
    assert requests.post(url, data=form, timeout=30).status_code == 200

    admin.faults({"match": {"path": "oauth2/token"}, "do": "status", "status": 503})
    assert requests.post(url, data=form, timeout=30).status_code == 503


def test_a_duplicated_page_is_followed_by_the_rest(admin: Caller) -> None:
    query = "SELECT Id FROM Contact ORDER BY Id"
    admin.faults({"match": {"path": "/query/01g"}, "do": "duplicate_page", "times": 1})
    page = admin.query(query, **{"Sforce-Query-Options": "batchSize=500"})
    pages = [page["records"]]

    while not page["done"]:
        page = admin.http.get(admin.url + page["nextRecordsUrl"], timeout=30).json()
        pages.append(page["records"])

    assert len(pages) == 5
    assert pages[1] == pages[2]
    assert len({row["Id"] for rows in pages for row in rows}) == 2000


def test_a_slow_request_holds_up_nobody_else(admin: Caller) -> None:
    admin.faults({"match": {"path": "limits"}, "do": "delay", "delay_ms": 1500, "times": 1})
    slow = threading.Thread(target=admin.ask, args=("GET", "limits"))
    slow.start()

    others = [admin.query("SELECT COUNT() FROM Contact")["totalSize"] for _ in range(5)]
    was_waiting = slow.is_alive()
    slow.join()

    assert others == [2000] * 5
    assert was_waiting


def test_deletes_are_matched_by_the_objects_of_their_ids(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="A")
    admin.faults({"match": {"object": "Contact"}, "do": "status", "status": 500})

    assert admin.ask("DELETE", f"composite/sobjects?ids={contact}").status_code == 500


@pytest.mark.parametrize(
    "rule", [{"do": "explode"}, {"do": "html", "match": {"colour": "red"}}, {"do": "html", "match": {"path": "("}}]
)
def test_rules_that_mean_nothing_are_refused(admin: Caller, rule: object) -> None:
    assert admin.control("faults", [rule]).status_code == 400


def test_an_empty_list_clears_the_rules(admin: Caller) -> None:
    admin.faults({"do": "status", "status": 503})
    admin.faults()

    assert admin.ask("GET", "limits").status_code == 200


def test_calls_are_counted_by_resource(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="A")
    admin.get("Contact", record_id)
    admin.ask("GET", "sobjects/Contact/describe")
    admin.query("SELECT COUNT() FROM Contact")

    counted = requests.get(f"{admin.url}/localorg/calls", timeout=30).json()

    by_resource = {
        "GET query": 1,
        "GET sobjects/Contact": 1,
        "GET sobjects/Contact/describe": 1,
        "POST sobjects/Contact": 1,
    }
    assert counted == {"total": 4, "by_resource": by_resource}


def test_the_control_endpoints_introduce_themselves(admin: Caller) -> None:
    assert "POST /localorg/faults" in requests.get(f"{admin.url}/localorg/", timeout=30).json()["endpoints"]
