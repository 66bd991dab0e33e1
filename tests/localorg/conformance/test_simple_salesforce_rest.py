"""All that simple-salesforce's Salesforce and SFType objects can do by REST."""

import base64
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import Salesforce, SFType
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_external_id, format_soql

from tests.localorg.client import VERSION, Caller, Json, LoginSession, LoopbackSession, Server

ONE_MINUTE = timedelta(minutes=1)


@pytest.fixture
def sf(admin: Caller) -> Salesforce:
    return admin.simple_salesforce()


def test_a_record_lives_its_life(sf: Salesforce) -> None:
    made = sf.Contact.create({"LastName": "Client", "Email": "c@x.example"})

    assert made == {"id": made["id"], "success": True, "errors": []}
    assert sf.Contact.update(made["id"], {"Title": "CEO"}) == 204
    assert sf.Contact.get(made["id"])["Title"] == "CEO"
    assert sf.Contact.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Contact.get(made["id"])


def test_a_raw_response_has_the_headers_and_no_body(sf: Salesforce) -> None:
    record_id = sf.Contact.create({"LastName": "Client"})["id"]

    answers = [
        sf.Contact.update(record_id, {"Title": "CEO"}, raw_response=True),
        sf.Contact.delete(record_id, raw_response=True),
    ]

    for answer in answers:
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["Sforce-Limit-Info"].startswith("api-usage=")


def test_headers_of_a_call_are_heeded(sf: Salesforce) -> None:
    never = {"If-Modified-Since": (datetime.now(UTC) + ONE_MINUTE).strftime("%a, %d %b %Y %H:%M:%S GMT")}
    record_id = sf.Account.create({"Name": "Acme"})["id"]

    with pytest.raises(SalesforceGeneralError) as unchanged:
        sf.Account.get(record_id, headers=never)

    assert unchanged.value.status == 304


def test_chosen_fields_are_all_that_comes(sf: Salesforce) -> None:
    record_id = sf.Contact.create({"FirstName": "Ann", "LastName": "Client"})["id"]

    assert list(sf.Contact.get(record_id, params={"fields": "Id,Name"})) == ["attributes", "Id", "Name"]


def test_upserts_by_formatted_external_ids(sf: Salesforce) -> None:
    path = format_external_id("Tandem_Id__c", "a b/c:d")

    assert [sf.Contact.upsert(path, {"LastName": name}) for name in ("New", "Old")] == [201, 200]
    assert sf.query("SELECT LastName FROM Contact WHERE Tandem_Id__c = 'a b/c:d'")["records"][0]["LastName"] == "Old"


def test_a_record_is_read_by_its_external_id(sf: Salesforce) -> None:
    record_id = sf.Contact.create({"LastName": "Client", "Tandem_Id__c": "x/1"})["id"]

    assert sf.Contact.get_by_custom_id("Tandem_Id__c", "x/1")["Id"] == record_id
    with pytest.raises(SalesforceResourceNotFound):
        sf.Contact.get_by_custom_id("Tandem_Id__c", "nobody's")


def test_an_external_id_that_is_not_unique_lists_the_choices(sf: Salesforce) -> None:
    twins = [sf.Contact.create({"LastName": "Twin", "Email": "twin@x.example"})["id"] for _ in range(2)]

    with pytest.raises(SalesforceMoreThanOneRecord) as several:
        sf.Contact.upsert("Email/twin@x.example", {"Title": "x"})

    assert sorted(several.value.content) == sorted(f"/services/data/v62.0/sobjects/Contact/{twin}" for twin in twins)


def test_queries_follow_their_pages(sf: Salesforce) -> None:
    headers = {"Sforce-Query-Options": "batchSize=300"}

    rows = list(sf.query_all_iter("SELECT Id FROM Contact", headers=headers))
    whole = sf.query_all("SELECT Id FROM Contact", headers=headers)

    assert len({row["Id"] for row in rows}) == 2000
    assert (whole["totalSize"], whole["done"], len(whole["records"])) == (2000, True, 2000)


def test_the_next_page_is_named_by_url_or_by_its_end(sf: Salesforce) -> None:
    first = sf.query("SELECT Id FROM Contact ORDER BY Id", headers={"Sforce-Query-Options": "batchSize=1500"})
    locator = first["nextRecordsUrl"].rsplit("/", 1)[-1]

    by_url = sf.query_more(first["nextRecordsUrl"], identifier_is_url=True)
    by_locator = sf.query_more(locator)

    assert by_url == by_locator
    assert (by_url["done"], len(by_url["records"])) == (True, 500)


