"""The strict org's rules: its file can be read, and each kind of rule is at work."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.localorg.client import Caller, Server
from tests.localorg.conftest import sign_in


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("strict"), "--org", "strict", "--seed", "20")
    yield running
    running.stop()


@pytest.fixture
def clerk(strict: Server) -> Caller:
    return sign_in(strict, "Standard User")


DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2099-01-01", "Region__c": "Europe"}


@pytest.mark.parametrize(
    ("name", "fields", "code", "at"),
    [
        ("Contact", {"LastName": "A"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION", ["Email"]),
        ("Contact", {"LastName": "A", "LeadSource": "Fair"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["LeadSource"]),
        ("Lead", {"LastName": "A", "Company": "N/A"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION", ["Company"]),
        ("Lead", {"LastName": "A", "Company": "B", "Consent__c": None}, None, []),  # it has a default
        ("Opportunity", DEAL | {"Region__c": None}, "REQUIRED_FIELD_MISSING", ["Region__c"]),
        ("Opportunity", DEAL | {"CloseDate": "2020-01-01"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION", ["CloseDate"]),
        ("Opportunity", DEAL | {"StageName": "Closed Won"}, "FIELD_CUSTOM_VALIDATION_EXCEPTION", ["Amount"]),
        (
            "Opportunity",
            DEAL | {"RecordType": {"Name": "Renewal"}, "Region__c": "Asia"},
            "INVALID_OR_NULL",
            ["Region__c"],
        ),
        ("Account", {"Name": "A", "RecordType": {"Name": "Partner Account"}}, "INVALID_CROSS", ["RecordTypeId"]),
        ("Account", {"Name": "Fine", "Account_Status__c": "Target", "Status_Reason__c": "Contract"}, None, []),
        ("Task", {"TaskSubtype": "Call", "Status": "Completed"}, "FIELD_CUSTOM", ["CallDisposition"]),
    ],
)
def test_what_it_refuses(clerk: Caller, name: str, fields: dict[str, Any], code: str | None, at: list[str]) -> None:
    answer = clerk.ask("POST", f"sobjects/{name}", fields)

    if code is None:
        assert answer.status_code == 201, answer.text
    else:
        (error,) = answer.json()
        assert (error["errorCode"][: len(code)], error["fields"]) == (code, at)


def test_its_contacts_have_an_address_of_their_own(clerk: Caller) -> None:
    clerk.create("Contact", LastName="A", Email="a@one.example")

    (error,) = clerk.refused("Contact", LastName="B", Email="A@one.example")

    assert (error["duplicateResut"]["allowSave"], error["message"]) == (
        False,
        "There is a contact with this e-mail address.",
    )


def test_its_closed_deals_are_opened_by_administrators_only(strict: Server, clerk: Caller) -> None:
    deal = clerk.create("Opportunity", **DEAL)
    clerk.update("Opportunity", deal, StageName="Closed Lost")

    answer = clerk.ask("PATCH", f"sobjects/Opportunity/{deal}", {"StageName": "Prospecting"})
    assert answer.json()[0]["message"] == "Closed deals can be opened again by administrators only."
    sign_in(strict, "System Administrator").update("Opportunity", deal, StageName="Prospecting")


def test_its_leads_from_the_web_wait_in_a_queue(clerk: Caller) -> None:
    lead = clerk.create("Lead", LastName="W", Company="Web Co", LeadSource="Web")

    (row,) = clerk.rows(f"SELECT Owner.Name, Consent__c FROM Lead WHERE Id = '{lead}'")
    assert (row["Owner"]["Name"], row["Consent__c"]) == ("Web Leads", "Not asked")


@pytest.fixture
def bridge(strict: Server) -> Caller:
    return sign_in(strict, "Integration")


def test_its_integration_sees_the_west_alone(strict: Server, bridge: Caller) -> None:
    admin = sign_in(strict, "System Administrator")
    west = "('sol.vargas@localorg.example', 'mina.okafor@localorg.example', 'ivo.bridge@localorg.example')"

    seen = bridge.query("SELECT COUNT() FROM Opportunity")["totalSize"]
    assert seen == admin.query(f"SELECT COUNT() FROM Opportunity WHERE Owner.Username IN {west}")["totalSize"]
    assert bridge.query("SELECT COUNT() FROM Lead")["totalSize"] == admin.query("SELECT COUNT() FROM Lead")["totalSize"]
    assert bridge.refusal("SELECT AnnualRevenue FROM Account")["errorCode"] == "INVALID_FIELD"
    (error,) = bridge.refused("Account", Name="A", Account_Status__c="Target")
    assert (error["errorCode"], error["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Account_Status__c"])


def test_its_integration_keeps_dates_and_keys_of_another_system(bridge: Caller) -> None:
    path = "sobjects/Contact/Legacy_Id__c"
    created = bridge.ask(
        "PATCH",
        f"{path}/a-1",
        {"LastName": "A", "Phone": "1", "MailingCountryCode": "ES", "CreatedDate": "2019-05-06T07:08:09Z"},
    )

    assert (created.status_code, created.json()["created"]) == (201, True)
    row = bridge.get("Contact", created.json()["id"])
    assert (row["CreatedDate"], row["MailingCountry"]) == ("2019-05-06T07:08:09.000+0000", "Spain")
    assert bridge.ask("GET", f"{path}/A-1").status_code == 404  # the case of these keys counts
    assert bridge.ask("PATCH", f"{path}/a-1", {"LastName": "B"}).json()["created"] is False


def test_its_accounts_may_share_a_key(bridge: Caller) -> None:
    for name in "AB":
        bridge.create("Account", Name=f"Twin {name}", Legacy_Id__c="T1")

    answer = bridge.ask("GET", "sobjects/Account/Legacy_Id__c/t1")
    assert (answer.status_code, len(answer.json())) == (300, 2)


def test_its_pages_only_user_may_not_call_the_api(strict: Server) -> None:
    assert sign_in(strict, "No API").ask("GET", "sobjects").json()[0]["errorCode"] == "API_CURRENTLY_DISABLED"
