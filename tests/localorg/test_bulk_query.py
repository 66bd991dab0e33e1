"""Bulk API 2.0 queries."""

import pytest

from tests.localorg.bulk_jobs import finished, queried, results, rows_of, start_query
from tests.localorg.client import Caller

CONTACTS = "SELECT Id, LastName FROM Contact ORDER BY Id"


def error(answer: object) -> tuple[int, str, str]:
    (problem,) = answer.json()  # type: ignore[attr-defined]
    return answer.status_code, problem["errorCode"], problem["message"]  # type: ignore[attr-defined]


def test_a_new_job_is_told_in_short_and_later_in_full(admin: Caller) -> None:
    answer = admin.ask("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM Contact"})

    job = answer.json()
    assert answer.status_code == 200
    assert list(job) == [
        "id",
        "operation",
        "object",
        "createdById",
        "createdDate",
        "systemModstamp",
        "state",
        "concurrencyMode",
        "contentType",
        "apiVersion",
        "lineEnding",
        "columnDelimiter",
    ]
    assert job["id"].startswith("750")
    assert (job["object"], job["state"], job["apiVersion"]) == ("Contact", "UploadComplete", 62.0)
    done = finished(admin, f"jobs/query/{job['id']}")
    assert (done["state"], done["jobType"], done["numberRecordsProcessed"]) == ("JobComplete", "V2Query", 2000)
    assert done["isPkChunkingSupported"] is True


def test_values_are_written_as_bulk_writes_them(admin: Caller) -> None:
    account = admin.create("Account", Name='Say "hi", é\nthere', AnnualRevenue=99_213_206, NumberOfEmployees=5)
    contact = admin.create("Contact", LastName="X", AccountId=account, HasOptedOutOfEmail=True)

    parent = "Account.Name, Account.AnnualRevenue, Account.NumberOfEmployees"
    job = start_query(
        admin, f"SELECT Id, {parent}, HasOptedOutOfEmail, Title, CreatedDate FROM Contact WHERE Id = '{contact}'"
    )
    finished(admin, f"jobs/query/{job}")
    answer = results(admin, job)

    created = admin.get("Contact", contact)["CreatedDate"].replace("+0000", "Z")
    assert answer.headers["Content-Type"] == "text/csv"
    assert answer.content.decode() == (
        '"Id","Account.Name","Account.AnnualRevenue","Account.NumberOfEmployees","HasOptedOutOfEmail","Title",'
        f'"CreatedDate"\n"{contact}","Say ""hi"", é\nthere","9.9213206E7","5","true","","{created}"\n'
    )


def test_a_missing_parent_leaves_its_columns_empty(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="Alone")

    soql = f"SELECT Account.Name, Account.IsDeleted, Account.CreatedDate FROM Contact WHERE Id = '{contact}'"
    assert queried(admin, soql) == [{"Account.Name": "", "Account.IsDeleted": "", "Account.CreatedDate": ""}]


def test_pages_follow_the_locator_until_it_is_null(admin: Caller) -> None:
    job = start_query(admin, CONTACTS)
    finished(admin, f"jobs/query/{job}")

    pages, locator = [], ""
    while locator != "null":
        answer = results(admin, job, maxRecords=900, **({"locator": locator} if locator else {}))
        pages.append((answer.headers["Sforce-NumberOfRecords"], rows_of(answer.text)))
        locator = answer.headers["Sforce-Locator"]

    assert [(count, len(rows)) for count, rows in pages] == [("900", 900), ("900", 900), ("200", 200)]
    together = [row["Id"] for _, rows in pages for row in rows]
    assert together == [row["Id"] for row in queried(admin, CONTACTS)]
    assert len(set(together)) == 2000


def test_an_empty_result_is_the_header_alone(admin: Caller) -> None:
    job = start_query(admin, "SELECT Id FROM Contact WHERE LastName = 'nobody at all'")
    finished(admin, f"jobs/query/{job}")

    answer = results(admin, job)

    assert answer.text == '"Id"\n'
    assert (answer.headers["Sforce-NumberOfRecords"], answer.headers["Sforce-Locator"]) == ("0", "null")


