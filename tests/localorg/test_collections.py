"""Many records in one call."""

from typing import Any

import pytest

from tests.localorg.client import Caller, Json


def contact(**fields: Any) -> Json:
    return {"attributes": {"type": "Contact"}, **fields}


def test_a_create_answers_row_by_row_in_order(admin: Caller) -> None:
    answer = admin.ask(
        "POST", "composite/sobjects", {"records": [contact(LastName="A"), contact(), contact(LastName="B")]}
    )

    first, second, third = answer.json()
    assert answer.status_code == 200
    assert first["success"] is third["success"] is True
    assert second == {
        "success": False,
        "errors": [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ],
    }


def test_all_or_none_undoes_the_good_ones(admin: Caller) -> None:
    body = {"allOrNone": True, "records": [contact(LastName="Undone"), contact()]}

    first, second = admin.ask("POST", "composite/sobjects", body).json()

    assert first["errors"][0]["statusCode"] == "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert second["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert admin.query("SELECT COUNT() FROM Contact WHERE LastName = 'Undone'")["totalSize"] == 0


def test_updates_take_ids_in_either_case(admin: Caller) -> None:
    ids = [admin.create("Contact", LastName=name) for name in "AB"]
    records = [
        contact(id=ids[0], Title="x"),
        contact(Id=ids[1], Title="y"),
        contact(id="003Lo0zzzzzzzzz", Title="z"),
        contact(id=ids[0]),
    ]

    results = admin.ask("PATCH", "composite/sobjects", {"records": records}).json()

    assert [result["success"] for result in results] == [True, True, False, False]
    assert results[0] == {"id": ids[0], "success": True, "errors": []}
    assert [result["errors"][0]["statusCode"] for result in results[2:]] == [
        "INVALID_CROSS_REFERENCE_KEY",
        "DUPLICATE_VALUE",
    ]


def test_upserts_by_external_id_say_what_was_created(admin: Caller) -> None:
    admin.create("Contact", LastName="Old", Tandem_Id__c="1")
    records = [contact(LastName="New", Tandem_Id__c=key) for key in ("1", "2", "2")]

    results = admin.ask("PATCH", "composite/sobjects/Contact/Tandem_Id__c", {"records": records}).json()

    assert [result.get("created") for result in results] == [False, True, None]
    assert results[2]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_upserts_by_id_create_where_the_id_is_null(admin: Caller) -> None:
    known = admin.create("Contact", LastName="Old")

    results = admin.ask(
        "PATCH", "composite/sobjects/Contact/Id", {"records": [contact(Id=None, LastName="N"), contact(Id=known)]}
    ).json()

    assert [result["created"] for result in results] == [True, False]


def test_deletes_take_ids_in_the_url(admin: Caller) -> None:
    ids = [admin.create("Contact", LastName=name) for name in "AB"]

    results = admin.ask("DELETE", f"composite/sobjects?ids={ids[0]},{ids[1]},{ids[0]}").json()

    assert [result["success"] for result in results] == [True, True, False]
    assert results[2]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_retrieve_keeps_the_order_and_marks_what_is_missing(admin: Caller, method: str) -> None:
    ids = [admin.create("Contact", LastName=name) for name in "AB"]
    wanted = [ids[1], "003Lo0zzzzzzzzz", ids[0][:15]]

    if method == "GET":
        answer = admin.ask("GET", f"composite/sobjects/Contact?ids={','.join(wanted)}&fields=Id,LastName")
    else:
        answer = admin.ask("POST", "composite/sobjects/Contact", {"ids": wanted, "fields": ["Id", "LastName"]})

    found = answer.json()
    assert [record and record["LastName"] for record in found] == ["B", None, "A"]


def test_more_than_200_are_refused(admin: Caller) -> None:
    answer = admin.ask("POST", "composite/sobjects", {"records": [contact(LastName="A")] * 201})

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_more_than_ten_chunks_are_refused(admin: Caller) -> None:
    account = {"attributes": {"type": "Account"}, "Name": "A"}
    mixed = [contact(LastName="A"), account]

    fits = admin.ask("POST", "composite/sobjects", {"records": mixed * 5})
    answer = admin.ask("POST", "composite/sobjects", {"records": [*mixed * 5, mixed[0]]})

    assert fits.status_code == 200
    assert answer.status_code == 400
    assert answer.json()[0]["message"].startswith("Cannot have more than 10 chunks in a single operation.")


def test_an_unknown_field_refuses_the_whole_call(admin: Caller) -> None:
    answer = admin.ask(
        "POST", "composite/sobjects", {"records": [contact(LastName="Fine"), contact(LastName="A", Foo=1)]}
    )

    assert answer.json() == [
        {"message": "No such column 'Foo' on sobject of type Contact", "errorCode": "INVALID_FIELD"}
    ]
    assert admin.query("SELECT COUNT() FROM Contact WHERE LastName = 'Fine'")["totalSize"] == 0


def test_a_value_of_the_wrong_type_refuses_the_whole_call(admin: Caller) -> None:
    answer = admin.ask(
        "POST", "composite/sobjects", {"records": [contact(LastName="Fine"), contact(LastName="A", Birthdate="x")]}
    )

    assert answer.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert admin.query("SELECT COUNT() FROM Contact WHERE LastName = 'Fine'")["totalSize"] == 0


def test_a_call_of_200_is_one_call(admin: Caller) -> None:
    admin.ask("POST", "composite/sobjects", {"records": [contact(LastName=f"N{n}") for n in range(200)]})

    assert admin.http.get(f"{admin.url}/localorg/calls", timeout=30).json() == {
        "total": 1,
        "by_resource": {"POST composite/sobjects": 1},
    }
