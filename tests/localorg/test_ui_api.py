"""The User Interface API: what forms ask for. Shapes as in recordings of Salesforce's own client."""

from typing import Any

import pytest

from tests.localorg.client import Caller, Json

MASTER = "012000000000000AAA"


def asked(caller: Caller, path: str) -> Json:
    answer = caller.ask("GET", f"ui-api/{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def refusal(caller: Caller, path: str) -> tuple[int, Json]:
    answer = caller.ask("GET", f"ui-api/{path}")
    (error,) = answer.json()
    return answer.status_code, error


def record_type(caller: Caller, name: str) -> str:
    (row,) = caller.rows(f"SELECT Id FROM RecordType WHERE DeveloperName = '{name}'")
    return str(row["Id"])


def test_picklists_of_an_object_without_record_types(ruler: Caller) -> None:
    lists = asked(ruler, f"object-info/Lead/picklist-values/{MASTER}")["picklistFieldValues"]

    assert set(lists["Industry"]) == {"controllerValues", "defaultValue", "eTag", "url", "values"}
    assert lists["Industry"]["controllerValues"] == {}
    assert lists["Rating"]["values"][0] == {"attributes": None, "label": "Hot", "validFor": [], "value": "Hot"}
    first = {
        "attributes": {"converted": False, "picklistAtrributesValueType": "LeadStatus"},
        "label": "Open - Not Contacted",
        "validFor": [],
        "value": "Open - Not Contacted",
    }
    assert lists["Status"]["defaultValue"] == lists["Status"]["values"][0] == first


def test_stages_come_with_what_they_mean(ruler: Caller) -> None:
    path = f"object-info/Opportunity/picklist-values/{record_type(ruler, 'Renewal')}/StageName"
    body = asked(ruler, path)

    assert [value["value"] for value in body["values"]] == ["Prospecting", "Closed Won", "Closed Lost"]
    assert body["values"][1]["attributes"] == {
        "closed": True,
        "defaultProbability": 100.0,
        "forecastCategoryName": "Closed",
        "picklistAtrributesValueType": "OpportunityStage",
        "won": True,
    }
    assert body["url"] == f"/services/data/v62.0/ui-api/{path}"


def test_dependent_values_name_the_places_of_what_they_depend_on(ruler: Caller) -> None:
    lists = asked(ruler, f"object-info/Contact/picklist-values/{MASTER}")["picklistFieldValues"]

    assert lists["City__c"]["controllerValues"] == {"Germany": 0, "Spain": 1, "United States": 2}
    assert {v["value"]: v["validFor"] for v in lists["City__c"]["values"]} == {
        "Berlin": [0],
        "Bilbao": [1],
        "Boston": [2],
        "Elsewhere": [0, 1],
    }
    assert lists["Gift__c"]["controllerValues"] == {"false": 0, "true": 1}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("object-info/Nothing__c", 404, "NOT_FOUND"),
        ("object-info/UserRole", 400, "INVALID_TYPE"),
        (f"object-info/Nothing__c/picklist-values/{MASTER}", 404, "NOT_FOUND"),
        (f"object-info/Account/picklist-values/{MASTER}/Name", 400, "INVALID_FIELD"),
        (f"object-info/Account/picklist-values/{MASTER}/Foo__c", 400, "INVALID_FIELD"),
        ("object-info/Account/picklist-values/nonsense", 400, "INVALID_RECORD_TYPE"),
        ("object-info/Account/picklist-values/012000000000009AAA", 400, "INVALID_RECORD_TYPE"),
        ("record-defaults/create/Account?optionalFields=Name", 400, "ILLEGAL_QUERY_PARAMETER_VALUE"),
        ("record-defaults/create/Account?recordTypeId=x", 400, "INVALID_RECORD_TYPE"),
        ("duplicates/UserRole", 400, "INVALID_TYPE"),
    ],
)
def test_what_cannot_be_answered(ruler: Caller, path: str, status: int, code: str) -> None:
    found, error = refusal(ruler, path)

    assert (found, error["errorCode"]) == (status, code)


def test_two_refusals_as_recorded(ruler: Caller) -> None:
    _, error = refusal(ruler, f"object-info/Account/picklist-values/{MASTER}/Name")
    assert error["message"] == "Field Name is not a picklist."
    _, error = refusal(ruler, "record-defaults/create/Account?optionalFields=Name")
    assert error["message"] == "Expected '.' in all qualified names: Name is invalid"