def test_deleted_rows_are_included_when_asked(sf: Salesforce) -> None:
    record_id = sf.Contact.create({"LastName": "Client"})["id"]
    sf.Contact.delete(record_id)
    soql = format_soql("SELECT Id FROM Contact WHERE Id = {}", record_id)

    assert sf.query(soql)["totalSize"] == 0
    assert sf.query(soql, include_deleted=True)["totalSize"] == 1
    assert len(list(sf.query_all_iter(soql, include_deleted=True))) == 1


@pytest.mark.parametrize(
    ("field", "value", "condition"),
    [
        ("LastName", 'O\'Neil \\ "x"\n\t%_', "= {}"),
        ("LastName", "50%_done", "LIKE '{:like}%'"),
        ("LastName", "Client", "IN {}"),
        ("HasOptedOutOfEmail", True, "= {}"),
        ("Birthdate", "1990-05-06", "= {}"),
        ("Title", None, "= {}"),
    ],
)
def test_values_formatted_into_soql_find_their_record(sf: Salesforce, field: str, value: Any, condition: str) -> None:
    record_id = sf.Contact.create({"LastName": "Client"} | {field: value})["id"]
    asked = date.fromisoformat(value) if field == "Birthdate" else [value] if "IN" in condition else value

    soql = format_soql("SELECT Id FROM Contact WHERE Id = {} AND " + field + " " + condition, record_id, asked)

    assert sf.query(soql)["totalSize"] == 1


def test_moments_with_a_zone_are_formatted_into_soql(sf: Salesforce) -> None:
    record_id = sf.Contact.create({"LastName": "Client"})["id"]
    ago = datetime.now(UTC) - ONE_MINUTE

    soql = format_soql("SELECT Id FROM Contact WHERE CreatedDate >= {} AND Id = {}", ago, record_id)

    assert sf.query(soql)["totalSize"] == 1


def test_numbers_can_be_read_exactly(admin: Caller) -> None:
    sf = Salesforce(
        instance_url=admin.url,
        session_id=admin.token,
        version=VERSION,
        session=LoopbackSession(),
        parse_float=Decimal,
        object_pairs_hook=dict,
    )
    sf.Opportunity.create(
        {"Name": "Exact", "StageName": "Prospecting", "CloseDate": "2026-01-01", "Amount": 1234567.89}
    )

    (record,) = sf.query("SELECT Amount, Probability FROM Opportunity WHERE Name = 'Exact'")["records"]

    assert type(record) is dict
    assert (record["Amount"], str(record["Probability"])) == (Decimal("1234567.89"), "10.0")


def test_updated_and_deleted_since(sf: Salesforce) -> None:
    kept, gone = (sf.Contact.create({"LastName": "Client"})["id"] for _ in range(2))
    sf.Contact.delete(gone)
    now = datetime.now(UTC)
    span = (now - 5 * ONE_MINUTE, now + 5 * ONE_MINUTE)

    assert kept in sf.Contact.updated(*span)["ids"]
    assert [row["id"] for row in sf.Contact.deleted(*span)["deletedRecords"]] == [gone]


def test_moments_without_a_zone_are_refused(sf: Salesforce) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)

    with pytest.raises(SalesforceMalformedRequest):
        sf.Contact.updated(now - 5 * ONE_MINUTE, now)


def test_describes_and_metadata(sf: Salesforce) -> None:
    everything = sf.describe()

    assert {"Account", "Contact", "Lead", "Task"} <= {sobject["name"] for sobject in everything["sobjects"]}
    assert sf.Contact.describe()["name"] == "Contact"
    metadata = sf.Contact.metadata()
    assert metadata["objectDescribe"] == next(s for s in everything["sobjects"] if s["name"] == "Contact")
    assert metadata["recentItems"][0]["attributes"]["type"] == "Contact"


def test_a_layout_by_record_type(sf: Salesforce) -> None:
    layout = sf.Contact.describe_layout("012000000000000AAA")

    assert {"detailLayoutSections", "editLayoutSections", "relatedLists"} <= set(layout)


def test_limits_and_usage(sf: Salesforce) -> None:
    assert sf.limits()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_999}
    assert (sf.api_usage["api-usage"].used, sf.api_usage["api-usage"].total) == (1, 100_000)


def test_a_production_org_is_no_sandbox(sf: Salesforce) -> None:
    assert sf.is_sandbox() is False


def test_searches(sf: Salesforce) -> None:
    record_id = sf.Contact.create({"LastName": "Zyxwv"})["id"]

    found = sf.search("FIND {Zyxwv} IN ALL FIELDS RETURNING Contact(Id, LastName)")["searchRecords"]
    quick = sf.quick_search("Zyxwv")["searchRecords"]

    assert [(row["Id"], row["LastName"]) for row in found] == [(record_id, "Zyxwv")]
    assert [row["Id"] for row in quick] == [record_id]
    assert sf.quick_search("nobodyatall")["searchRecords"] == []


