"""Record types: what there are for whom, what a record gets, and which picklist values they leave."""

from base64 import b64decode
from typing import Any

import pytest

from tests.localorg.client import Caller, Json

MASTER = "012000000000000AAA"
DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-05-20"}


def types(caller: Caller) -> dict[str, str]:
    rows = caller.rows("SELECT Id, DeveloperName FROM RecordType WHERE SobjectType = 'Opportunity'")
    return {row["DeveloperName"]: row["Id"] for row in rows}


def described(caller: Caller) -> Json:
    return caller.ask("GET", "sobjects/Opportunity/describe").json()


def field(caller: Caller, sobject: str, name: str) -> Json:
    fields = caller.ask("GET", f"sobjects/{sobject}/describe").json()["fields"]
    return next(f for f in fields if f["name"] == name)


def test_describe_tells_each_profile_its_own(ruler: Caller, ruled: Caller) -> None:
    keys = ("developerName", "name", "active", "available", "defaultRecordTypeMapping", "master")

    def infos(caller: Caller) -> list[tuple[Any, ...]]:
        return [tuple(info[key] for key in keys) for info in described(caller)["recordTypeInfos"]]

    assert infos(ruler) == [
        ("New_Business", "New Business", True, True, True, False),
        ("Renewal", "Renewals", True, True, False, False),
        ("Project", "Project", False, False, False, False),
        ("Master", "Master", True, True, False, True),
    ]
    assert infos(ruled)[1] == ("Renewal", "Renewals", True, False, False, False)


def test_only_objects_with_record_types_have_the_field(ruler: Caller) -> None:
    shown = field(ruler, "Opportunity", "RecordTypeId")

    assert (shown["referenceTo"], shown["relationshipName"], shown["createable"]) == (
        ["RecordType"],
        "RecordType",
        True,
    )
    names = [f["name"] for f in ruler.ask("GET", "sobjects/Contact/describe").json()["fields"]]
    assert "RecordTypeId" not in names


def test_a_record_gets_the_default_of_its_makers_profile(ruled: Caller) -> None:
    deal = ruled.create("Opportunity", **DEAL)

    (row,) = ruled.rows(f"SELECT RecordType.DeveloperName, LeadSource FROM Opportunity WHERE Id = '{deal}'")
    assert (row["RecordType"]["DeveloperName"], row["LeadSource"]) == ("New_Business", "Web")


def test_a_type_may_be_given_and_changed(ruler: Caller) -> None:
    known = types(ruler)
    deal = ruler.create("Opportunity", **DEAL, RecordTypeId=known["Renewal"][:15])
    assert ruler.get("Opportunity", deal)["RecordTypeId"] == known["Renewal"]

    ruler.update("Opportunity", deal, RecordTypeId=known["New_Business"])
    assert ruler.get("Opportunity", deal)["RecordTypeId"] == known["New_Business"]
    ruler.update("Opportunity", deal, RecordTypeId=MASTER)
    assert ruler.get("Opportunity", deal)["RecordTypeId"] is None


@pytest.mark.parametrize("wanted", [{"Name": "Renewals"}, {"DeveloperName": "renewal"}])
def test_a_type_may_be_named(ruler: Caller, wanted: Json) -> None:
    deal = ruler.create("Opportunity", **DEAL, RecordType=wanted)

    assert ruler.get("Opportunity", deal)["RecordTypeId"] == types(ruler)["Renewal"]


@pytest.mark.parametrize("wanted", [{"Name": "Nonsense"}, {}, {"Id": "x"}, "Renewal", 1, {"Name": ["x"]}])
def test_what_names_no_type_is_refused(ruler: Caller, wanted: Any) -> None:
    assert ruler.refused("Opportunity", **DEAL, RecordType=wanted)[0]["errorCode"] == "INVALID_FIELD"


@pytest.mark.parametrize("name", ["Renewal", "Project"])
def test_types_that_a_user_may_not_give_are_refused_in_recorded_words(ruled: Caller, name: str) -> None:
    record_type = types(ruled)[name]

    (problem,) = ruled.refused("Opportunity", **DEAL, RecordTypeId=record_type)

    assert problem == {
        "message": f"Record Type ID: this ID value isn't valid for the user: {record_type}",
        "errorCode": "INVALID_CROSS_REFERENCE_KEY",
        "fields": ["RecordTypeId"],
    }


@pytest.mark.parametrize("wanted", ["012000000000001AAA", "003000000000001AAA"])
def test_ids_of_no_type_are_refused_alike(ruler: Caller, wanted: str) -> None:
    (problem,) = ruler.refused("Opportunity", **DEAL, RecordTypeId=wanted)

    assert (problem["errorCode"], problem["fields"]) == ("INVALID_CROSS_REFERENCE_KEY", ["RecordTypeId"])


