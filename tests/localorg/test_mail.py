"""E-mail messages: whom they link to, the task they leave, and that sent ones stay as they are."""

from typing import Any

import pytest

from tests.localorg.client import Caller, Json


@pytest.fixture
def account(admin: Caller) -> str:
    return admin.create("Account", Name="A")


@pytest.fixture
def contact(admin: Caller, account: str) -> str:
    return admin.create("Contact", LastName="C", Email="c@x.example", AccountId=account)


def task_of(admin: Caller, message: str) -> Json:
    return admin.get("Task", admin.get("EmailMessage", message)["ActivityId"])


def test_a_sent_message_leaves_a_completed_task(admin: Caller, contact: str, account: str) -> None:
    message = admin.create(
        "EmailMessage",
        Subject="Hello",
        TextBody="Hi there",
        ToIds=[contact],
        RelatedToId=account,
        MessageDate="2026-02-03T10:00:00Z",
    )

    task = task_of(admin, message)
    wanted = {
        "TaskSubtype": "Email",
        "Subject": "Email: Hello",
        "Status": "Completed",
        "IsClosed": True,
        "WhoId": contact,
        "WhatId": account,
        "AccountId": account,
        "ActivityDate": "2026-02-03",
    }
    assert {name: task[name] for name in wanted} == wanted
    assert "Hi there" in task["Description"]
    assert admin.get("Contact", contact)["LastActivityDate"] == "2026-02-03"


def test_people_are_linked_by_their_ids(admin: Caller, contact: str) -> None:
    user = admin.rows("SELECT Id FROM User WHERE IsActive = true LIMIT 1")[0]["Id"]
    message = admin.create("EmailMessage", Subject="s", ToIds=[contact, contact], CcIds=[user])

    rows = admin.rows(
        "SELECT RelationId, RelationType, RelationAddress, RelationObjectType FROM EmailMessageRelation "
        f"WHERE EmailMessageId = '{message}' ORDER BY Id"
    )
    body = admin.get("EmailMessage", message)
    assert [(r["RelationId"], r["RelationType"], r["RelationObjectType"]) for r in rows] == [
        (contact, "ToAddress", "Contact"),
        (user, "CcAddress", "User"),
    ]
    assert rows[0]["RelationAddress"] == "c@x.example"
    assert (body["ToIds"], body["CcIds"], body["BccIds"]) == ([contact], [user], [])


def test_a_message_to_a_lead_has_a_task_about_nothing_else(admin: Caller, account: str) -> None:
    lead = admin.create("Lead", LastName="L", Company="C")

    task = task_of(admin, admin.create("EmailMessage", Subject="s", ToIds=[lead], RelatedToId=account))

    assert (task["WhoId"], task["WhatId"]) == (lead, None)


def test_a_message_about_nobody_has_no_task(admin: Caller) -> None:
    message = admin.create("EmailMessage", Subject="s", ToAddress="stranger@x.example")

    assert admin.get("EmailMessage", message)["ActivityId"] is None


@pytest.mark.parametrize(("given", "status"), [({}, "3"), ({"Incoming": True}, "0"), ({"Status": "1"}, "1")])
def test_messages_are_sent_or_new_unless_they_say(admin: Caller, given: Json, status: str) -> None:
    body = admin.get("EmailMessage", admin.create("EmailMessage", Subject="s", **given))

    assert body["Status"] == status
    assert body["MessageDate"] == body["CreatedDate"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Subject": "x"}, 400),
        ({"TextBody": "x", "IsExternallyVisible": True}, 400),
        ({"Status": "5"}, 400),
        ({"IsExternallyVisible": True}, 204),
    ],
)
def test_a_sent_message_stays_as_it_is(admin: Caller, change: Json, status: int) -> None:
    message = admin.create("EmailMessage", Subject="s")

    answer = admin.ask("PATCH", f"sobjects/EmailMessage/{message}", change)

    assert answer.status_code == status
    assert status == 204 or answer.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_a_new_message_may_be_read(admin: Caller) -> None:
    message = admin.create("EmailMessage", Subject="s", Incoming=True)

    admin.update("EmailMessage", message, Status="1")

    assert admin.get("EmailMessage", message)["Status"] == "1"


def test_a_draft_has_no_task_until_it_is_sent(admin: Caller, contact: str) -> None:
    other = admin.create("Contact", LastName="D", Email="d@x.example")
    message = admin.create("EmailMessage", Subject="s", Status="5", ToIds=[contact])
    drafted = admin.get("EmailMessage", message)["ActivityId"]

    admin.update("EmailMessage", message, Subject="better", ToIds=[other])
    admin.update("EmailMessage", message, Status="3")

    task = task_of(admin, message)
    assert drafted is None
    assert (task["WhoId"], task["Subject"]) == (other, "Email: better")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"ToIds": "003"}, "JSON_PARSER_ERROR"),
        ({"ToIds": [1]}, "JSON_PARSER_ERROR"),
        ({"ToIds": ["nothing"]}, "MALFORMED_ID"),
        ({"ToIds": ["003Lo0zzzzzzzzz"]}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"ToIds": ["00DLo0000000001"]}, "FIELD_INTEGRITY_EXCEPTION"),
        ({"ActivityId": "00TLo0000000001"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Status": "9"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"FromAddress": "nope"}, "INVALID_EMAIL_ADDRESS"),
    ],
)
def test_messages_that_cannot_be_are_refused(admin: Caller, given: dict[str, Any], code: str) -> None:
    assert [error["errorCode"] for error in admin.refused("EmailMessage", Subject="s", **given)] == [code]


def test_lists_of_ids_say_what_they_are(admin: Caller) -> None:
    fields = {f["name"]: f for f in admin.ask("GET", "sobjects/EmailMessage/describe").json()["fields"]}

    assert (fields["ToIds"]["type"], fields["ToIds"]["soapType"]) == ("complexvalue", "urn:JunctionIdListNames")
    assert admin.refusal("SELECT Id FROM EmailMessage WHERE ToIds = 'x'")["errorCode"] == "INVALID_FIELD"