def test_any_resource_by_its_path(sf: Salesforce) -> None:
    records = [{"attributes": {"type": "Account"}, "Name": f"N{n}"} for n in range(200)]

    results = sf.restful("composite/sobjects", method="POST", json={"records": records})
    read = sf.restful(f"sobjects/Account/{results[0]['id']}", params={"fields": "Name"})

    assert all(result["success"] for result in results)
    assert read["Name"] == "N0"
    assert sf.restful(f"sobjects/Account/{results[0]['id']}", method="DELETE") is None


def test_oauth_resources_by_their_path(sf: Salesforce) -> None:
    about = sf.oauth2("userinfo")

    assert sf.oauth2("userinfo", method="POST")["user_id"] == about["user_id"]
    assert about["preferred_username"] == "admin@localorg.example"


def test_an_object_type_stands_by_itself(admin: Caller) -> None:
    contacts = SFType(
        "Contact", admin.token, admin.url.removeprefix("http://"), sf_version=VERSION, session=LoopbackSession()
    )

    assert contacts.create({"LastName": "Client"})["success"]


def test_files_travel_as_base64(sf: Salesforce, tmp_path: Path) -> None:
    parent = sf.Account.create({"Name": "Acme"})["id"]
    body = base64.b64encode(b"\x00\xffold").decode()
    record_id = sf.Attachment.create({"ParentId": parent, "Name": "a.bin", "Body": body})["id"]
    new = tmp_path / "new.bin"
    new.write_bytes(b"\x00\xfenew")

    assert sf.Attachment.get_base64(record_id) == b"\x00\xffold"
    assert sf.Attachment.update_base64(record_id, str(new)) == 204
    assert sf.Attachment.get_base64(record_id) == b"\x00\xfenew"
    with pytest.raises(SalesforceMalformedRequest, match="PathOnClient"):  # it sends the file and nothing else
        sf.ContentVersion.upload_base64(str(new), base64_field="VersionData")


def test_a_password_that_is_set_is_the_one_to_sign_in_with(fresh: Server, sf: Salesforce) -> None:
    rep = next(user for user in fresh.facts["users"] if user["profile"] == "Standard User")
    (user,) = sf.query(format_soql("SELECT Id FROM User WHERE Username = {}", rep["username"]))["records"]
    login: Json = {"username": rep["username"], "security_token": "", "session": LoginSession(fresh.url)}

    assert sf.set_password(user["Id"], "another-1-Password") is None
    try:
        assert Salesforce(password="another-1-Password", **login).query("SELECT Id FROM Organization")
        with pytest.raises(SalesforceAuthenticationFailed):
            Salesforce(password=rep["password"], **login)
    finally:
        sf.set_password(user["Id"], rep["password"])


def test_refused_records_tell_code_and_fields(sf: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest) as malformed:
        sf.Contact.create({})

    assert malformed.value.content == [
        {
            "message": "Required fields are missing: [LastName]",
            "errorCode": "REQUIRED_FIELD_MISSING",
            "fields": ["LastName"],
        }
    ]
    assert malformed.value.resource_name == "Contact"


@pytest.mark.parametrize(
    ("rule", "exception", "status"),
    [
        ({"do": "limit"}, SalesforceRefusedRequest, 403),
        ({"do": "expire"}, SalesforceExpiredSession, 401),
        ({"do": "status", "status": 500}, SalesforceGeneralError, 500),
        ({"do": "status", "status": 503}, SalesforceGeneralError, 503),
        ({"do": "html"}, SalesforceGeneralError, 502),
        ({"do": "status", "status": 404}, SalesforceResourceNotFound, 404),
    ],
)
def test_each_status_becomes_its_exception(
    sf: Salesforce, admin: Caller, rule: Json, exception: type[Exception], status: int
) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: sf.query("SELECT Id FROM Contact"),
        lambda: sf.Contact.create({"LastName": "Client"}),
    ]
    for call in calls[: 1 if rule["do"] == "expire" else 2]:
        admin.faults(rule | {"times": 1})
        with pytest.raises(exception) as raised:
            call()
        assert raised.value.status == status  # type: ignore[attr-defined]


def test_a_query_too_long_for_a_url_is_a_general_error(sf: Salesforce) -> None:
    ids = ",".join(f"'003000000000{n:03}AAA'" for n in range(900))

    with pytest.raises(SalesforceGeneralError) as too_long:
        sf.query(f"SELECT Id FROM Contact WHERE Id IN ({ids})")

    assert too_long.value.status == 414


def test_a_retired_version_is_a_general_error(admin: Caller) -> None:
    old = Salesforce(instance_url=admin.url, session_id=admin.token, version="20.0", session=LoopbackSession())

    with pytest.raises(SalesforceGeneralError) as gone:
        old.query("SELECT Id FROM Contact")

    assert gone.value.status == 410
