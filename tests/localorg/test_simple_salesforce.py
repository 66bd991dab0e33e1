"""simple-salesforce, which nobody here wrote, does all that it can do against this version."""

from datetime import UTC, datetime, timedelta

import pytest
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)
from simple_salesforce.format import format_external_id, format_soql

from tests.localorg.client import Caller


def test_a_record_lives_its_life(admin: Caller) -> None:
    sf = admin.simple_salesforce()

    record_id = sf.Contact.create({"LastName": "Client", "Email": "c@x.example"})["id"]

    assert sf.Contact.update(record_id, {"Title": "CEO"}) == 204
    assert sf.Contact.get(record_id)["Title"] == "CEO"
    assert sf.Contact.delete(record_id) == 204
    with pytest.raises(SalesforceResourceNotFound):
        sf.Contact.get(record_id)


def test_upserts_by_formatted_external_ids(admin: Caller) -> None:
    sf = admin.simple_salesforce()
    path = format_external_id("Tandem_Id__c", "a b/c:d")

    assert [sf.Contact.upsert(path, {"LastName": name}) for name in ("New", "Old")] == [201, 200]
    assert sf.query("SELECT LastName FROM Contact WHERE Tandem_Id__c = 'a b/c:d'")["records"][0]["LastName"] == "Old"


def test_queries_follow_their_pages(admin: Caller) -> None:
    sf = admin.simple_salesforce()
    headers = {"Sforce-Query-Options": "batchSize=300"}

    rows = list(sf.query_all_iter("SELECT Id FROM Contact", headers=headers))

    assert len({row["Id"] for row in rows}) == 2000


def test_deleted_rows_are_included_when_asked(admin: Caller) -> None:
    sf = admin.simple_salesforce()
    record_id = sf.Contact.create({"LastName": "Client"})["id"]
    sf.Contact.delete(record_id)

    assert (
        sf.query(format_soql("SELECT Id FROM Contact WHERE Id = {}", record_id), include_deleted=True)["totalSize"] == 1
    )


def test_updated_and_deleted_since(admin: Caller) -> None:
    sf = admin.simple_salesforce()
    record_id = sf.Contact.create({"LastName": "Client"})["id"]
    now = datetime.now(UTC)

    assert record_id in sf.Contact.updated(now - timedelta(minutes=5), now + timedelta(minutes=5))["ids"]
    assert sf.Contact.deleted(now - timedelta(minutes=5), now + timedelta(minutes=5))["deletedRecords"] == []


def test_describe_limits_usage_and_sandbox(admin: Caller) -> None:
    sf = admin.simple_salesforce()

    assert sf.Contact.describe()["name"] == "Contact"
    assert sf.Contact.metadata()["objectDescribe"]["keyPrefix"] == "003"
    assert len(sf.describe()["sobjects"]) > 20
    assert sf.limits()["DailyApiRequests"]["Max"] == 100_000
    assert sf.is_sandbox() is False
    assert sf.api_usage["api-usage"].total == 100_000


def test_collections_through_restful(admin: Caller) -> None:
    sf = admin.simple_salesforce()
    records = [{"attributes": {"type": "Account"}, "Name": f"N{n}"} for n in range(200)]

    results = sf.restful("composite/sobjects", method="POST", json={"records": records})

    assert all(result["success"] for result in results)


def test_refusals_become_its_exceptions(admin: Caller) -> None:
    sf = admin.simple_salesforce()

    with pytest.raises(SalesforceMalformedRequest) as malformed:
        sf.Contact.create({})
    assert malformed.value.content[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    for _ in range(2):
        sf.Contact.create({"LastName": "Twin", "Email": "twin@x.example"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Contact.upsert("Email/twin@x.example", {"Title": "x"})
    admin.faults({"do": "limit", "times": 1})
    with pytest.raises(SalesforceRefusedRequest):
        sf.query("SELECT Id FROM Contact")
    admin.faults({"do": "expire", "times": 1})
    with pytest.raises(SalesforceExpiredSession):
        sf.query("SELECT Id FROM Contact")
