"""simple-salesforce's handlers of the Bulk API: ``sf.bulk`` (1.0, JSON) and ``sf.bulk2`` (2.0, CSV)."""

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from simple_salesforce import Salesforce
from simple_salesforce.bulk2 import ColumnDelimiter, LineEnding, Operation, SFBulk2Handler
from simple_salesforce.exceptions import (
    SalesforceBulkV2LoadError,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceOperationError,
)

from tests.localorg.client import Caller, Json

ALIVE = "SELECT COUNT() FROM Contact WHERE LastName = 'Bulk'"


@pytest.fixture
def sf(admin: Caller, monkeypatch: pytest.MonkeyPatch) -> Salesforce:
    for module in ("bulk", "bulk2"):  # it looks at a job every five seconds
        monkeypatch.setattr(f"simple_salesforce.{module}.sleep", lambda seconds: None)
    return admin.simple_salesforce()


def people(count: int) -> list[dict[str, Any]]:
    return [{"LastName": "Bulk", "FirstName": f"N{n}", "Tandem_Id__c": f"b-{n}"} for n in range(count)]


def alive(sf: Salesforce) -> int:
    return int(sf.query(ALIVE)["totalSize"])


def allow_hard_deletes(sf: Salesforce) -> None:
    """No profile comes with it, not even the administrator's."""
    name = {"Name": "Eraser", "Label": "Eraser", "PermissionsBulkApiHardDelete": True}
    granted = sf.PermissionSet.create(name)["id"]
    sf.PermissionSetAssignment.create({"PermissionSetId": granted, "AssigneeId": sf.oauth2("userinfo")["user_id"]})


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


