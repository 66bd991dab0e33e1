"""Composite graphs: each all or nothing, independent of the others."""

import json
from typing import Any

import pytest

from tests.localorg.client import Caller, Json

V = "/services/data/v62.0"
UNDONE = {
    "errorCode": "PROCESSING_HALTED",
    "message": "The transaction was rolled back since another operation in the same transaction failed.",
}


def node(method: str, url: str, reference: str, body: Any = None) -> Json:
    return {"method": method, "url": f"{V}/sobjects/{url}", "referenceId": reference, "body": body}


def account(reference: str, **fields: Any) -> Json:
    return node("POST", "Account", reference, {"Name": "Graph"} | fields)


def graph(name: str, *nodes: Json) -> Json:
    return {"graphId": name, "compositeRequest": list(nodes)}


def run(admin: Caller, *graphs: Json) -> list[Json]:
    answer = admin.ask("POST", "composite/graph", {"graphs": list(graphs)})
    assert answer.status_code == 200, answer.text
    return answer.json()["graphs"]


def count(admin: Caller, name: str = "Graph") -> int:
    return admin.query(f"SELECT COUNT() FROM Account WHERE Name = '{name}'")["totalSize"]


def test_a_graph_answers_as_a_composite_and_says_that_it_succeeded(admin: Caller) -> None:
    contact = node("POST", "Contact", "con", {"LastName": "Node", "AccountId": "@{acc.id}"})
    rename = node("PATCH", "Account/@{acc.id}", "ren", {"Name": "Renamed"})

    (answer,) = run(admin, graph("g1", account("acc"), contact, rename))

    assert (answer["graphId"], answer["isSuccessful"]) == ("g1", True)
    made, child, changed = answer["graphResponse"]["compositeResponse"]
    assert made["httpHeaders"] == {"Location": f"{V}/sobjects/Account/{made['body']['id']}"}
    assert (changed["httpStatusCode"], changed["body"]) == (204, None)
    assert admin.get("Contact", child["body"]["id"])["AccountId"] == made["body"]["id"]
    assert admin.get("Account", made["body"]["id"])["Name"] == "Renamed"


def test_a_failed_graph_is_undone_and_leaves_the_others_alone(admin: Caller) -> None:
    bad = node("POST", "Contact", "bad", {"FirstName": "No last name"})

    first, second = run(admin, graph("g1", account("a"), bad, account("c")), graph("g2", account("a")))

    assert (first["isSuccessful"], second["isSuccessful"]) == (False, True)
    before, culprit, after = first["graphResponse"]["compositeResponse"]
    assert culprit["body"][0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert before["body"] == after["body"] == [UNDONE]
    assert [part["httpStatusCode"] for part in (before, culprit, after)] == [400, 400, 400]
    assert count(admin) == 1


def test_after_fifteen_failures_the_rest_is_not_tried(admin: Caller) -> None:
    bad = [graph(f"bad{n}", node("POST", "Contact", "x", {})) for n in range(15)]

    *failed, last = run(admin, *bad, graph("good", account("a")))

    assert all(not answer["isSuccessful"] for answer in failed)
    assert last["graphResponse"]["compositeResponse"][0]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert count(admin) == 0


def test_fourteen_failures_stop_nothing(admin: Caller) -> None:
    bad = [graph(f"bad{n}", node("POST", "Contact", "x", {})) for n in range(14)]

    assert run(admin, *bad, graph("good", account("a")))[-1]["isSuccessful"]


def chain(length: int) -> list[Json]:
    first = [account("n0")]
    return first + [account(f"n{n}", ParentId=f"@{{n{n - 1}.id}}") for n in range(1, length)]


def kinds(number: int) -> list[Json]:
    names = ("Account", "Contact", "Lead", "Opportunity", "Task", "Event", "Campaign", "User")
    every = [node(method, name, f"{method}{name}", {}) for method in ("POST", "GET") for name in names]
    return every[:number]


def many(graphs: int, nodes: int) -> list[Json]:
    return [graph(f"g{g}", *(node("GET", "Account", f"n{n}") for n in range(nodes))) for g in range(graphs)]


@pytest.mark.parametrize(
    ("within", "beyond"),
    [
        ([graph("g", *chain(15))], [graph("g", *chain(16))]),
        ([graph("g", *kinds(15))], [graph("g", *kinds(16))]),
        (many(75, 1), many(76, 1)),
        (many(5, 100), many(6, 84)),
    ],
    ids=["depth", "kinds", "graphs", "nodes"],
)
def test_limits_of_graphs(admin: Caller, within: list[Json], beyond: list[Json]) -> None:
    answer = admin.ask("POST", "composite/graph", {"graphs": beyond})

    assert len(run(admin, *within)) == len(within)
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == "LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"graphs": {}},
        {"graphs": [1]},
        {"graphs": [{"graphId": "g"}]},
        {"graphs": [{"compositeRequest": []}]},
        {"graphs": [{"graphId": 7, "compositeRequest": []}]},
        {"graphs": [{"graphId": "a b", "compositeRequest": []}]},
        {"graphs": [graph("g"), graph("g")]},
        {"graphs": [graph("g", account("a"), account("a"))]},
        {"graphs": [graph("g", {"method": "GET", "url": f"{V}/query?q=SELECT+Id+FROM+Account", "referenceId": "q"})]},
        {"graphs": [graph("g", account("a") | {"httpHeaders": ["x"]})]},
        {"graphs": [graph("g", account("a") | {"httpHeaders": {"Authorization": "x"}})]},
    ],
)
def test_what_is_no_graph_is_refused_as_a_whole(admin: Caller, body: Any) -> None:
    answer = admin.ask("POST", "composite/graph", body)

    assert answer.status_code == 400, answer.text
    assert answer.json()[0]["errorCode"] in ("JSON_PARSER_ERROR", "INVALID_INPUT")


def test_a_graph_is_one_call(admin: Caller) -> None:
    admin.http.delete(f"{admin.url}/localorg/calls")

    run(admin, graph("g", account("a"), account("b")))

    assert admin.http.get(f"{admin.url}/localorg/calls").json()["by_resource"] == {"POST composite/graph": 1}


@pytest.mark.parametrize("depth", [300, 900])
def test_bodies_nested_beyond_reason_are_refused(admin: Caller, depth: int) -> None:
    body = account("a", Name="@{x.id}") | {"body": {"Name": "DEEP"}}
    text = json.dumps({"graphs": [graph("g", body)], "compositeRequest": [body]})
    text = text.replace('"DEEP"', "[" * depth + "1" + "]" * depth)

    for path in ("composite", "composite/graph"):
        answer = admin.ask("POST", path, data=text, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400), answer.text
        assert "JSON_PARSER_ERROR" in answer.text