@pytest.mark.parametrize(
    ("name", "delimiter"),
    [("BACKQUOTE", "`"), ("CARET", "^"), ("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("TAB", "\t")],
)
def test_columns_are_parted_and_lines_ended_as_asked(admin: Caller, name: str, delimiter: str) -> None:
    job = start_query(admin, f"{CONTACTS} LIMIT 1", columnDelimiter=name, lineEnding="CRLF")
    finished(admin, f"jobs/query/{job}")

    head, row, rest = results(admin, job).content.decode().split("\r\n")

    assert head == f'"Id"{delimiter}"LastName"'
    assert row.count(f'"{delimiter}"') == 1
    assert rest == ""


def test_results_come_zipped_only_to_those_who_take_it(admin: Caller) -> None:
    job = start_query(admin, CONTACTS)
    finished(admin, f"jobs/query/{job}")
    path = f"jobs/query/{job}/results"

    zipped = admin.ask("GET", path, headers={"Accept-Encoding": "gzip"})
    plain = admin.ask("GET", path, headers={"Accept-Encoding": "identity"})

    assert zipped.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert int(plain.headers["Content-Length"]) == len(plain.content)
    assert zipped.text == plain.text


def test_deleted_rows_only_in_query_all(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="Gone")
    admin.delete("Contact", contact)
    soql = f"SELECT Id FROM Contact WHERE Id = '{contact}'"

    assert queried(admin, soql) == []
    assert queried(admin, soql, operation="queryAll") == [{"Id": contact}]


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        ("SELECT COUNT() FROM Contact", "COUNT not supported in Bulk Query"),
        ("SELECT MAX(Name) FROM Contact", "MAX not supported in Bulk Query"),
        ("SELECT LeadSource FROM Contact GROUP BY LeadSource", "GROUP BY not supported in Bulk Query"),
        ("SELECT Id FROM Contact LIMIT 5 OFFSET 5", "OFFSET not supported in Bulk Query"),
        ("SELECT Id, MailingAddress FROM Contact", "Selecting compound data not supported in Bulk Query"),
        ("SELECT TYPEOF Who WHEN Contact THEN Name END FROM Task", "TYPEOF not supported in Bulk Query"),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "Aggregate Relationships not supported in Bulk V2 Query with CSV content type",
        ),
        (
            "SELECT FIELDS(ALL) FROM Contact LIMIT 10",
            "The SOQL FIELDS function is not supported with an unbounded set of fields in this API",
        ),
        ("SELECT Id FORM Contact", "unexpected token: 'FORM'"),
        ("", "SOQL statements cannot be empty or null"),
    ],
)
def test_queries_that_bulk_does_not_run_are_refused_at_once(admin: Caller, soql: str, message: str) -> None:
    answer = admin.ask("POST", "jobs/query", {"operation": "query", "query": soql})

    assert error(answer) == (400, "API_ERROR", message)


def test_objects_that_bulk_does_not_know(admin: Caller) -> None:
    answer = admin.ask("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM TaskStatus"})

    assert error(answer) == (400, "INVALIDENTITY", "Entity 'TaskStatus' is not supported by the Bulk API.")


def test_more_columns_than_one_call_of_a_function_takes(admin: Caller) -> None:
    def names(sobject: str) -> list[str]:
        fields = admin.ask("GET", f"sobjects/{sobject}/describe").json()["fields"]
        return [field["name"] for field in fields if field["type"] not in ("address", "base64")]

    columns = [*names("Contact"), *(f"Account.{name}" for name in names("Account"))]
    assert len(columns) > 100
    soql = f"{', '.join(columns)} FROM Contact WHERE AccountId != null ORDER BY Id LIMIT 1"

    (row,) = queried(admin, f"SELECT {soql}")

    record = admin.rows(f"SELECT {soql}")[0]
    assert list(row) == columns
    assert (row["LastName"], row["Account.Name"]) == (record["LastName"], record["Account"]["Name"])
    assert row["Account.Id"] == record["Account"]["Id"]