def test_records_of_a_type_that_is_not_offered_may_be_edited(ruler: Caller, ruled: Caller) -> None:
    deal = ruler.create("Opportunity", **DEAL, RecordTypeId=types(ruler)["Renewal"])

    ruled.update("Opportunity", deal, NextStep="Call")


def test_only_restricted_picklists_mind_the_type(ruler: Caller) -> None:
    renewal = {"RecordTypeId": types(ruler)["Renewal"]}
    ruler.create("Opportunity", **(DEAL | renewal | {"StageName": "Qualification"}))

    (problem,) = ruler.refused("Opportunity", **DEAL, **renewal, ForecastCategoryName="Commit")

    assert problem == {
        "message": "Forecast Category: bad value for restricted picklist field: Commit",
        "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "fields": ["ForecastCategoryName"],
    }
    ruler.create("Opportunity", **DEAL, ForecastCategoryName="Commit")


def test_seeded_records_are_of_the_active_types(ruler: Caller) -> None:
    soql = "SELECT RecordType.DeveloperName name, COUNT(Id) n FROM Opportunity GROUP BY RecordType.DeveloperName"

    assert {row["name"] for row in ruler.rows(soql)} == {"New_Business", "Renewal"}


def test_layouts_are_asked_for_by_type_once_there_are_several(ruler: Caller) -> None:
    body = ruler.ask("GET", "sobjects/Opportunity/describe/layouts").json()
    assert body["layouts"] is None
    assert body["recordTypeSelectorRequired"] == [True]

    mappings = {mapping["developerName"]: mapping for mapping in body["recordTypeMappings"]}
    renewal, other = mappings["Renewal"], mappings["New_Business"]
    assert renewal["layoutId"] != other["layoutId"] == mappings["Master"]["layoutId"]
    assert renewal["urls"]["layout"].endswith(f"/describe/layouts/{renewal['recordTypeId']}")
    layout = ruler.ask("GET", f"sobjects/Opportunity/describe/layouts/{renewal['recordTypeId']}").json()
    assert layout["id"] == renewal["layoutId"]
    items = [item for row in layout["detailLayoutSections"][0]["layoutRows"] for item in row["layoutItems"]]
    stage = next(item for item in items if item["layoutComponents"][0]["value"] == "StageName")
    assert (stage["label"], stage["required"], stage["editableForNew"]) == ("Stage", True, True)
    assert ruler.ask("GET", "sobjects/Opportunity/describe/layouts/012000000000009AAA").status_code == 404


def test_layouts_bring_the_picklists_of_each_type(ruler: Caller) -> None:
    body = ruler.ask("GET", "sobjects/Opportunity/describe/layouts").json()

    def shown(name: str, picklist: str) -> list[tuple[str, bool]]:
        mapping = next(m for m in body["recordTypeMappings"] if m["developerName"] == name)
        lists = {p["picklistName"]: p["picklistValues"] for p in mapping["picklistsForRecordType"]}
        return [(value["value"], value["defaultValue"]) for value in lists[picklist]]

    assert [value for value, _ in shown("Renewal", "StageName")] == ["Prospecting", "Closed Won", "Closed Lost"]
    assert len(shown("New_Business", "StageName")) == 10
    assert ("Web", True) in shown("New_Business", "LeadSource")
    assert ("Web", False) in shown("Renewal", "LeadSource")


def test_describe_has_a_bit_for_each_controlling_value(ruler: Caller) -> None:
    city = field(ruler, "Contact", "City__c")

    assert (city["dependentPicklist"], city["controllerName"]) == (True, "Country__c")
    bits = {value["value"]: b64decode(value["validFor"]) for value in city["picklistValues"]}
    assert bits == {
        "Berlin": b"\x80\0\0",
        "Bilbao": b"\x40\0\0",
        "Boston": b"\x20\0\0",
        "Elsewhere": b"\xc0\0\0",
    }
    controller = field(ruler, "Contact", "Country__c")
    assert (controller["dependentPicklist"], controller["picklistValues"][0]["validFor"]) == (False, None)


def test_a_checkbox_controls_too(ruler: Caller) -> None:
    gift = field(ruler, "Contact", "Gift__c")

    assert gift["controllerName"] == "DoNotCall"
    assert [value["validFor"] for value in gift["picklistValues"]] == ["gAAA", "wAAA"]


def test_dependencies_are_for_forms_only(ruler: Caller) -> None:
    ruler.create("Contact", LastName="A", Country__c="Spain", City__c="Boston")