def test_an_object_with_all_that_forms_need(ruler: Caller) -> None:
    info = asked(ruler, "object-info/opportunity")

    assert (info["apiName"], info["keyPrefix"], info["deletable"]) == ("Opportunity", "006", True)
    assert info["defaultRecordTypeId"] == record_type(ruler, "New_Business")
    assert info["recordTypeInfos"][MASTER] == {
        "available": True,
        "defaultRecordTypeMapping": False,
        "master": True,
        "name": "Master",
        "recordTypeId": MASTER,
    }
    stage, account = info["fields"]["StageName"], info["fields"]["AccountId"]
    assert (stage["dataType"], stage["required"], stage["controllingFields"]) == ("Picklist", True, [])
    assert (account["reference"], account["referenceToInfos"][0]["apiName"]) == (True, "Account")
    assert info["fields"]["CloseDate"]["dataType"] == "Date"
    names = [child["relationshipName"] for child in info["childRelationships"]]
    assert "OpportunityContactRoles" in names
    assert None not in names


def test_the_tree_of_dependent_fields(ruler: Caller) -> None:
    info = asked(ruler, "object-info/Contact")

    assert info["dependentFields"] == {"Country__c": {"City__c": {}}, "DoNotCall": {"Gift__c": {}}}
    assert info["fields"]["City__c"]["controllingFields"] == ["Country__c"]
    assert info["nameFields"] == ["FirstName", "LastName", "Name"]
    assert info["fields"]["LastName"]["compoundFieldName"] == "Name"


def test_an_etag_changes_with_what_a_user_sees(ruler: Caller, ruled: Caller) -> None:
    first, again, other = (asked(caller, "object-info/Opportunity")["eTag"] for caller in (ruler, ruler, ruled))

    assert first == again != other


def test_in_a_batch_each_object_stands_by_itself(ruler: Caller) -> None:
    body = asked(ruler, "object-info/batch/Contact,UserRole,Lead")

    assert body["hasErrors"] is True
    assert [result["statusCode"] for result in body["results"]] == [200, 400, 200]
    assert body["results"][1]["result"] == [
        {"errorCode": "INVALID_TYPE", "message": "Object UserRole is not supported in UI API"}
    ]


def test_the_directory_lists_what_is_supported(ruler: Caller) -> None:
    objects = asked(ruler, "object-info")["objects"]

    assert objects["Lead"]["objectInfoUrl"] == "/services/data/v62.0/ui-api/object-info/Lead"
    assert "UserRole" not in objects


def test_a_new_record_begins_with_its_defaults(ruled: Caller) -> None:
    body = asked(ruled, "record-defaults/create/Opportunity")

    assert set(body) == {"layout", "objectInfos", "record"}
    record = body["record"]
    assert record["recordTypeId"] == record_type(ruled, "New_Business")
    assert record["fields"]["LeadSource"] == {"displayValue": "Web", "value": "Web"}
    assert record["fields"]["IsPrivate"]["value"] is False
    assert {"Opportunity", "Account", "User"} <= set(body["objectInfos"])
    items = [i for row in body["layout"]["sections"][0]["layoutRows"] for i in row["layoutItems"]]
    assert next(i for i in items if i["layoutComponents"][0]["apiName"] == "StageName")["required"] is True


def test_the_light_defaults_bring_what_was_asked_for(ruler: Caller) -> None:
    chosen = record_type(ruler, "Renewal")
    fields = "Opportunity.LeadSource,Opportunity.Foo__c"
    path = f"record-defaults/template/create/Opportunity?recordTypeId={chosen}&optionalFields={fields}"

    assert asked(ruler, path)["record"] == {
        "apiName": "Opportunity",
        "fields": {"LeadSource": {"displayValue": None, "value": None}},
        "recordTypeId": chosen,
    }


def test_duplicate_rules_can_be_known_beforehand(ruler: Caller) -> None:
    body = asked(ruler, "duplicates/Account")

    (rule,) = body["duplicateRules"]
    assert (body["dedupeEnabled"], body["dedupeFields"]) == (True, ["Name", "Region__c", "Website"])
    assert (rule["name"], rule["actionOnInsert"], rule["operationsOnUpdate"]) == ("Account_Twice", "Block", ["Report"])
    assert rule["matchRules"][0]["matchEngine"] == "FuzzyMatchEngine"
    assert asked(ruler, "duplicates/Opportunity")["dedupeEnabled"] is False


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_it_is_there_to_read(ruler: Caller, method: str) -> None:
    answer = ruler.ask(method, "ui-api/object-info/Contact", {})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (405, "METHOD_NOT_ALLOWED")


def test_hidden_fields_are_hidden_here_too(admin: Caller) -> None:
    shown: dict[str, Any] = asked(admin, "object-info/Contact")["fields"]

    described = admin.ask("GET", "sobjects/Contact/describe").json()["fields"]
    assert sorted(shown) == sorted(field["name"] for field in described)