class TestBulk:
    """Version 1.0."""

    def test_insert_update_and_delete_answer_each_record(self, sf: Salesforce) -> None:
        made = sf.bulk.Contact.insert(people(300))
        assert {(row["success"], row["created"], tuple(row["errors"])) for row in made} == {(True, True, ())}
        ids = [row["id"] for row in made]

        updated = sf.bulk.Contact.update([{"Id": record_id, "Title": "T"} for record_id in ids])
        assert [(row["id"], row["success"], row["created"]) for row in updated] == [(i, True, False) for i in ids]

        deleted = sf.bulk.Contact.delete([{"Id": record_id} for record_id in ids])
        assert [row["success"] for row in deleted] == [True] * 300
        assert alive(sf) == 0

    def test_upsert_matches_by_the_external_id(self, sf: Salesforce) -> None:
        sf.Contact.create({"LastName": "Old", "Tandem_Id__c": "b-1"})

        results = sf.bulk.Contact.upsert(people(3), "Tandem_Id__c", batch_size=2)

        assert [row["created"] for row in results] == [True, False, True]

    def test_hard_deleted_records_leave_the_bin(self, sf: Salesforce) -> None:
        allow_hard_deletes(sf)
        record_id = sf.Contact.create({"LastName": "Bulk"})["id"]

        assert sf.bulk.Contact.hard_delete([{"Id": record_id}])[0]["success"] is True

        soql = f"SELECT Id FROM Contact WHERE Id = '{record_id}'"
        assert sf.query(soql, include_deleted=True)["totalSize"] == 0

    def test_a_bad_record_fails_alone(self, sf: Salesforce) -> None:
        results = sf.bulk.Contact.insert([{"LastName": "Bulk"}, {"LastName": "Bulk", "Email": "nope"}])

        assert results[0]["success"] is True
        assert (results[1]["success"], results[1]["id"]) == (False, None)
        (error,) = results[1]["errors"]
        assert (error["statusCode"], error["fields"]) == ("INVALID_EMAIL_ADDRESS", ["Email"])

    def test_nulls_booleans_and_numbers_keep_their_types(self, sf: Salesforce) -> None:
        record_id = sf.Contact.create({"LastName": "Bulk", "Title": "CEO", "Description": "D"})["id"]
        deal = {"Name": "B", "StageName": "Prospecting", "CloseDate": "2026-05-06", "Amount": 12.5, "IsPrivate": True}

        sf.bulk.Contact.update([{"Id": record_id, "Title": None}])
        (made,) = sf.bulk.Opportunity.insert([deal])

        contact = sf.Contact.get(record_id)
        assert (contact["Title"], contact["Description"]) == (None, "D")
        read = sf.Opportunity.get(made["id"])
        assert {name: read[name] for name in deal} == deal

    def test_parents_are_named_by_their_external_id(self, sf: Salesforce) -> None:
        account = sf.Account.create({"Name": "Acme", "Tandem_Id__c": "acme"})["id"]

        (made,) = sf.bulk.Contact.insert([{"LastName": "Bulk", "Account": {"Tandem_Id__c": "acme"}}])

        assert sf.Contact.get(made["id"])["AccountId"] == account

    def test_batches_may_go_one_after_another_and_be_sized_for_you(self, sf: Salesforce) -> None:
        serial = sf.bulk.Contact.insert(people(5), batch_size=2, use_serial=True)
        auto = sf.bulk.Contact.upsert(people(5), "Tandem_Id__c", batch_size="auto")

        assert [row["created"] for row in serial] == [True] * 5
        assert [row["created"] for row in auto] == [False] * 5

    def test_results_may_be_left_for_later(self, sf: Salesforce) -> None:
        results = sf.bulk.Contact.insert(people(3), bypass_results=True)

        told = {name: value for result in results for name, value in result.items()}
        assert told["bypass_results"] is True
        job = sf.bulk.Contact._get_job(told["job_id"])
        assert (job["operation"], job["object"], job["contentType"]) == ("insert", "Contact", "JSON")

    def test_results_may_come_with_what_was_sent(self, sf: Salesforce) -> None:
        results = sf.bulk.Contact.insert(people(2), include_detailed_results=True)

        assert [(row["success"], row["LastName"], row["FirstName"]) for row in results] == [
            (True, "Bulk", "N0"),
            (True, "Bulk", "N1"),
        ]

    def test_operations_by_name(self, sf: Salesforce) -> None:
        results = sf.bulk.submit_dml("Contact", "upsert", people(2), "Tandem_Id__c")

        assert [row["created"] for row in results] == [True, True]

    def test_a_query_answers_records_as_rest_does(self, sf: Salesforce) -> None:
        soql = "SELECT Id, Name, Account.Name, CreatedDate FROM Contact WHERE AccountId != null ORDER BY Id LIMIT 20"

        found = sf.bulk.Contact.query(soql)

        by_rest = sf.query(soql)["records"]
        assert [(row["Id"], row["Name"]) for row in found] == [(row["Id"], row["Name"]) for row in by_rest]
        assert found[0]["attributes"]["type"] == "Contact"
        assert found[0]["Account"]["Name"] == by_rest[0]["Account"]["Name"]

    def test_a_query_may_be_lazy_and_include_the_deleted(self, sf: Salesforce) -> None:
        record_id = sf.Contact.create({"LastName": "Bulk"})["id"]
        sf.Contact.delete(record_id)
        soql = f"SELECT Id, IsDeleted FROM Contact WHERE Id = '{record_id}'"

        assert sf.bulk.Contact.query(soql) == []
        (batch,) = sf.bulk.Contact.query_all(soql, lazy_operation=True)
        assert [(row["Id"], row["IsDeleted"]) for row in batch] == [(record_id, True)]

    def test_a_wrong_query_fails_with_its_reason(self, sf: Salesforce) -> None:
        with pytest.raises(SalesforceGeneralError) as wrong:
            sf.bulk.Contact.query("SELECT Id, Foo FROM Contact")

        assert wrong.value.status == "Failed"
        assert "No such column 'Foo' on entity 'Contact'" in str(wrong.value.content)

    def test_refusals_are_of_its_own_shape(self, sf: Salesforce) -> None:
        with pytest.raises(SalesforceMalformedRequest) as refused:
            sf.bulk.Nothing__c.insert([{"Name": "x"}])
        assert refused.value.content["exceptionCode"] == "InvalidJob"

        stale = sf.bulk
        stale.headers["X-SFDC-Session"] = "stale"
        with pytest.raises(SalesforceMalformedRequest) as ended:
            stale.Contact.insert(people(1))
        assert ended.value.content == {
            "exceptionCode": "InvalidSessionId",
            "exceptionMessage": "Invalid session id",
        }


