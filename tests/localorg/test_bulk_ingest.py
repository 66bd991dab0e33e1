"""Bulk API 2.0 ingest."""

import gzip
from typing import Any

import pytest

from tests.localorg.bulk_jobs import close, finished, loaded, open_job, outcome, upload
from tests.localorg.client import Caller, Json

REQUIRED = "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"


def errors(caller: Caller, job: Json) -> list[str]:
    return [row["sf__Error"] for row in outcome(caller, job, "failedResults")]


def error(answer: Any) -> tuple[int, str, str]:
    (problem,) = answer.json()
    return answer.status_code, problem["errorCode"], problem["message"]


def test_a_job_goes_from_open_through_uploaded_to_complete(admin: Caller) -> None:
    answer = admin.ask("POST", "jobs/ingest", {"operation": "insert", "object": "contact"})
    job = answer.json()
    assert answer.status_code == 200
    assert (job["object"], job["state"], job["contentType"]) == ("Contact", "Open", "CSV")
    assert job["contentUrl"] == f"services/data/v62.0/jobs/ingest/{job['id']}/batches"

    put = upload(admin, job["id"], "LastName\nOne\n")
    assert (put.status_code, put.content) == (201, b"")
    closed = close(admin, job["id"]).json()
    assert closed["state"] == "UploadComplete"
    assert "contentUrl" not in closed
    done = finished(admin, f"jobs/ingest/{job['id']}")

    assert (done["state"], done["jobType"], done["apexProcessingTime"]) == ("JobComplete", "V2Ingest", 0)
    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (1, 0)
    assert "errorMessage" not in done


def test_good_rows_go_in_and_bad_ones_are_told_with_their_reason(admin: Caller) -> None:
    job = loaded(admin, "insert", 'LastName,Title\n"Good, the",CEO\n,CFO\nFine,\n')

    good = outcome(admin, job, "successfulResults")
    assert [(row["sf__Created"], row["LastName"], row["Title"]) for row in good] == [
        ("true", "Good, the", "CEO"),
        ("true", "Fine", ""),
    ]
    assert admin.get("Contact", good[0]["sf__Id"])["LastName"] == "Good, the"
    assert outcome(admin, job, "failedResults") == [
        {"sf__Id": "", "sf__Error": REQUIRED, "LastName": "", "Title": "CFO"}
    ]
    assert outcome(admin, job, "unprocessedrecords") == []
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 3, 1)


def test_result_columns_follow_the_upload_in_its_own_form(admin: Caller) -> None:
    job = loaded(admin, "insert", "LASTNAME|title\r\nX|\r\n", columnDelimiter="PIPE", lineEnding="CRLF")

    answer = admin.ask("GET", f"jobs/ingest/{job['id']}/successfulResults")

    assert answer.headers["Content-Type"] == "text/csv"
    head, row, rest = answer.content.decode().split("\r\n")
    assert head == '"sf__Id"|"sf__Created"|"LASTNAME"|"title"'
    assert row.endswith('|"true"|"X"|""')
    assert rest == ""


def test_empty_cells_leave_a_field_alone_and_na_clears_it(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="X", Title="CEO", Department="Sales")

    loaded(admin, "update", f"Id,Title,Department\n{contact},,#N/A\n")

    record = admin.get("Contact", contact)
    assert (record["Title"], record["Department"]) == ("CEO", None)


def test_upserts_by_external_id_create_and_update(admin: Caller) -> None:
    known = admin.create("Contact", LastName="Old", Tandem_Id__c="k1")

    job = loaded(admin, "upsert", "Tandem_Id__c,LastName\nk1,New\nk2,Other\n", externalIdFieldName="tandem_id__c")

    rows = outcome(admin, job, "successfulResults")
    assert [row["sf__Created"] for row in rows] == ["false", "true"]
    assert rows[0]["sf__Id"] == known
    assert admin.get("Contact", known)["LastName"] == "New"


def test_upserts_by_id_create_where_there_is_none(admin: Caller) -> None:
    known = admin.create("Contact", LastName="Old")

    job = loaded(admin, "upsert", f"Id,LastName\n{known},New\n,Other\n", externalIdFieldName="Id")

    rows = outcome(admin, job, "successfulResults")
    assert [(row["sf__Id"] == known, row["sf__Created"]) for row in rows] == [(True, "false"), (False, "true")]


