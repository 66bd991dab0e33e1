"""Single records over REST: statuses, bodies, validation."""

import gzip
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import requests

from tests.localorg.client import Caller, Json

ID = re.compile(r"[0-9A-Za-z]{15}[A-Z0-5]{3}")


def test_a_create_answers_201_with_a_location(admin: Caller) -> None:
    answer = admin.ask("POST", "sobjects/Contact/", {"LastName": "Sampleton"})

    body = answer.json()
    assert answer.status_code == 201
    assert ID.fullmatch(body["id"])
    assert body == {"id": body["id"], "success": True, "errors": []}
    assert answer.headers["Location"] == f"/services/data/v62.0/sobjects/Contact/{body['id']}"


def test_update_and_delete_answer_204_with_nothing(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="Sampleton")

    for method, body in (("PATCH", {"Title": "CEO"}), ("DELETE", None)):
        answer = admin.ask(method, f"sobjects/Contact/{record_id}", body)
        assert (answer.status_code, answer.content) == (204, b"")
        assert "Content-Type" not in answer.headers


def test_names_are_taken_in_any_case_and_given_in_their_own(admin: Caller) -> None:
    record_id = admin.ask("POST", "sobjects/contact", {"lastname": "Sampleton"}).json()["id"]

    body = admin.ask("GET", f"SOBJECTS/CONTACT/{record_id[:15]}/?fields=LASTNAME,id").json()

    assert body == {
        "attributes": {"type": "Contact", "url": f"/services/data/v62.0/sobjects/Contact/{record_id}"},
        "LastName": "Sampleton",
        "Id": record_id,
    }


def test_values_come_back_in_salesforces_normal_form(admin: Caller) -> None:
    record_id = admin.create(
        "Lead", LastName="  Test ", Company="X", Email="", AnnualRevenue="1500.4", NumberOfEmployees="8"
    )

    body = admin.get("Lead", record_id)

    assert body["LastName"] == "Test"
    assert body["Email"] is None
    assert body["AnnualRevenue"] == 1500.0
    assert isinstance(body["AnnualRevenue"], float)
    assert body["NumberOfEmployees"] == 8
    assert body["IsConverted"] is False
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000\+0000", body["SystemModstamp"])


def test_all_fields_come_in_the_order_of_describe(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="Sampleton", MailingCity="Bilbao")

    body = admin.get("Contact", record_id)

    assert list(body)[1:] == [f["name"] for f in admin.ask("GET", "sobjects/Contact/describe").json()["fields"]]
    assert list(body["MailingAddress"]) == sorted(body["MailingAddress"])
    assert body["MailingAddress"]["city"] == "Bilbao"
    assert body["OtherAddress"] is None


def test_audit_fields_name_the_caller_and_move_with_every_update(admin: Caller, rep: Caller) -> None:
    record_id = rep.create("Contact", LastName="Sampleton")
    admin.update("Contact", record_id, LastName="Sampleton")

    body = admin.get("Contact", record_id)

    assert body["CreatedById"] == body["OwnerId"] != body["LastModifiedById"]
    assert body["SystemModstamp"] == body["LastModifiedDate"] >= body["CreatedDate"]


def test_null_clears_and_absence_keeps(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="Sampleton", Title="CEO", Phone="1")

    admin.update("Contact", record_id, Title=None)

    body = admin.get("Contact", record_id)
    assert (body["Title"], body["Phone"]) == (None, "1")


def test_the_name_follows_its_parts(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="Sampleton", FirstName="Ana", Salutation="Ms.")
    assert admin.get("Contact", record_id)["Name"] == "Ana Sampleton"

    admin.update("Contact", record_id, FirstName=None)
    assert admin.get("Contact", record_id)["Name"] == "Sampleton"