class TestBulk2:
    """Version 2.0."""

    def test_insert_update_and_delete_count_their_records(self, sf: Salesforce) -> None:
        (made,) = sf.bulk2.Contact.insert(records=people(300), wait=0)
        assert (made["numberRecordsTotal"], made["numberRecordsProcessed"], made["numberRecordsFailed"]) == (
            300,
            300,
            0,
        )
        ids = [row["sf__Id"] for row in rows(sf.bulk2.Contact.get_successful_records(made["job_id"]))]

        (updated,) = sf.bulk2.Contact.update(records=[{"Id": i, "Title": "T"} for i in ids], wait=0)
        assert updated["numberRecordsProcessed"] == 300
        assert sf.query("SELECT COUNT() FROM Contact WHERE Title = 'T'")["totalSize"] == 300

        (deleted,) = sf.bulk2.Contact.delete(records=[{"Id": i} for i in ids], wait=0)
        assert deleted["numberRecordsProcessed"] == 300
        assert alive(sf) == 0

    def test_upsert_matches_by_the_external_id(self, sf: Salesforce) -> None:
        sf.Contact.create({"LastName": "Old", "Tandem_Id__c": "b-1"})

        (job,) = sf.bulk2.Contact.upsert(records=people(3), external_id_field="Tandem_Id__c", wait=0)

        found = rows(sf.bulk2.Contact.get_successful_records(job["job_id"]))
        created = {row["Tandem_Id__c"]: row["sf__Created"] for row in found}
        assert created == {"b-0": "true", "b-1": "false", "b-2": "true"}

    def test_hard_deleted_records_leave_the_bin(self, sf: Salesforce) -> None:
        record_id = sf.Contact.create({"LastName": "Bulk"})["id"]
        with pytest.raises(SalesforceMalformedRequest, match="requires special user profile permission"):
            sf.bulk2.Contact.hard_delete(records=[{"Id": record_id}], wait=0)
        allow_hard_deletes(sf)

        sf.bulk2.Contact.hard_delete(records=[{"Id": record_id}], wait=0)

        soql = f"SELECT Id FROM Contact WHERE Id = '{record_id}'"
        assert sf.query(soql, include_deleted=True)["totalSize"] == 0

    def test_files_are_sent_in_parts(self, sf: Salesforce, tmp_path: Path) -> None:
        file = tmp_path / "people.csv"
        file.write_text("LastName|FirstName\r\n" + "".join(f"Bulk|N{n}\r\n" for n in range(5)), newline="")

        jobs = sf.bulk2.Contact.insert(
            str(file),
            batch_size=2,
            concurrency=2,
            column_delimiter=ColumnDelimiter.PIPE,
            line_ending=LineEnding.CRLF,
            wait=0,
        )

        assert sorted(job["numberRecordsTotal"] for job in jobs) == [1, 2, 2]
        assert alive(sf) == 5

    def test_rows_are_sorted_by_what_became_of_them(self, sf: Salesforce, tmp_path: Path) -> None:
        records = [{"LastName": "Bulk", "Email": "a@x.example"}, {"LastName": "Bulk", "Email": "nope"}]

        (job,) = sf.bulk2.Contact.insert(records=records, wait=0)

        assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (2, 1)
        (failed,) = rows(sf.bulk2.Contact.get_failed_records(job["job_id"]))
        assert failed["sf__Error"] == "INVALID_EMAIL_ADDRESS:Email: invalid email address: nope:Email --"
        assert failed["Email"] == "nope"
        assert rows(sf.bulk2.Contact.get_unprocessed_records(job["job_id"])) == []
        everything = sf.bulk2.Contact.get_all_ingest_records(job["job_id"])
        assert {name: len(found) for name, found in everything.items()} == {
            "successfulRecords": 1,
            "failedRecords": 1,
            "unprocessedRecords": 0,
        }
        file = tmp_path / "failed.csv"
        sf.bulk2.Contact.get_failed_records(job["job_id"], file=str(file))
        assert rows(file.read_text()) == [failed]

    def test_an_empty_cell_changes_nothing_and_the_sign_for_null_does(self, sf: Salesforce) -> None:
        record_id = sf.Contact.create({"LastName": "Bulk", "Title": "CEO", "Department": "D"})["id"]

        sf.bulk2.Contact.update(records=[{"Id": record_id, "Title": "", "Department": "#N/A"}], wait=0)

        contact = sf.Contact.get(record_id)
        assert (contact["Title"], contact["Department"]) == ("CEO", None)

    def test_a_job_that_fails_as_a_whole_raises(self, sf: Salesforce) -> None:
        with pytest.raises(SalesforceOperationError, match="InvalidBatch : Field name not found : Foo"):
            sf.bulk2.Contact.insert(records=[{"LastName": "Bulk", "Foo": "x"}], wait=0)

    def test_a_query_comes_in_pages(self, sf: Salesforce) -> None:
        pages = list(sf.bulk2.Contact.query("SELECT Id, Name FROM Contact", max_records=900, wait=0))

        found = [rows(page) for page in pages]
        assert [len(page) for page in found] == [900, 900, 200]
        assert len({row["Id"] for page in found for row in page}) == 2000

    def test_a_query_may_include_the_deleted_and_be_written_otherwise(self, sf: Salesforce) -> None:
        record_id = sf.Contact.create({"LastName": "Bulk", "Title": "a;b"})["id"]
        sf.Contact.delete(record_id)
        soql = f"SELECT Title, IsDeleted FROM Contact WHERE Id = '{record_id}'"
        form: Json = {"column_delimiter": ColumnDelimiter.SEMICOLON, "line_ending": LineEnding.CRLF, "wait": 0}

        (nothing,) = sf.bulk2.Contact.query(soql, **form)
        (page,) = sf.bulk2.Contact.query_all(soql, **form)

        assert nothing.split() == ['"Title";"IsDeleted"']
        assert page.splitlines() == ['"Title";"IsDeleted"', '"a;b";"true"']

    def test_a_query_may_be_downloaded(self, sf: Salesforce, tmp_path: Path) -> None:
        parts = sf.bulk2.Contact.download("SELECT Id FROM Contact", str(tmp_path), max_records=1500, wait=0)

        counts = [(part["number_of_records"], len(rows(Path(part["file"]).read_text()))) for part in parts]
        assert counts == [(1500, 1500), (500, 500)]

    def test_jobs_by_hand(self, sf: Salesforce) -> None:
        client = sf.bulk2.Contact._client
        query = client.create_job(Operation.query, "SELECT Id FROM Contact")
        assert (query["operation"], query["object"], query["state"]) == ("query", "Contact", "UploadComplete")
        client.wait_for_job(query["id"], True, 0)
        assert client.get_job(query["id"], True)["numberRecordsProcessed"] == 2000
        with pytest.raises(ValueError, match=r"JSON|Expecting value"):  # it expects a body with 204
            client.delete_job(query["id"], True)

        ingest = client.create_job(Operation.insert)
        client.upload_job_data(ingest["id"], "LastName\nBulk\n")
        assert client.abort_job(ingest["id"], False)["state"] == "Aborted"
        assert alive(sf) == 0

    def test_an_ingest_that_was_closed_can_be_waited_for(self, sf: Salesforce) -> None:
        client = sf.bulk2.Contact._client
        job = client.create_job(Operation.insert)["id"]
        client.upload_job_data(job, "LastName\nBulk\n")

        assert client.close_job(job)["state"] == "UploadComplete"
        assert client.wait_for_job(job, False, 0) == "JobComplete"
        assert rows(client.get_ingest_results(job, "successfulResults"))[0]["sf__Created"] == "true"

    def test_a_folder_that_is_not_there_stops_a_download_before_the_job(self, sf: Salesforce) -> None:
        with pytest.raises(SalesforceBulkV2LoadError):
            sf.bulk2.Contact.download("SELECT Id FROM Contact", "/nowhere/at/all")

    def test_a_handler_stands_by_itself(self, admin: Caller, sf: Salesforce) -> None:
        handler = SFBulk2Handler(admin.token, sf.bulk2_url, session=sf.session)

        assert len(list(handler.Account.query("SELECT Id FROM Account LIMIT 1", wait=0))) == 1

    @pytest.mark.parametrize(
        "soql", ["SELECT Id, Foo FROM Contact", "SELECT Id FORM Contact", "SELECT Id FROM Nothing"]
    )
    def test_a_wrong_query_is_refused_or_fails(self, sf: Salesforce, soql: str) -> None:
        with pytest.raises((SalesforceMalformedRequest, SalesforceOperationError)):
            list(sf.bulk2.Contact.query(soql, wait=0))