def test_parents_by_their_external_id(admin: Caller) -> None:
    account = admin.create("Account", Name="Acme", Tandem_Id__c="a1")
    contact = admin.create("Contact", LastName="Who", Email="who@x.example")

    job = loaded(admin, "insert", "LastName,Account.Tandem_Id__c\nWith,a1\nWithout,\nWrong,a2\n")
    task = loaded(admin, "insert", "Subject,Contact:Who.Email\nCall,who@x.example\n", "Task")

    rows = outcome(admin, job, "successfulResults")
    assert [admin.get("Contact", row["sf__Id"])["AccountId"] for row in rows] == [account, None]
    assert errors(admin, job) == [
        "INVALID_FIELD:Foreign key external ID: a2 not found for field Tandem_Id__c in entity Account:--"
    ]
    (row,) = outcome(admin, task, "successfulResults")
    assert admin.get("Task", row["sf__Id"])["WhoId"] == contact


def test_deleted_rows_go_to_the_bin(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="X")

    job = loaded(admin, "delete", f"Id\n{contact}\n")

    assert outcome(admin, job, "successfulResults") == [{"sf__Id": contact, "sf__Created": "false", "Id": contact}]
    assert admin.rows(f"SELECT IsDeleted FROM Contact WHERE Id = '{contact}'", "queryAll")[0]["IsDeleted"] is True


