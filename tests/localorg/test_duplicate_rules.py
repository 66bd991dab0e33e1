"""Duplicate rules: what counts as the same, what happens then, and the body with its misspelt key."""

from pathlib import Path
from typing import Any

import pytest
import requests
from localorg import setup
from localorg.org import Org
from localorg.rules import normal, similarity

from tests.localorg.client import Caller, Json, Server

TOLD = "You're creating a duplicate record. We recommend you use an existing record instead."
ANN = {"FirstName": "Ann", "LastName": "Lee", "Email": "ann.lee@acme.example"}
INSIST = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
CONTACT_RULE = "Standard_Contact_Match_Rule_v1_1"


def attempt(caller: Caller, name: str, body: Json, **headers: str) -> requests.Response:
    return caller.ask("POST", f"sobjects/{name}", body, headers=headers)


def is_saved(caller: Caller, name: str, **body: Any) -> bool:
    answer = attempt(caller, name, body)
    assert answer.status_code == 201 or answer.json()[0]["errorCode"] == "DUPLICATES_DETECTED", answer.text
    return answer.status_code == 201


def matches(answer: requests.Response) -> dict[str, list[str]]:
    """Matching rule -> ids that it found."""
    found = [result for error in answer.json() for result in error["duplicateResut"]["matchResults"]]
    return {result["rule"]: [record["record"]["Id"] for record in result["matchRecords"]] for result in found}


def test_the_body_is_the_recorded_one(ruler: Caller) -> None:
    ann = ruler.create("Contact", **ANN)

    answer = attempt(ruler, "Contact", ANN)

    assert answer.status_code == 400
    attributes = {"type": "Contact", "url": f"/services/data/v62.0/sobjects/Contact/{ann}"}
    record = {
        "additionalInformation": [],
        "fieldDiffs": [],
        "matchConfidence": 100.0,
        "record": {"attributes": attributes, "Id": ann},
    }
    result = {
        "entityType": "Contact",
        "errors": [],
        "matchEngine": "FuzzyMatchEngine",
        "matchRecords": [record],
        "rule": CONTACT_RULE,
        "size": 1,
        "success": True,
    }
    detected = {
        "allowSave": True,
        "duplicateRule": "Standard_Contact_Duplicate_Rule",
        "duplicateRuleEntityType": "Contact",
        "errorMessage": TOLD,
        "matchResults": [result],
    }
    assert answer.json() == [{"duplicateResut": detected, "errorCode": "DUPLICATES_DETECTED", "message": TOLD}]


def test_an_alert_lets_pass_whoever_insists(ruler: Caller) -> None:
    ruler.create("Contact", **ANN)

    assert attempt(ruler, "Contact", ANN, **INSIST).status_code == 201


def test_a_block_lets_nobody_pass(ruler: Caller) -> None:
    ruler.create("Account", Name="Globex Inc.")

    answer = attempt(ruler, "Account", {"Name": "Globex Corporation"}, **INSIST)

    assert answer.json()[0]["message"] == "This account exists."
    assert answer.json()[0]["duplicateResut"]["allowSave"] is False


def test_whoever_asks_gets_the_records_whole(ruler: Caller) -> None:
    ann = ruler.create("Contact", **ANN)
    header = {"Sforce-Duplicate-Rule-Header": "includeRecordDetails=true; allowSave=false"}

    (error,) = attempt(ruler, "Contact", ANN, **header).json()

    (match,) = error["duplicateResut"]["matchResults"][0]["matchRecords"]
    assert match["record"] == ruler.get("Contact", ann)


def test_leads_are_compared_with_contacts_and_contacts_with_leads(ruler: Caller) -> None:
    ann = ruler.create("Contact", **ANN)
    lead = attempt(ruler, "Lead", ANN | {"Company": "Acme"})
    assert matches(lead) == {CONTACT_RULE: [ann]}
    assert lead.json()[0]["message"] == "Use one of these records?"

    ben = ruler.create("Lead", FirstName="Ben", LastName="Ode", Email="ben@acme.example", Company="Acme")
    contact = attempt(ruler, "Contact", {"FirstName": "Ben", "LastName": "Ode", "Email": "ben@acme.example"})
    assert matches(contact) == {"Standard_Lead_Match_Rule_v1_0": [ben]}


def test_a_lead_is_matched_by_the_company_of_contacts(ruler: Caller) -> None:
    account = ruler.create("Account", Name="Initech GmbH")
    person = {"FirstName": "Ann", "LastName": "Lee", "Title": "Head of Sales"}
    ann = ruler.create("Contact", **person, AccountId=account)

    assert matches(attempt(ruler, "Lead", person | {"Company": "Initech"})) == {CONTACT_RULE: [ann]}
    assert attempt(ruler, "Lead", person | {"Company": "Hooli"}).status_code == 201


