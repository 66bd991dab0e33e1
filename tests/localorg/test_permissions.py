"""Permissions of objects and fields: describe, queries, writing; how they are asked for and changed by API."""

from typing import Any

import pytest
import requests

from tests.localorg.bulk_jobs import loaded, queried
from tests.localorg.client import Caller, Json, Server
from tests.localorg.conftest import sign_in

CANNOT_INSERT, READ_ONLY = "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", "INSUFFICIENT_ACCESS_OR_READONLY"
SOL, IVO, PAUL = (f"005Lo000000000{end}" for end in ("2IAA", "9IAA", "AIAQ"))


def described(caller: Caller, name: str) -> dict[str, Json]:
    return {f["name"]: f for f in caller.ask("GET", f"sobjects/{name}/describe").json()["fields"]}


def own_set(caller: Caller) -> str:
    """The permission set that the integration's profile owns."""
    (row,) = caller.rows("SELECT Id FROM PermissionSet WHERE Profile.Name = 'Integration'")
    return row["Id"]


def test_objects_that_may_not_be_read_are_not_there(bridge: Caller) -> None:
    names = {s["name"] for s in bridge.ask("GET", "sobjects").json()["sobjects"]}

    assert {"Account", "Contact", "Lead", "Task"} <= names
    assert not {"Campaign", "CampaignMember"} & names
    assert bridge.ask("GET", "sobjects/Campaign/describe").status_code == 404
    assert bridge.refusal("SELECT Id FROM Campaign")["errorCode"] == "INVALID_TYPE"
    assert bridge.refusal("SELECT Campaign.Name FROM Opportunity")["errorCode"] == "INVALID_FIELD"
    assert bridge.refusal("SELECT Id, (SELECT Id FROM CampaignMembers) FROM Contact")["errorCode"] == "INVALID_TYPE"


def test_describe_tells_what_the_caller_may_do_with_an_object(keeper: Caller, bridge: Caller) -> None:
    keys = ("createable", "updateable", "deletable", "undeletable", "mergeable")

    def abilities(caller: Caller, name: str) -> list[bool]:
        body = caller.ask("GET", f"sobjects/{name}/describe").json()
        return [body[key] for key in keys]

    assert abilities(keeper, "Contact") == [True] * 5
    assert abilities(bridge, "Contact") == [True, True, False, False, False]
    assert abilities(bridge, "Lead") == [False] * 5
    assert abilities(bridge, "OpportunityContactRole")[:3] == [True, True, True]  # follows the opportunity's edit
    assert abilities(bridge, "Event")[:3] == [False] * 3  # needs a system permission of its own
    assert abilities(bridge, "User")[:2] == [False] * 2


def test_hidden_fields_are_as_if_they_did_not_exist(keeper: Caller, bridge: Caller) -> None:
    contact = bridge.rows("SELECT Id FROM Contact LIMIT 1")[0]["Id"]

    def refusals(name: str) -> list[tuple[int, str, str]]:
        answers = [
            bridge.ask("GET", "query", params={"q": f"SELECT Id FROM Contact WHERE {name} = null"}),
            bridge.ask("GET", f"sobjects/Contact/{contact}", params={"fields": name}),
            bridge.ask("POST", "sobjects/Contact", {"LastName": "A", name: "2000-01-01"}),
            bridge.ask("PATCH", f"sobjects/Contact/{contact}", {name: None}),
            bridge.ask("POST", "composite/sobjects/Contact", {"ids": [contact], "fields": ["Id", name]}),
            bridge.ask("POST", "composite/sobjects", {"records": [{"attributes": {"type": "Contact"}, name: None}]}),
        ]
        errors = [(answer.status_code, answer.json()[0]) for answer in answers]
        return [(status, e["errorCode"], e["message"].replace(name, "X").replace(" ", "")) for status, e in errors]

    assert refusals("Birthdate") == refusals("Birthmark")  # of equal length, so that even the carets agree
    assert "Birthdate" in keeper.get("Contact", contact)
    assert not {"Birthdate", "OtherAddress", "OtherCity"} & bridge.get("Contact", contact).keys()
    assert not {"Birthdate", "OtherAddress", "OtherCity"} & described(bridge, "Contact").keys()
    fields = bridge.rows("SELECT FIELDS(ALL) FROM Contact LIMIT 1")[0]
    assert "MailingCity" in fields
    assert "OtherCity" not in fields