REFUSED: list[tuple[Json, Json]] = [
    (
        {"FirstName": "Ana"},
        {
            "message": "Required fields are missing: [LastName]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["LastName"],
        },
    ),
    (
        {"LastName": "x" * 81},
        {
            "message": f"Last Name: data value too large: {'x' * 81} (max length=80)",
            "errorCode": "STRING_TOO_LONG",
            "fields": ["LastName"],
        },
    ),
    (
        {"LastName": "A", "Email": "nope"},
        {"message": "Email: invalid email address: nope", "errorCode": "INVALID_EMAIL_ADDRESS", "fields": ["Email"]},
    ),
    (
        {"LastName": "A", "Foo__c": 1},
        {"message": "No such column 'Foo__c' on sobject of type Contact", "errorCode": "INVALID_FIELD"},
    ),
    (
        {"LastName": "A", "Level__c": "Top"},
        {
            "message": "Level: bad value for restricted picklist field: Top",
            "errorCode": "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            "fields": ["Level__c"],
        },
    ),
    (
        {"LastName": "A", "Name": "A", "CreatedDate": "2026-01-01T00:00:00Z"},
        {
            "message": "Unable to create/update fields: Name, CreatedDate. "
            "Please check the security settings of this field and verify "
            "that it is read/write for your profile or permission set.",
            "errorCode": "INVALID_FIELD_FOR_INSERT_UPDATE",
            "fields": ["Name", "CreatedDate"],
        },
    ),
    (
        {"LastName": "A", "AccountId": "001xx"},
        {
            "message": "Account ID: id value of incorrect type: 001xx",
            "errorCode": "MALFORMED_ID",
            "fields": ["AccountId"],
        },
    ),
    (
        {"LastName": "A", "AccountId": "001Lo0zzzzzzzzz"},
        {"message": "invalid cross reference id", "errorCode": "INVALID_CROSS_REFERENCE_KEY", "fields": []},
    ),
    (
        {"LastName": "A", "Birthdate": "soon"},
        {
            "message": 'Cannot deserialize instance of date from VALUE_STRING value "soon" at [line:1, column:19]',
            "errorCode": "JSON_PARSER_ERROR",
        },
    ),
]


@pytest.mark.parametrize(("fields", "error"), REFUSED)
def test_what_is_wrong_is_refused_in_salesforces_words(admin: Caller, fields: Json, error: Json) -> None:
    assert admin.refused("Contact", **fields) == [error]


@pytest.mark.parametrize("stamp", ["2013-08-12T15:20:00+0000", "2013-08-12 15:20", "yesterday"])
def test_datetimes_that_salesforce_does_not_read_are_refused(admin: Caller, stamp: str) -> None:
    (error,) = admin.refused("Task", ReminderDateTime=stamp)

    assert error["errorCode"] == "JSON_PARSER_ERROR"
    assert error["message"].startswith("Cannot deserialize instance of datetime from VALUE_STRING value")


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000+0000"),
        ("2026-01-02T03:04:05.678+02:00", "2026-01-02T01:04:05.000+0000"),
        ("2026-01-02T03:04:05.000+0000", "2026-01-02T03:04:05.000+0000"),
    ],
)
def test_datetimes_are_kept_in_utc_by_the_second(admin: Caller, given: str, stored: str) -> None:
    record_id = admin.create("Task", Subject="x", ReminderDateTime=given)

    assert admin.get("Task", record_id)["ReminderDateTime"] == stored


def test_an_inactive_owner_is_refused(admin: Caller) -> None:
    gone = admin.rows("SELECT Id FROM User WHERE IsActive = false")[0]["Id"]

    (error,) = admin.refused("Contact", LastName="A", OwnerId=gone)

    assert error["errorCode"] == "INACTIVE_OWNER_OR_USER"


def test_an_id_of_another_object_is_refused(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="A")

    (error,) = admin.refused("Contact", LastName="B", AccountId=contact)

    assert (error["errorCode"], error["fields"]) == ("FIELD_INTEGRITY_EXCEPTION", ["AccountId"])


def test_external_ids_are_unique_whatever_their_case(admin: Caller) -> None:
    first = admin.create("Contact", LastName="A", Tandem_Id__c="abc")

    (error,) = admin.refused("Contact", LastName="B", Tandem_Id__c="ABC")

    assert error == {
        "message": f"duplicate value found: Tandem_Id__c duplicates value on record with id: {first[:15]}",
        "errorCode": "DUPLICATE_VALUE",
        "fields": [],
    }


def test_upsert_tells_created_from_updated(admin: Caller) -> None:
    first = admin.ask("PATCH", "sobjects/Contact/Tandem_Id__c/a%20b%2Fc", {"LastName": "A"})
    second = admin.ask("PATCH", "sobjects/Contact/Tandem_Id__c/A%20B%2FC", {"Title": "CEO"})

    assert (first.status_code, first.json()["created"]) == (201, True)
    assert (second.status_code, second.json()["created"]) == (200, False)
    assert second.json()["id"] == first.json()["id"]
    assert admin.get("Contact", first.json()["id"])["Tandem_Id__c"] == "a b/c"
    assert admin.ask("GET", "sobjects/Contact/Tandem_Id__c/a%20b%2Fc").json()["Title"] == "CEO"


