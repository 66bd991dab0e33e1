"""Who gets a lead: assignment rules, the header that steers them, queues."""

from typing import Any

import pytest

from tests.localorg.client import Caller

WEB = {"LastName": "Web", "Company": "C", "LeadSource": "Web"}


def owner(caller: Caller, record_id: str) -> str:
    (row,) = caller.rows(f"SELECT Owner.Name FROM Lead WHERE Id = '{record_id}'")
    return str(row["Owner"]["Name"])


def created(caller: Caller, header: str | None = None, **fields: Any) -> str:
    headers = {"Sforce-Auto-Assign": header} if header is not None else {}
    answer = caller.ask("POST", "sobjects/Lead", {"LastName": "L", "Company": "C"} | fields, headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"LeadSource": "Web", "Country": "DE"}, "Web Leads"),  # the first entry that fits
        ({"Country": "DE"}, "Zoë Müller"),
        ({}, "Mina Okafor"),  # nobody's: the default owner
    ],
)
def test_the_active_rule_gives_new_leads_away(ruler: Caller, fields: dict[str, str], expected: str) -> None:
    assert owner(ruler, created(ruler, **fields)) == expected


def test_the_rule_beats_the_owner_that_the_caller_named(ruler: Caller) -> None:
    (user,) = ruler.rows("SELECT Id FROM User WHERE Name = 'Jonas Lindqvist'")

    assert owner(ruler, created(ruler, OwnerId=user["Id"])) == "Mina Okafor"
    assert owner(ruler, created(ruler, "FALSE", OwnerId=user["Id"])) == "Jonas Lindqvist"


@pytest.mark.parametrize("header", ["FALSE", "false"])
def test_the_header_switches_the_rules_off(ruler: Caller, header: str) -> None:
    assert owner(ruler, created(ruler, header, **WEB)) == "Ada Admin"


@pytest.mark.parametrize("header", ["TRUE", "true", "", "whatever"])
def test_anything_else_leaves_them_on(ruler: Caller, header: str) -> None:
    assert owner(ruler, created(ruler, header, **WEB)) == "Web Leads"


def test_the_header_may_name_a_rule_even_one_that_is_not_active(ruler: Caller) -> None:
    rows = ruler.rows("SELECT Id, Name, Active, SobjectType FROM AssignmentRule ORDER BY Name")
    assert [(row["Name"], row["Active"]) for row in rows] == [("All to Priya", False), ("Standard", True)]

    assert owner(ruler, created(ruler, rows[0]["Id"], **WEB)) == "Priya Raman"
    assert owner(ruler, created(ruler, rows[0]["Id"][:15], **WEB)) == "Priya Raman"


def test_an_id_of_no_rule_is_refused(ruler: Caller) -> None:
    answer = ruler.ask("POST", "sobjects/Lead", WEB, headers={"Sforce-Auto-Assign": "01Q000000000009AAA"})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_CROSS_REFERENCE_KEY")


def test_updates_are_given_away_as_well(ruler: Caller) -> None:
    lead = created(ruler, "FALSE")

    ruler.update("Lead", lead, Title="Boss")

    assert owner(ruler, lead) == "Mina Okafor"


def test_collections_and_composites_obey_the_header(ruler: Caller) -> None:
    body = {"records": [{"attributes": {"type": "Lead"}, **WEB}]}
    (first,) = ruler.ask("POST", "composite/sobjects", body, headers={"Sforce-Auto-Assign": "FALSE"}).json()
    part = {
        "method": "POST",
        "url": "/services/data/v62.0/sobjects/Lead",
        "referenceId": "a",
        "body": WEB | {"LastName": "X"},
    }
    part |= {"httpHeaders": {"Sforce-Auto-Assign": "FALSE"}}
    second = ruler.ask("POST", "composite", {"compositeRequest": [part]}).json()["compositeResponse"][0]["body"]

    assert owner(ruler, first["id"]) == owner(ruler, second["id"]) == "Ada Admin"


def test_queries_call_such_an_owner_a_queue(ruler: Caller) -> None:
    lead = created(ruler, **WEB)

    (row,) = ruler.rows("SELECT Id, Owner.Type FROM Lead WHERE Owner.Type = 'Queue'")
    assert (row["Id"], row["Owner"]["Type"]) == (lead, "Queue")


def test_a_queue_owns_only_what_it_is_for(ruler: Caller) -> None:
    queues = {row["Name"]: row["Id"] for row in ruler.rows("SELECT Id, Name FROM Group WHERE Type = 'Queue'")}
    assert owner(ruler, created(ruler, "FALSE", OwnerId=queues["Web Leads"])) == "Web Leads"
    assert ruler.create("Task", Subject="Call", OwnerId=queues["Chores"])

    answer = ruler.ask(
        "POST", "sobjects/Lead", WEB | {"OwnerId": queues["Chores"]}, headers={"Sforce-Auto-Assign": "FALSE"}
    )
    (problem,) = answer.json()
    assert problem == {
        "message": "Queue not associated with this SObject type",
        "errorCode": "FIELD_INTEGRITY_EXCEPTION",
        "fields": ["OwnerId"],
    }


def test_what_a_queue_is_for_and_who_works_it_can_be_looked_up(ruler: Caller) -> None:
    (queue,) = ruler.rows("SELECT Queue.Name, SobjectType FROM QueueSobject WHERE SobjectType = 'Lead'")
    assert queue["Queue"]["Name"] == "Web Leads"
    (group,) = ruler.rows("SELECT Name, (SELECT UserOrGroupId FROM GroupMembers) FROM Group WHERE Name = 'Web Leads'")
    (member,) = group["GroupMembers"]["records"]
    (user,) = ruler.rows(f"SELECT Username FROM User WHERE Id = '{member['UserOrGroupId']}'")
    assert user["Username"].startswith("sol.vargas@")