@pytest.mark.parametrize(
    "twin",
    [
        {"FirstName": "ANN", "LastName": "lee", "Email": "Ann_Lee@mail.acme.example"},
        {"LastName": "Lee", "Email": "ann.lee@acme.example"},  # a blank name stands in nobody's way
        {"FirstName": "Ann", "LastName": "Leigh", "Phone": "+1 (555) 201-3999"},
        {"FirstName": "A.", "LastName": "Lee", "Phone": "1-555-201-3004"},
    ],
)
def test_who_is_taken_for_the_same_person(ruler: Caller, twin: Json) -> None:
    ruler.create("Contact", **ANN, Phone="(555) 201-3004")

    assert not is_saved(ruler, "Contact", **twin)


@pytest.mark.parametrize(
    "other",
    [
        {"FirstName": "Ann", "LastName": "Lee"},
        {"FirstName": "Ann", "LastName": "Lee", "Email": "ann.lee@other.example"},
        {"FirstName": "Bob", "LastName": "Lee", "Email": "ann.lee@acme.example"},
        {"FirstName": "Ann", "LastName": "Miller", "Email": "ann.lee@acme.example"},
        {"FirstName": "Ann", "LastName": "Lee", "Phone": "(666) 201-3004"},
    ],
)
def test_who_is_not(ruler: Caller, other: Json) -> None:
    ruler.create("Contact", **ANN, Phone="(555) 201-3004")

    assert is_saved(ruler, "Contact", **other)


def test_nicknames_stand_for_names(ruler: Caller) -> None:
    ruler.create("Contact", FirstName="Robert", LastName="Stone", Email="bob@acme.example")

    assert not is_saved(ruler, "Contact", FirstName="Bob", LastName="Stone", Email="bob@acme.example")


def test_blanks_match_only_where_the_rule_says_so(ruler: Caller) -> None:
    ruler.create("Account", Name="Globex", Region__c="North")
    ruler.create("Account", Name="Umbrella")

    assert not is_saved(ruler, "Account", Name="Globex", Region__c="north")
    assert is_saved(ruler, "Account", Name="Globex")
    assert not is_saved(ruler, "Account", Name="Umbrella")
    assert is_saved(ruler, "Account", Name="Umbrella", Region__c="North")


def test_any_alternative_of_a_rule_matches(ruler: Caller) -> None:
    ruler.create("Account", Name="Globex", Website="globex.example")

    assert not is_saved(ruler, "Account", Name="Quite Another", Website="GLOBEX.example")


def test_a_rule_runs_only_where_its_condition_holds(ruler: Caller) -> None:
    assert all(is_saved(ruler, "Account", Name="Test Account") for _ in range(2))


def test_an_edit_is_checked_when_it_touches_what_is_compared(ruler: Caller) -> None:
    ruler.create("Account", Name="Globex")
    other = ruler.create("Account", Name="Initech")
    path = f"sobjects/Account/{other}"

    assert ruler.ask("PATCH", path, {"Name": "Globex LLC"}).json()[0]["errorCode"] == "DUPLICATES_DETECTED"
    ruler.update("Account", other, Phone="1", Name="Initech")
    assert ruler.get("Account", other)["Name"] == "Initech"


def test_an_untouched_twin_may_be_edited(ruler: Caller) -> None:
    ruler.create("Lead", **ANN, Company="Acme")
    twin = attempt(ruler, "Lead", ANN | {"Company": "Acme"}, **INSIST).json()["id"]

    ruler.update("Lead", twin, Description="Seen at the fair")
    answer = ruler.ask("PATCH", f"sobjects/Lead/{twin}", {"Phone": "1"})

    assert answer.json()[0]["errorCode"] == "DUPLICATES_DETECTED"


def test_records_saved_together_are_not_compared(ruler: Caller) -> None:
    twins = [{"attributes": {"type": "Contact"}, **ANN} for _ in range(2)]

    assert [row["success"] for row in ruler.ask("POST", "composite/sobjects", {"records": twins}).json()] == [
        True,
        True,
    ]


def test_collections_tell_it_in_their_own_words(ruler: Caller) -> None:
    ruler.create("Contact", **ANN)
    rows = [{"attributes": {"type": "Contact"}, **ANN}, {"attributes": {"type": "Contact"}, "LastName": "Else"}]

    refused, saved = ruler.ask("POST", "composite/sobjects", {"records": rows}).json()

    assert refused["errors"] == [{"statusCode": "DUPLICATES_DETECTED", "message": TOLD, "fields": []}]
    assert saved["success"]


def test_subrequests_are_saved_one_by_one_and_may_insist_for_themselves(ruler: Caller) -> None:
    part = {"method": "POST", "url": "/services/data/v61.0/sobjects/Contact", "body": ANN}
    parts = [
        part | {"referenceId": "a"},
        part | {"referenceId": "b"},
        part | {"referenceId": "c", "httpHeaders": INSIST},
    ]

    answers = ruler.ask("POST", "composite", {"compositeRequest": parts}).json()["compositeResponse"]

    assert [answer["httpStatusCode"] for answer in answers] == [201, 400, 201]
    record = answers[1]["body"][0]["duplicateResut"]["matchResults"][0]["matchRecords"][0]["record"]
    assert record["attributes"]["url"] == f"/services/data/v61.0/sobjects/Contact/{answers[0]['body']['id']}"