def test_an_upsert_by_a_value_of_several_records_writes_nothing(admin: Caller) -> None:
    ids = [admin.create("Contact", LastName="A", Email="same@x.example") for _ in range(2)]

    answer = admin.ask("PATCH", "sobjects/Contact/Email/same@x.example", {"Title": "CEO"})

    assert answer.status_code == 300
    assert answer.json() == [f"/services/data/v62.0/sobjects/Contact/{record_id}" for record_id in ids]


def test_an_upsert_may_be_told_not_to_create(admin: Caller) -> None:
    assert admin.ask("PATCH", "sobjects/Contact/Tandem_Id__c/x?updateOnly=true", {"LastName": "A"}).status_code == 404


def test_a_parent_may_be_named_by_its_external_id(admin: Caller) -> None:
    account = admin.create("Account", Name="Acme", Tandem_Id__c="acc-1")

    contact = admin.create("Contact", LastName="A", Account={"Tandem_Id__c": "acc-1"})
    (error,) = admin.refused("Contact", LastName="A", Account={"Tandem_Id__c": "X1"})

    assert admin.get("Contact", contact)["AccountId"] == account
    assert error["message"] == "Foreign key external ID: x1 not found for field Tandem_Id__c in entity Account"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "sobjects/Contact/003Lo0zzzzzzzzz", 404, "NOT_FOUND"),
        ("GET", "sobjects/Contact/foo", 404, "NOT_FOUND"),
        ("GET", "sobjects/Nothing/003Lo0zzzzzzzzz", 404, "NOT_FOUND"),
        ("GET", "nothing", 404, "NOT_FOUND"),
        ("PATCH", "sobjects/Contact/003Lo0zzzzzzzzz", 404, "INVALID_CROSS_REFERENCE_KEY"),
        ("DELETE", "sobjects/Contact/003Lo0zzzzzzzzz", 404, "INVALID_CROSS_REFERENCE_KEY"),
        ("PATCH", "sobjects/Contact/Foo__c/1", 404, "NOT_FOUND"),
        ("PUT", "sobjects/Contact/003Lo0zzzzzzzzz", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "query", 405, "METHOD_NOT_ALLOWED"),
    ],
)
def test_what_is_not_there_or_not_allowed(admin: Caller, method: str, path: str, status: int, code: str) -> None:
    answer = admin.ask(method, path, {"LastName": "A"} if method in ("PATCH", "PUT") else None)

    assert answer.status_code == status
    assert [error["errorCode"] for error in answer.json()] == [code]


def test_a_method_not_allowed_says_which_are(admin: Caller) -> None:
    (error,) = admin.ask("PUT", "sobjects/Contact/003Lo0zzzzzzzzz", {}).json()

    assert error["message"] == "HTTP Method 'PUT' not allowed. Allowed are HEAD,GET,PATCH,DELETE"


def test_fields_that_do_not_exist_cannot_be_asked_for(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="A")

    answer = admin.ask("GET", f"sobjects/Contact/{record_id}?fields=Id,Foo")

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_FIELD")


def test_friendly_urls_lead_to_parents_and_children(admin: Caller) -> None:
    account = admin.create("Account", Name="Acme")
    contact = admin.create("Contact", LastName="A", AccountId=account)

    assert admin.ask("GET", f"sobjects/Contact/{contact}/Account").json()["Name"] == "Acme"
    children = admin.ask("GET", f"sobjects/Account/{account}/Contacts?fields=Id").json()
    assert (children["totalSize"], children["records"][0]["Id"]) == (1, contact)


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer 00Dx!no"}])
def test_without_a_token_nothing_is_told(admin: Caller, header: dict[str, str]) -> None:
    answer = requests.get(f"{admin.url}/services/data/v62.0/limits", headers=header, timeout=30)

    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_versions_are_listed_oldest_first_without_a_token(admin: Caller) -> None:
    listed = requests.get(f"{admin.url}/services/data/", timeout=30).json()

    assert listed[0]["version"] == "31.0"
    assert {"label": "Winter '25", "url": "/services/data/v62.0", "version": "62.0"} in listed
    assert listed == sorted(listed, key=lambda version: float(version["version"]))


def test_the_version_asked_for_is_the_version_in_every_url(admin: Caller) -> None:
    answer = admin.http.get(
        f"{admin.url}/services/data/v45.0/query", params={"q": "SELECT Id FROM Account LIMIT 1"}, timeout=30
    )

    assert answer.json()["records"][0]["attributes"]["url"].startswith("/services/data/v45.0/")
    assert admin.http.get(f"{admin.url}/services/data/v20.0/limits", timeout=30).status_code == 410