def test_hard_deletes_need_a_permission_and_leave_nothing(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="X")
    refused = admin.ask("POST", "jobs/ingest", {"operation": "hardDelete", "object": "Contact"})
    assert error(refused)[:2] == (400, "FEATURENOTENABLED")
    me = admin.rows("SELECT Id FROM User WHERE Profile.Name = 'System Administrator' AND IsActive = true")[0]["Id"]
    granted = admin.create("PermissionSet", Name="Eraser", Label="Eraser", PermissionsBulkApiHardDelete=True)
    admin.create("PermissionSetAssignment", PermissionSetId=granted, AssigneeId=me)

    job = loaded(admin, "hardDelete", f"Id\n{contact}\n")

    assert job["numberRecordsFailed"] == 0
    assert admin.rows(f"SELECT Id FROM Contact WHERE Id = '{contact}'", "queryAll") == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (
            "Birthdate\nX,soon",
            "INVALID_TYPE_ON_FIELD_IN_RECORD:Birthdate: value not of required type: soon:Birthdate --",
        ),
        ("Email\nX,nope", "INVALID_EMAIL_ADDRESS:Email: invalid email address: nope:Email --"),
        ("AccountId\nX,003", "MALFORMED_ID:Account ID: id value of incorrect type: 003:AccountId --"),
        (
            "CreatedDate\nX,2020-01-01T00:00:00Z",
            "INVALID_FIELD_FOR_INSERT_UPDATE:Unable to create/update fields: CreatedDate. Please check the security "
            "settings of this field and verify that it is read/write for your profile or permission set."
            ":CreatedDate --",
        ),
        ("Title\nX,CEO,more", "CLIENT_INPUT_ERROR:The row has 3 columns, but the header has 2:--"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_as_bulk_words_it(admin: Caller, row: str, reason: str) -> None:
    job = loaded(admin, "insert", f"LastName,{row}\n")

    assert errors(admin, job) == [reason]


def test_ids_that_are_missing_malformed_unknown_or_double(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="X")

    job = loaded(admin, "update", f"Id,Title\n,a\n001xx,b\n003Lo0zzzzzzzzz,c\n{contact},d\n{contact},e\n")

    assert [row["Title"] for row in outcome(admin, job, "successfulResults")] == ["d"]
    assert [text.partition(":")[0] for text in errors(admin, job)] == [
        "MISSING_ARGUMENT",
        "MALFORMED_ID",
        "INVALID_CROSS_REFERENCE_KEY",
        "DUPLICATE_VALUE",
    ]


def test_booleans_may_be_words(admin: Caller) -> None:
    rows = "".join(f"X,{word}\n" for word in ("TRUE", "yes", "1", "on", "no", "F", "0"))

    job = loaded(admin, "insert", f"LastName,HasOptedOutOfEmail\n{rows}")

    found = [
        admin.get("Contact", row["sf__Id"])["HasOptedOutOfEmail"] for row in outcome(admin, job, "successfulResults")
    ]
    assert found == [True, True, True, True, False, False]
    assert errors(admin, job)[0].startswith("INVALID_TYPE_ON_FIELD_IN_RECORD:Email Opt Out:")


@pytest.mark.parametrize(
    ("operation", "data", "options", "message"),
    [
        ("insert", "LastName,Foo\nX,Y\n", {}, "InvalidBatch : Field name not found : Foo"),
        ("insert", "\ufeffLastName\nX\n", {}, "InvalidBatch : Field name not found : \ufeffLastName"),
        ("insert", "LastName,Account.Foo\nX,Y\n", {}, "InvalidBatch : Field name not found : Account.Foo"),
        (
            "insert",
            "LastName,Account:Account.Tandem_Id__c\nX,Y\n",
            {},
            "InvalidBatch : type is not needed for non polymorphic foreign key : Account:Account.Tandem_Id__c",
        ),
        ("update", "Title\nX\n", {}, "InvalidBatch : Field name not found : Id"),
        (
            "upsert",
            "LastName\nX\n",
            {"externalIdFieldName": "Tandem_Id__c"},
            "InvalidBatch : Field name not found : Tandem_Id__c",
        ),
        ("delete", "Id,LastName\nX,Y\n", {}, "InvalidBatch : The 'delete' batch must contain only ids"),
        (
            "insert",
            "LastName\r\nX\r\n",
            {},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (
            "insert",
            "LastName\nX\n",
            {"lineEnding": "CRLF"},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is CRLF",
        ),
        ("insert", b"LastName\n\xff\n", {}, "ClientInputError : The data is not encoded in UTF-8"),
    ],
)
def test_data_that_cannot_be_read_fails_the_job_before_anything_is_written(
    admin: Caller, operation: str, data: str, options: Json, message: str
) -> None:
    job = loaded(admin, operation, data, **options)

    assert (job["state"], job["errorMessage"]) == ("Failed", message)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (0, 0)
    raw = admin.ask("GET", f"jobs/ingest/{job['id']}/unprocessedrecords").content
    assert raw == (data.encode() if isinstance(data, str) else data)


def test_a_job_without_rows_completes(admin: Caller) -> None:
    job_id = open_job(admin, "insert")
    close(admin, job_id)

    job = finished(admin, f"jobs/ingest/{job_id}")

    assert (job["state"], job["numberRecordsProcessed"]) == ("JobComplete", 0)
    answer = admin.ask("GET", f"jobs/ingest/{job_id}/successfulResults")
    assert answer.text == '"sf__Id","sf__Created"\n'


def test_rows_may_come_zipped(admin: Caller) -> None:
    job_id = open_job(admin, "insert")
    packed = gzip.compress(b"LastName\nX\n")

    assert upload(admin, job_id, packed, **{"Content-Encoding": "gzip"}).status_code == 201
    close(admin, job_id)

    assert finished(admin, f"jobs/ingest/{job_id}")["numberRecordsProcessed"] == 1


def test_rows_may_be_uploaded_once(admin: Caller) -> None:
    job_id = open_job(admin, "insert")
    upload(admin, job_id, "LastName\nX\n")

    status, code, message = error(upload(admin, job_id, "LastName\nX\n"))

    assert (status, code) == (400, "CLIENTINPUTERROR")
    assert message.startswith(f"Found multiple contents for job: <{job_id}>, please 'Close' / 'Abort' / 'Delete'")


def test_a_multipart_request_creates_and_closes_at_once(admin: Caller) -> None:
    body = (
        '--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n\r\n'
        '{"object": "Contact", "contentType": "CSV", "operation": "insert", "lineEnding": "LF"}\r\n'
        '--B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"; filename="content"\r\n\r\n'
        "LastName\nOne\nTwo\r\n--B--\r\n"
    )

    answer = admin.ask("POST", "jobs/ingest/", data=body, headers={"Content-Type": 'multipart/form-data; boundary="B"'})

    job = answer.json()
    assert (answer.status_code, job["state"]) == (200, "UploadComplete")
    assert finished(admin, f"jobs/ingest/{job['id']}")["numberRecordsProcessed"] == 2