def test_an_upsert_is_checked_like_any_save(ruler: Caller) -> None:
    ruler.create("Contact", **ANN)

    answer = ruler.ask("PATCH", "sobjects/Contact/Tandem_Id__c/T-1", ANN)

    assert answer.json()[0]["errorCode"] == "DUPLICATES_DETECTED"
    assert ruler.ask("PATCH", "sobjects/Contact/Tandem_Id__c/T-1", ANN, headers=INSIST).status_code == 201


def test_the_deleted_and_the_converted_are_no_twins(ruled_server: Server, ruler: Caller) -> None:
    ruler.delete("Contact", ruler.create("Contact", **ANN))
    lead = ruler.create("Lead", **ANN, Company="Acme")
    answer = requests.post(f"{ruled_server.url}/localorg/convert", json={"lead": lead}, timeout=30)
    assert answer.status_code == 200, answer.text  # nor do duplicate rules run for conversions

    assert list(matches(attempt(ruler, "Contact", ANN))) == [CONTACT_RULE]


def test_what_was_saved_all_the_same_is_reported(ruler: Caller) -> None:
    ann = ruler.create("Contact", **ANN)
    twins = [attempt(ruler, "Contact", ANN, **INSIST).json()["id"] for _ in range(2)]

    soql = "SELECT RecordCount, DuplicateRule.DeveloperName, (SELECT RecordId FROM DuplicateRecordItems) "
    (found,) = ruler.rows(soql + "FROM DuplicateRecordSet")

    assert found["RecordCount"] == 3
    assert found["DuplicateRule"]["DeveloperName"] == "Standard_Contact_Duplicate_Rule"
    assert {item["RecordId"] for item in found["DuplicateRecordItems"]["records"]} == {ann, *twins}


def test_a_rule_may_only_report(ruler: Caller) -> None:
    account = ruler.create("Account", Name="Globex")
    for name in ("Ann", "Ben"):
        ruler.create("Contact", LastName=name, Phone="555 201 3004", AccountId=account)

    (found,) = ruler.rows("SELECT DuplicateRule.DeveloperName FROM DuplicateRecordSet")
    assert found["DuplicateRule"]["DeveloperName"] == "Colleagues"


def test_rules_can_be_looked_up(ruler: Caller) -> None:
    rules = ruler.rows("SELECT DeveloperName, SobjectType, IsActive FROM DuplicateRule ORDER BY DeveloperName")
    assert rules[0]["DeveloperName"] == "Account_Twice"

    items = ruler.rows(
        "SELECT Field, MatchingMethod, MatchingRule.BooleanFilter FROM MatchingRuleItem ORDER BY SortOrder"
    )
    assert ("Region__c", "(1 OR 2) AND 3") in [(i["Field"], i["MatchingRule"]["BooleanFilter"]) for i in items]


def test_candidates_come_from_an_index(tmp_path: Path) -> None:
    org = Org(tmp_path, setup.load(str(Path(__file__).with_name("ruled.toml"))))
    org.database.create_indexes()

    with org.database.read() as db:
        for rule in {c.rule for rules in org.rulebook.duplicates.values() for each in rules for c in each.comparisons}:
            for keys in rule.searches:
                sql = (
                    f'SELECT "Id" FROM "{rule.sobject.name}" t WHERE {" AND ".join(f"{k.key_sql} IS ?" for k in keys)}'
                )
                (plan,) = db.execute(f"EXPLAIN QUERY PLAN {sql}", ["x"] * len(keys)).fetchall()
                assert plan[3].startswith(f"SEARCH t USING INDEX {rule.sobject.name}_{rule.name}"), plan
    org.close()


@pytest.mark.parametrize(
    ("method", "value", "key"),
    [
        ("Email", "John_Doe@us.ibm.com", "johndoe@ibm.com"),
        ("FirstName", "Marc", "m"),
        ("FirstName", "Bill", "w"),  # William
        ("CompanyName", "salesforce.com", "sales"),
        ("Phone", "1-415-555-1234", "415555"),
        ("Street", "123 Maple Avenue", "123maple"),
        ("Zip", "10001", "100"),
        ("LastName", "Müller", normal.key("LastName", "Mueller")),
        ("LastName", "山田", "山田"),
        ("Exact", "  ", None),
    ],
)
def test_keys_are_made_as_documented(method: str, value: str, key: str | None) -> None:
    assert normal.key(method, value) == key


@pytest.mark.parametrize(
    ("method", "one", "other", "score"),
    [
        ("Exact", "Acme", "ACME", 100),
        ("FirstName", "Jonathan", "J", 100),
        ("CompanyName", "Advanced Micro Devices", "AMD", 100),
        ("CompanyName", "Acme Inc.", "The Acme Corporation", 100),
        ("Phone", "1-415-555-1234", "1-415-555-5678", 90),
        ("Phone", "415 555 1234", "510 555 1234", 50),
        ("Zip", "94105-1234", "94105", 90),
        ("Title", "VP of Sales", "Sales VP", pytest.approx(66.7, abs=0.1)),
    ],
)
def test_values_are_compared_as_documented(method: str, one: str, other: str, score: float) -> None:
    assert similarity.score(method, one, other) == score