@pytest.mark.parametrize(
    ("content", "kind", "status", "message"),
    [
        (b"{nope}", "application/json", 400, "Unexpected character ('n' (code 110))"),
        (b"", "application/json", 400, "The HTTP entity body is required, but this request has no entity body."),
        (b"LastName=A", "application/x-www-form-urlencoded", 415, "Content-Type"),
    ],
)
def test_bodies_that_are_no_json_are_refused(
    admin: Caller, content: bytes, kind: str, status: int, message: str
) -> None:
    answer = admin.ask("POST", "sobjects/Contact", data=content, headers={"Content-Type": kind})

    assert answer.status_code == status
    assert answer.json()[0]["message"].startswith(message)


def test_bodies_may_come_zipped_or_in_chunks(admin: Caller) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"LastName":'
        yield b' "Chunky"}'

    headers = {"Content-Type": "application/json"}
    zipped = gzip.compress(b'{"LastName": "Zipped"}')

    assert admin.ask("POST", "sobjects/Contact", data=chunks(), headers=headers).status_code == 201
    assert (
        admin.ask("POST", "sobjects/Contact", data=zipped, headers=headers | {"Content-Encoding": "gzip"}).status_code
        == 201
    )


def test_long_answers_are_zipped_and_pretty_print_is_salesforces(admin: Caller) -> None:
    answer = admin.ask("GET", "sobjects", headers={"X-PrettyPrint": "1"})

    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.text.startswith('{\n  "encoding" : "UTF-8",')


@pytest.mark.parametrize("value", ['say "hi": now', 'back\\slash": x', 'tab\t": y'])
def test_pretty_print_changes_no_value(admin: Caller, value: str) -> None:
    record_id = admin.create("Contact", LastName="A", Title=value)

    answer = admin.ask("GET", f"sobjects/Contact/{record_id}?fields=Title", headers={"X-PrettyPrint": "1"})

    assert answer.json()["Title"] == value


def test_every_answer_tells_the_usage_and_the_time(admin: Caller) -> None:
    answers = [admin.ask("GET", path) for path in ("limits", "nothing", "query?q=SELECT")]

    assert [answer.headers["Sforce-Limit-Info"] for answer in answers] == [f"api-usage={n}/100000" for n in (1, 2, 3)]
    assert all(answer.headers["Date"].endswith(" GMT") for answer in answers)


def test_the_daily_limit_refuses_everything_beyond(admin: Caller) -> None:
    admin.control("settings", {"daily_limit": 2})

    statuses = [admin.ask("GET", "limits").status_code for _ in range(3)]

    assert statuses == [200, 200, 403]
    assert admin.ask("GET", "limits").json() == [
        {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    ]


def test_a_uri_beyond_16384_bytes_is_refused(admin: Caller) -> None:
    assert admin.ask("GET", "query?q=" + "x" * 16_400).status_code == 414
    assert admin.ask("GET", "query?q=" + "x" * 16_200, headers={"X-Long": "y" * 300}).status_code == 431


def test_a_post_can_stand_in_for_a_patch(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="A")

    assert admin.ask("POST", f"sobjects/Contact/{record_id}?_HttpMethod=PATCH", {"Title": "CEO"}).status_code == 204


def test_updated_and_deleted_are_told_by_the_minute(admin: Caller) -> None:
    kept, gone = admin.create("Contact", LastName="Kept"), admin.create("Contact", LastName="Gone")
    admin.delete("Contact", gone)
    stamp = admin.rows(f"SELECT SystemModstamp FROM Contact WHERE Id = '{kept}'")[0]["SystemModstamp"]
    span: dict[str, Any] = {"start": stamp[:17] + "59+00:00", "end": _next_minutes(stamp)}

    updated = admin.ask("GET", "sobjects/Contact/updated/", params=span).json()
    deleted = admin.ask("GET", "sobjects/Contact/deleted/", params=span).json()

    assert kept in updated["ids"]
    assert gone not in updated["ids"]
    assert gone in [row["id"] for row in deleted["deletedRecords"]]


def _next_minutes(stamp: str) -> str:
    return (datetime.fromisoformat(stamp[:19] + "+00:00") + timedelta(minutes=5)).isoformat()


@pytest.mark.parametrize("start", ["2001-01-01T00:00:00+00:00", "never", "2026-01-01T00:00:00"])
def test_spans_that_cannot_be_answered_are_refused(admin: Caller, start: str) -> None:
    answer = admin.ask("GET", "sobjects/Contact/updated/", params={"start": start, "end": "2026-01-01T00:00:00+00:00"})

    assert answer.json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"
