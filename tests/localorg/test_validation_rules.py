"""Validation rules of administrators: when they are asked, and how they are told."""

import requests

from tests.localorg.bulk_jobs import loaded, outcome
from tests.localorg.client import Caller, Json, Server
from tests.localorg.conftest import sign_in

CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
UNREACHABLE = {"message": "Enter an e-mail address or a telephone number.", "errorCode": CODE, "fields": ["Email"]}
DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-05-20"}


def as_row(problem: Json) -> Json:
    return {"statusCode": problem["errorCode"], "message": problem["message"], "fields": problem["fields"]}


def test_a_broken_rule_is_told_at_its_field(ruled: Caller) -> None:
    assert ruled.refused("Contact", LastName="A") == [UNREACHABLE]


def test_a_rule_may_look_at_who_saves(ruler: Caller) -> None:
    ruler.create("Contact", LastName="A")


def test_a_rule_without_a_field_is_told_at_the_top_of_the_page(ruler: Caller) -> None:
    account = ruler.create("Account", Name="Closed Ltd")

    (problem,) = ruler.refused("Contact", LastName="A", AccountId=account)

    assert problem == {"message": "This account takes no more contacts.", "errorCode": CODE, "fields": []}


def test_rules_see_what_the_record_was_and_will_be(ruler: Caller) -> None:
    deal = ruler.create("Opportunity", **DEAL)
    path = f"sobjects/Opportunity/{deal}"

    (problem,) = ruler.ask("PATCH", path, {"StageName": "Closed Won"}).json()
    assert (problem["message"], problem["fields"]) == ("Won deals need an amount.", ["Amount"])

    ruler.update("Opportunity", deal, StageName="Closed Won", Amount=5)
    (problem,) = ruler.ask("PATCH", path, {"StageName": "Prospecting"}).json()
    assert problem["message"] == "A won deal stays won."
    ruler.update("Opportunity", deal, NextStep="Celebrate")


def test_all_broken_rules_are_told_together(ruled: Caller) -> None:
    account = ruled.create("Account", Name="Closed Ltd")

    problems = ruled.refused("Contact", LastName="A", AccountId=account)

    assert [p["message"] for p in problems] == [UNREACHABLE["message"], "This account takes no more contacts."]


def test_a_comparison_with_a_blank_is_not_true(ruler: Caller) -> None:
    ruler.create("Opportunity", **DEAL, Amount=9000)

    (problem,) = ruler.refused("Opportunity", **DEAL, Amount=9000, TotalOpportunityQuantity=3)
    assert problem["message"] == "Too much a piece."


def test_a_rule_that_has_no_result_refuses_the_record_by_its_name(ruler: Caller) -> None:
    (problem,) = ruler.refused("Opportunity", **(DEAL | {"Amount": 1, "TotalOpportunityQuantity": 0}))

    assert problem == {
        "message": 'Validation Formula "Ratio" Invalid (Division by zero)',
        "errorCode": CODE,
        "fields": [],
    }


def test_system_validation_comes_first(ruled: Caller) -> None:
    assert ruled.refused("Contact", FirstName="A")[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert ruled.refused("Contact", LastName="A" * 81)[0]["errorCode"] == "STRING_TOO_LONG"


def test_rules_come_before_duplicate_rules_and_unique_values(ruled: Caller) -> None:
    twin = {"FirstName": "Ann", "LastName": "Twin", "MailingStreet": "1 Main Street", "Title": "Boss", "Badge__c": "7"}
    ruled.create("Contact", **twin, Phone="+1 555 201 3004")

    assert ruled.refused("Contact", **twin) == [UNREACHABLE]
    assert ruled.refused("Contact", **twin, Phone="+1 555 201 3004")[0]["errorCode"] == "DUPLICATES_DETECTED"
    assert ruled.refused("Contact", LastName="Other", Phone="1", Badge__c="7")[0]["errorCode"] == "DUPLICATE_VALUE"


def test_in_collections_a_rule_costs_its_row_only(ruled: Caller) -> None:
    rows = [
        {"attributes": {"type": "Contact"}, "LastName": name, "Phone": phone} for name, phone in (("A", ""), ("B", "1"))
    ]

    refused, saved = ruled.ask("POST", "composite/sobjects", {"records": rows}).json()
    assert refused == {"success": False, "errors": [as_row(UNREACHABLE)]}
    assert saved["success"]

    _, undone = ruled.ask("POST", "composite/sobjects", {"allOrNone": True, "records": rows}).json()
    assert undone["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"


def test_in_composite_and_tree_as_elsewhere(ruled: Caller) -> None:
    part = {
        "method": "POST",
        "url": "/services/data/v62.0/sobjects/Contact",
        "referenceId": "a",
        "body": {"LastName": "A"},
    }
    (answer,) = ruled.ask("POST", "composite", {"compositeRequest": [part]}).json()["compositeResponse"]
    assert (answer["httpStatusCode"], answer["body"]) == (400, [UNREACHABLE])

    records = [{"attributes": {"type": "Contact", "referenceId": "r"}, "LastName": "A"}]
    answer = ruled.ask("POST", "composite/tree/Contact", {"records": records})
    assert answer.status_code == 400
    assert answer.json()["results"] == [{"referenceId": "r", "errors": [as_row(UNREACHABLE)]}]


def test_what_a_conversion_makes_is_validated_too(ruled_server: Server, ruler: Caller) -> None:
    lead = ruler.create("Lead", LastName="L", Company="Closed Ltd")

    answer = requests.post(f"{ruled_server.url}/localorg/convert", json={"lead": lead}, timeout=30)

    assert answer.status_code == 400
    assert answer.json()[0]["message"] == "This account takes no more contacts."
    assert sign_in(ruled_server, "System Administrator").get("Lead", lead)["IsConverted"] is False


def test_in_bulk_a_rule_costs_its_row_only(ruled: Caller) -> None:
    job = loaded(ruled, "insert", "LastName,Phone\nA,\nB,1\n")

    (failed,) = outcome(ruled, job, "failedResults")
    assert failed["sf__Error"] == f"{CODE}:{UNREACHABLE['message']}:Email --"
    assert [row["LastName"] for row in outcome(ruled, job, "successfulResults")] == ["B"]