def test_hidden_fields_hide_through_relationships(bridge: Caller) -> None:
    assert bridge.refusal("SELECT Contact.Birthdate FROM OpportunityContactRole")["errorCode"] == "INVALID_FIELD"
    assert bridge.refusal("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Birthdate = null)")
    assert bridge.refusal("SELECT Id, (SELECT Birthdate FROM Contacts) FROM Account")["errorCode"] == "INVALID_FIELD"


def test_fields_that_may_only_be_read(bridge: Caller) -> None:
    email = described(bridge, "Contact")["Email"]
    errors = bridge.refused("Contact", LastName="A", Email="a@b.example")
    rows = bridge.ask(
        "POST", "composite/sobjects", {"records": [{"attributes": {"type": "Contact"}, "LastName": "A", "Email": "x"}]}
    ).json()

    assert (email["createable"], email["updateable"], email["permissionable"]) == (False, False, True)
    message = (
        "Unable to create/update fields: Email. Please check the security settings of this field and verify that it "
        "is read/write for your profile or permission set."
    )
    assert errors == [{"message": message, "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "fields": ["Email"]}]
    assert rows[0]["errors"] == [
        {"statusCode": "INVALID_FIELD_FOR_INSERT_UPDATE", "message": message, "fields": ["Email"]}
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "message"),
    [
        ("POST", "sobjects/Lead", {"LastName": "A", "Company": "B"}, CANNOT_INSERT, "inserted: Lead"),
        ("PATCH", "sobjects/Lead/00QLo0000000001", {"LastName": "A"}, READ_ONLY, "on object id"),
        ("DELETE", "sobjects/Contact/003Lo0000000003", None, READ_ONLY, "on object id"),
        ("POST", "sobjects/Event", {"Subject": "A"}, CANNOT_INSERT, "inserted: Event"),
        ("POST", "sobjects/User", {"LastName": "A"}, CANNOT_INSERT, "inserted: User"),
    ],
)
def test_writing_without_permission(bridge: Caller, method: str, path: str, body: Any, code: str, message: str) -> None:
    answer = bridge.ask(method, path, body)

    (error,) = answer.json()
    assert (answer.status_code, error["errorCode"], error["fields"]) == (400, code, [])
    assert error["message"].endswith(message)


def test_by_bulk_the_same_holds(bridge: Caller) -> None:
    def refusal(name: str) -> str:
        body = {"operation": "query", "query": f"SELECT Id, {name} FROM Contact"}
        return bridge.ask("POST", "jobs/query", body).text.replace(name, "X")

    assert "No such column" in refusal("Birthdate")
    assert refusal("Birthdate") == refusal("Birthmark")
    job = loaded(bridge, "insert", "LastName,Company\nA,B\n", "Lead")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (1, 1)
    assert len(queried(bridge, "SELECT Id FROM Account")) == bridge.query("SELECT COUNT() FROM Account")["totalSize"]


def test_system_users_cascade_where_the_user_may_not_look(keeper: Caller, bridge: Caller) -> None:
    account = bridge.create("Account", Name="A")
    campaign = keeper.create("Campaign", Name="C")
    contact = bridge.create("Contact", LastName="B", AccountId=account)
    keeper.create("CampaignMember", CampaignId=campaign, ContactId=contact)

    bridge.delete("Account", account)

    assert keeper.rows(f"SELECT Id FROM CampaignMember WHERE ContactId = '{contact}'") == []
    assert keeper.rows(f"SELECT IsDeleted FROM Contact WHERE Id = '{contact}'", "queryAll")[0]["IsDeleted"] is True


def test_a_login_finds_out_what_it_may_do(bridge: Caller) -> None:
    (assigned,) = bridge.rows(
        "SELECT PermissionSet.IsOwnedByProfile, PermissionSet.Profile.Name, PermissionSet.PermissionsModifyAllData, "
        f"PermissionSet.PermissionsApiEnabled FROM PermissionSetAssignment WHERE AssigneeId = '{IVO}'"
    )
    objects = bridge.rows(
        "SELECT SobjectType, PermissionsRead, PermissionsCreate, PermissionsEdit, PermissionsDelete, "
        "PermissionsViewAllRecords, PermissionsModifyAllRecords FROM ObjectPermissions "
        f"WHERE ParentId IN (SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = '{IVO}')"
    )
    fields = bridge.rows(
        "SELECT Field, PermissionsRead, PermissionsEdit FROM FieldPermissions WHERE Parent.Profile.Name = 'Integration'"
    )

    found = assigned["PermissionSet"]
    assert (found["IsOwnedByProfile"], found["Profile"]["Name"]) == (True, "Integration")
    assert (found["PermissionsModifyAllData"], found["PermissionsApiEnabled"]) == (False, True)
    allowed = {row["SobjectType"]: [v for k, v in row.items() if k.startswith("Permissions")] for row in objects}
    assert allowed["Lead"] == [True, False, False, False, False, False]
    assert allowed["Account"] == [True, True, True, True, False, False]
    assert "Campaign" not in allowed
    seen = {row["Field"]: row["PermissionsEdit"] for row in fields}
    assert (seen["Contact.Email"], seen["Contact.Phone"]) == (False, True)
    assert not {"Contact.Birthdate", "Contact.OtherAddress", "Contact.LastName", "Contact.MailingCity"} & seen.keys()


def test_who_may_not_view_setup_sees_their_own_permissions_only(keeper: Caller, bridge: Caller) -> None:
    assert len(keeper.rows("SELECT Id FROM PermissionSetAssignment")) > 1
    assert [row["AssigneeId"] for row in bridge.rows("SELECT AssigneeId FROM PermissionSetAssignment")] == [IVO]
    assert len(bridge.rows("SELECT Id FROM PermissionSet")) == 1


def test_permissions_given_by_api_hold_from_the_next_call_on(keeper: Caller, bridge: Caller) -> None:
    holder = own_set(keeper)
    keeper.create(
        "FieldPermissions",
        ParentId=holder,
        SobjectType="Contact",
        Field="Contact.Birthdate",
        PermissionsRead=True,
        PermissionsEdit=True,
    )
    keeper.create("ObjectPermissions", ParentId=holder, SobjectType="Campaign", PermissionsRead=True)

    bridge.create("Contact", LastName="A", Birthdate="2000-01-01")
    assert bridge.query("SELECT COUNT() FROM Campaign")["totalSize"] == 5
    keeper.control("reset")
    assert bridge.refusal("SELECT Birthdate FROM Contact")["errorCode"] == "INVALID_FIELD"


def test_a_permission_set_adds_to_a_profile_while_it_is_assigned(keeper: Caller, bridge: Caller) -> None:
    (birthdays,) = keeper.rows("SELECT Id FROM PermissionSet WHERE Name = 'Birthdays'")

    assigned = keeper.create("PermissionSetAssignment", PermissionSetId=birthdays["Id"], AssigneeId=IVO)
    assert described(bridge, "Contact")["Birthdate"]["updateable"] is True
    keeper.delete("PermissionSetAssignment", assigned)
    assert "Birthdate" not in described(bridge, "Contact")


def test_a_permission_cannot_be_without_those_it_needs(keeper: Caller) -> None:
    holder = own_set(keeper)
    (error,) = keeper.refused("ObjectPermissions", ParentId=holder, SobjectType="Campaign", PermissionsEdit=True)
    (twice,) = keeper.refused("ObjectPermissions", ParentId=holder, SobjectType="Lead", PermissionsRead=True)
    (unknown,) = keeper.refused("FieldPermissions", ParentId=holder, SobjectType="Contact", Field="Contact.LastName")

    assert error["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    assert error["message"] == "Permission Edit Campaign depends on permission(s): Read Campaign"
    assert twice["errorCode"] == "DUPLICATE_VALUE"
    assert unknown["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


def test_the_permissions_of_a_profile_go_with_it(keeper: Caller, bridge: Caller) -> None:
    (standard,) = keeper.rows("SELECT Id FROM Profile WHERE Name = 'Standard User'")
    keeper.update("User", IVO, ProfileId=standard["Id"])

    (row,) = keeper.rows(f"SELECT PermissionSet.Profile.Name FROM PermissionSetAssignment WHERE AssigneeId = '{IVO}'")
    assert row["PermissionSet"]["Profile"]["Name"] == "Standard User"
    assert "Birthdate" in described(bridge, "Contact")


def test_a_token_of_a_user_without_api_enabled_opens_nothing(keeper: Caller, private_server: Server) -> None:
    paul = sign_in(private_server, "No API")

    for method, path in (
        ("GET", "sobjects"),
        ("GET", "query?q=SELECT+Id+FROM+Account"),
        ("POST", "composite/sobjects"),
    ):
        answer = paul.ask(method, path, {} if method == "POST" else None)
        assert answer.status_code == 403
        assert answer.json() == [{"message": "API is disabled for this User", "errorCode": "API_CURRENTLY_DISABLED"}]
    identity = requests.get(f"{paul.url}/services/oauth2/userinfo", params={"oauth_token": paul.token}, timeout=30)
    assert identity.json()["user_id"] == PAUL


def test_a_user_who_leaves_is_out_at_once(keeper: Caller, bridge: Caller) -> None:
    keeper.update("User", IVO, IsActive=False)
    assert bridge.ask("GET", "sobjects").status_code == 401
    keeper.update("User", IVO, IsActive=True)
    assert bridge.ask("GET", "sobjects").status_code == 200


def test_audit_fields_are_set_on_create_by_those_who_may(keeper: Caller, bridge: Caller) -> None:
    stamps = {"CreatedDate": "2020-01-02T03:04:05Z", "CreatedById": SOL, "LastModifiedDate": "2021-01-02T03:04:05Z"}

    contact = bridge.create("Contact", LastName="Old", **stamps)

    row = bridge.get("Contact", contact)
    assert (row["CreatedDate"], row["CreatedById"]) == ("2020-01-02T03:04:05.000+0000", SOL)
    assert row["LastModifiedDate"] == "2021-01-02T03:04:05.000+0000"
    assert row["LastModifiedById"] == IVO
    assert row["SystemModstamp"] > "2024"
    created = described(bridge, "Contact")["CreatedDate"]
    assert (created["createable"], created["updateable"]) == (True, False)
    answer = bridge.ask("PATCH", f"sobjects/Contact/{contact}", {"CreatedDate": stamps["CreatedDate"]})
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert described(keeper, "Contact")["CreatedDate"]["createable"] is False
    assert keeper.refused("Contact", LastName="A", **stamps)[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert bridge.get("Contact", bridge.create("Contact", LastName="New", CreatedDate=None))["CreatedDate"] > "2024"


def test_person_accounts_and_currencies_are_off(keeper: Caller) -> None:
    assert not {"IsPersonAccount", "PersonContactId", "CurrencyIsoCode"} & described(keeper, "Account").keys()
    assert keeper.refusal("SELECT IsPersonAccount FROM Account")["errorCode"] == "INVALID_FIELD"
