"""Bulk API 1.0, as Data Loader, tap-salesforce and older clients speak it."""

import gzip
import json
import time
from typing import Any

import pytest
import requests
from defusedxml.ElementTree import fromstring

from tests.localorg.bulk_jobs import rows_of
from tests.localorg.client import VERSION, Caller, Json, Server
from tests.localorg.conftest import sign_in

SPACE = "{http://www.force.com/2009/06/asyncapi/dataload}"
ENDED = ("Completed", "Failed", "NotProcessed")
JSON, CSV, XML = "application/json", "text/csv; charset=UTF-8", "application/xml; charset=UTF-8"


class Classic:
    """A client of one job; ``kind``: its format."""

    def __init__(self, caller: Caller, kind: str = "CSV", **options: str) -> None:
        self.url = f"{caller.url}/services/async/{VERSION}"
        self.token = caller.token
        self.kind = kind
        self.options = options
        self.id = ""

    def ask(self, method: str, path: str, body: Any = None, content_type: str = JSON, **headers: str) -> Any:
        sent = {"X-SFDC-Session": self.token, "Content-Type": content_type, **headers}
        data = body if isinstance(body, str | bytes) or body is None else json.dumps(body)
        return requests.request(method, f"{self.url}/{path}", data=data, headers=sent, timeout=30)

    def open(self, operation: str, name: str = "Contact", **headers: str) -> "Classic":
        body = {"operation": operation, "object": name, "contentType": self.kind, **self.options}
        answer = self.ask("POST", "job", body, **headers)
        assert answer.status_code == 201, answer.text
        self.id = answer.json()["id"]
        return self

    def add(self, body: str | bytes, **headers: str) -> str:
        """Returns the id of the batch."""
        kind = {"CSV": CSV, "JSON": JSON, "XML": XML}[self.kind]
        answer = self.ask("POST", f"job/{self.id}/batch", body, kind, **headers)
        assert answer.status_code == 201, answer.text
        return self.told(answer)["id"]

    def finished(self, batch: str) -> Json:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            told = self.told(self.ask("GET", f"job/{self.id}/batch/{batch}"))
            if told["state"] in ENDED:
                return told
            time.sleep(0.01)
        raise TimeoutError(batch)

    def told(self, answer: requests.Response) -> Json:
        if answer.headers["Content-Type"] == JSON:
            return answer.json()
        return {child.tag.removeprefix(SPACE): child.text for child in fromstring(answer.content)}

    def result(self, batch: str, result: str = "") -> requests.Response:
        return self.ask("GET", f"job/{self.id}/batch/{batch}/result{result}")

    def loaded(self, body: str | bytes) -> requests.Response:
        batch = self.add(body)
        told = self.finished(batch)
        assert told["state"] == "Completed", told
        return self.result(batch)

    def queried(self, soql: str) -> requests.Response:
        batch = self.add(soql)
        assert self.finished(batch)["state"] == "Completed"
        (result_id,) = self.result_ids(batch)
        return self.result(batch, f"/{result_id}")

    def result_ids(self, batch: str) -> list[str]:
        answer = self.result(batch)
        if self.kind == "JSON":
            return answer.json()
        root = fromstring(answer.content)
        assert root.tag == f"{SPACE}result-list"
        return [str(child.text) for child in root]


def refusal(answer: requests.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["exceptionCode"]


def test_a_job_asked_for_in_xml_is_told_in_xml(admin: Caller) -> None:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
        "<operation>upsert</operation><object>contact</object><externalIdFieldName>Id</externalIdFieldName>"
        "<concurrencyMode>Parallel</concurrencyMode><contentType>CSV</contentType></jobInfo>"
    )

    answer = Classic(admin).ask("POST", "job", body, XML)

    assert (answer.status_code, answer.headers["Content-Type"]) == (201, "application/xml")
    start = '<?xml version="1.0" encoding="UTF-8"?><jobInfo\n   xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
    assert answer.text.startswith(start + "\n <id>750")
    told = [(child.tag.removeprefix(SPACE), child.text) for child in fromstring(answer.content)]
    assert [name for name, _ in told] == [
        *("id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state"),
        *("externalIdFieldName", "concurrencyMode", "contentType"),
        *(f"numberBatches{state}" for state in ("Queued", "InProgress", "Completed", "Failed", "Total")),
        *("numberRecordsProcessed", "numberRetries", "apiVersion", "numberRecordsFailed"),
        *("totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime"),
    ]
    assert dict(told)["object"] == "Contact"
    assert dict(told)["apiVersion"] == "62.0"
    assert dict(told)["createdDate"].endswith(".000Z")


def test_csv_batches_are_told_in_xml_and_their_results_in_csv(admin: Caller) -> None:
    job = Classic(admin).open("insert")

    answer = job.loaded('"LastName","Title"\n"Good",""\n"","x"\n')

    assert answer.headers["Content-Type"] == "text/csv"
    head, good, bad, rest = answer.text.split("\n")
    assert head == '"Id","Success","Created","Error"'
    assert good[1:4] == "003"
    assert good.endswith(',"true","true",""')
    assert bad == '"","false","false","REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"'
    assert rest == ""


def test_batches_take_either_line_ending(admin: Caller) -> None:
    job = Classic(admin).open("insert")

    assert len(rows_of(job.loaded("LastName\r\nA\r\n").text)) == 1
    assert len(rows_of(job.loaded("LastName\nA\n").text)) == 1


def test_json_batches_are_told_and_answered_in_json(admin: Caller) -> None:
    account = admin.create("Account", Name="Acme", Tandem_Id__c="a1")
    job = Classic(admin, "JSON").open("insert")

    good, bad = job.loaded(
        '[{"LastName": "A", "HasOptedOutOfEmail": true, "account": {"Tandem_Id__c": "a1"}}, {"Title": "x"}]'
    ).json()

    assert (good["success"], good["created"], good["errors"]) == (True, True, [])
    record = admin.get("Contact", good["id"])
    assert (record["AccountId"], record["HasOptedOutOfEmail"]) == (account, True)
    assert (bad["success"], bad["created"], bad["id"]) == (False, False, None)
    assert bad["errors"] == [
        {
            "statusCode": "REQUIRED_FIELD_MISSING",
            "message": "Required fields are missing: [LastName]",
            "fields": ["LastName"],
            "extendedErrorDetails": None,
        }
    ]


def test_xml_batches(admin: Caller) -> None:
    account = admin.create("Account", Name="Acme", Tandem_Id__c="a1")
    job = Classic(admin, "XML", externalIdFieldName="Tandem_Id__c").open("upsert")

    answer = job.loaded(
        '<?xml version="1.0"?><sObjects xmlns="http://www.force.com/2009/06/asyncapi/dataload" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "<sObject><LastName>&lt;A&gt;</LastName><Tandem_Id__c>x1</Tandem_Id__c><Title xsi:nil='true'/>"
        "<Account><sObject><Tandem_Id__c>a1</Tandem_Id__c></sObject></Account></sObject>"
        "<sObject><Tandem_Id__c>x2</Tandem_Id__c></sObject></sObjects>"
    )

    assert answer.headers["Content-Type"] == "application/xml"
    good, bad = fromstring(answer.content)
    assert good.findtext(f"{SPACE}success") == good.findtext(f"{SPACE}created") == "true"
    record = admin.get("Contact", str(good.findtext(f"{SPACE}id")))
    assert (record["LastName"], record["AccountId"]) == ("<A>", account)
    assert bad.findtext(f"{SPACE}success") == "false"
    assert bad.findtext(f"{SPACE}errors/{SPACE}statusCode") == "REQUIRED_FIELD_MISSING"
    assert bad.findtext(f"{SPACE}errors/{SPACE}fields") == "LastName"


def test_queries_answer_lists_of_results(admin: Caller) -> None:
    contact = admin.create("Contact", LastName='A "b"', Birthdate="1980-01-02")
    soql = f"SELECT Id, LastName, Birthdate, CreatedDate, Account.Name FROM Contact WHERE Id = '{contact}'"
    created = admin.get("Contact", contact)["CreatedDate"]

    csv = Classic(admin).open("query").queried(soql)
    (record,) = Classic(admin, "JSON").open("query").queried(soql).json()
    xml = fromstring(Classic(admin, "XML").open("query").queried(soql).content)

    moment = created.replace("+0000", "Z")
    assert csv.headers["Content-Type"] == "text/csv;charset=UTF-8"
    assert csv.text == (
        f'"Id","LastName","Birthdate","CreatedDate","Account.Name"\n"{contact}","A ""b""","1980-01-02","{moment}",""\n'
    )
    assert record["attributes"]["url"] == f"/services/data/v62.0/sobjects/Contact/{contact}"
    assert record["Birthdate"] == 315_619_200_000
    assert record["CreatedDate"] % 1000 == 0
    assert record["Account"] is None
    assert xml.findtext(f"{SPACE}records/{SPACE}type") == "Contact"
    assert xml.findtext(f"{SPACE}records/{SPACE}CreatedDate") == moment


def test_deleted_rows_only_in_query_all(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="Gone")
    admin.delete("Contact", contact)
    soql = f"SELECT Id FROM Contact WHERE Id = '{contact}'"

    assert rows_of(Classic(admin).open("query").queried(soql).text) == []
    assert rows_of(Classic(admin).open("queryAll").queried(soql).text) == [{"Id": contact}]


@pytest.mark.parametrize(
    ("soql", "message"),
    [
        ("SELECT Id FORM Contact", "InvalidBatch : Failed to process query: MALFORMED_QUERY: unexpected token: 'FORM'"),
        (
            "SELECT Id, MailingAddress FROM Contact",
            "InvalidBatch : Failed to process query: FUNCTIONALITY_NOT_ENABLED: "
            "Selecting compound data not supported in Bulk Query",
        ),
        (
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "FeatureNotEnabled : Aggregate Relationships not supported in Bulk Query with CSV content type",
        ),
    ],
)
def test_queries_that_cannot_be_run_fail_their_batch(admin: Caller, soql: str, message: str) -> None:
    job = Classic(admin).open("query")

    batch = job.add(soql)

    assert (job.finished(batch)["state"], job.finished(batch)["stateMessage"]) == ("Failed", message)
    assert refusal(job.result(batch)) == (400, "InvalidBatch")
    assert job.result(batch).json()["exceptionMessage"] == "Records not processed"


def test_rows_that_make_no_sense_fail_their_batch(admin: Caller) -> None:
    job = Classic(admin, "JSON").open("insert")

    def message(body: str) -> str:
        return job.finished(job.add(body))["stateMessage"]

    assert message('[{"Foo": 1}]') == "InvalidBatch : Field name not found : Foo"
    assert message("[1]").startswith("InvalidBatch : Unable to parse the batch")
    assert message("{").startswith("InvalidBatch : Unable to parse the batch")


def test_counts_of_a_job_are_those_of_its_batches(admin: Caller) -> None:
    job = Classic(admin, "JSON").open("insert")
    for body in ('[{"LastName": "A"}, {"Title": "x"}]', '[{"LastName": "B"}]', '[{"Foo": 1}]'):
        job.finished(job.add(body))

    told = job.ask("POST", f"job/{job.id}", {"state": "Closed"}).json()

    assert told["state"] == "Closed"
    counts = ("BatchesTotal", "BatchesCompleted", "BatchesFailed", "RecordsProcessed", "RecordsFailed")
    assert [told[f"number{name}"] for name in counts] == [3, 2, 1, 3, 1]
    listed = job.ask("GET", f"job/{job.id}/batch").json()["batchInfo"]
    assert [batch["state"] for batch in listed] == ["Completed", "Completed", "Failed"]
    assert {batch["jobId"] for batch in listed} == {job.id}


def test_a_closed_job_takes_no_batches_and_an_empty_list_is_empty(admin: Caller) -> None:
    job = Classic(admin).open("insert")
    job.ask("POST", f"job/{job.id}", {"state": "Closed"})

    answer = job.ask("POST", f"job/{job.id}/batch", "LastName\nA\n", CSV)

    assert answer.status_code == 400
    assert "<exceptionCode>InvalidJobState</exceptionCode>" in answer.text
    assert list(fromstring(job.ask("GET", f"job/{job.id}/batch").content)) == []


def test_aborting_a_job_leaves_waiting_batches_unprocessed(admin: Caller) -> None:
    admin.faults({"do": "job_stall", "match": {"path": "/async/"}})
    job = Classic(admin).open("insert")
    batch = job.add("LastName\nA\n")
    answer = job.result(batch)
    assert (*refusal(answer), answer.json()["exceptionMessage"]) == (400, "InvalidBatch", "Batch not completed")

    assert job.ask("POST", f"job/{job.id}", {"state": "Aborted"}).json()["state"] == "Aborted"

    assert job.finished(batch)["state"] == "NotProcessed"
    assert refusal(job.ask("POST", f"job/{job.id}", {"state": "Closed"})) == (400, "InvalidJobState")


def test_the_request_of_a_batch_can_be_had_again(admin: Caller) -> None:
    job = Classic(admin).open("insert")
    batch = job.add(gzip.compress(b"LastName\nA\n"), **{"Content-Encoding": "gzip"})

    answer = job.ask("GET", f"job/{job.id}/batch/{batch}/request")

    assert (answer.text, answer.headers["Content-Type"]) == ("LastName\nA\n", "text/csv")


def test_pk_chunking_makes_a_batch_of_each_stretch_of_ids(admin: Caller) -> None:
    job = Classic(admin).open("query", **{"Sforce-Enable-PKChunking": "true; chunkSize=700"})

    first = job.add("SELECT Id FROM Contact WHERE Email = null OR Email != null")

    assert job.finished(first)["state"] == "NotProcessed"
    batches = [
        {child.tag.removeprefix(SPACE): child.text for child in element}
        for element in fromstring(job.ask("GET", f"job/{job.id}/batch").content)
    ]
    assert batches[0]["id"] == first
    found: list[str] = []
    for batch in batches[1:]:
        assert job.finished(str(batch["id"]))["state"] == "Completed"
        (result_id,) = job.result_ids(str(batch["id"]))
        found += [row["Id"] for row in rows_of(job.result(str(batch["id"]), f"/{result_id}").text)]
    assert len(batches) == 4
    assert len(found) == len(set(found)) == 2000
    request = job.ask("GET", f"job/{job.id}/batch/{batches[1]['id']}/request").text
    assert request.startswith("SELECT Id FROM Contact WHERE (Email = null OR Email != null) AND Id >= '003")


@pytest.mark.parametrize("header", ["chunkSize=250001", "true; chunkSize=0"])
def test_chunks_have_a_largest_and_a_smallest_size(admin: Caller, header: str) -> None:
    body = {"operation": "query", "object": "Contact", "contentType": "CSV"}

    answer = Classic(admin).ask("POST", "job", body, **{"Sforce-Enable-PKChunking": header})

    assert refusal(answer) == (400, "InvalidJob")


def test_queries_in_an_order_are_not_chunked(admin: Caller) -> None:
    job = Classic(admin).open("query", **{"Sforce-Enable-PKChunking": "true"})

    told = job.finished(job.add("SELECT Id FROM Contact ORDER BY Name"))

    assert told["state"] == "Failed"


def test_sessions_that_are_none(admin: Caller) -> None:
    job = Classic(admin)
    job.token = "nobody"

    in_json, in_xml = job.ask("POST", "job", {}), job.ask("POST", "job", "<jobInfo/>", XML)

    assert (in_json.status_code, in_json.json()) == (
        400,
        {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"},
    )
    assert in_xml.status_code == 400
    assert "<exceptionCode>InvalidSessionId</exceptionCode>" in in_xml.text


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "job", {"operation": "insert", "object": "Nothing"}, (400, "InvalidJob")),
        ("POST", "job", {"operation": "steal", "object": "Contact"}, (400, "InvalidJob")),
        ("POST", "job", {"operation": "upsert", "object": "Contact"}, (400, "InvalidJob")),
        ("POST", "job", {"operation": "hardDelete", "object": "Contact"}, (400, "FeatureNotEnabled")),
        ("POST", "job", {"operation": "query", "object": "TaskStatus"}, (400, "InvalidEntity")),
        ("POST", "job", [1], (400, "InvalidJob")),
        ("POST", "job", "{", (400, "InvalidJob")),
        ("GET", "job", None, (405, "MethodNotAllowed")),
        ("GET", "jobs", None, (400, "InvalidUrl")),
        ("GET", "job/750000000000001AAA", None, (400, "InvalidJob")),
        ("GET", "job/x/batch/y", None, (400, "InvalidJob")),
    ],
)
def test_what_this_api_refuses(admin: Caller, method: str, path: str, body: Any, expected: tuple[int, str]) -> None:
    assert refusal(Classic(admin).ask(method, path, body)) == expected


def test_versions_that_are_none(admin: Caller) -> None:
    job = Classic(admin)
    job.url = job.url.replace(VERSION, "5.0")

    assert refusal(job.ask("POST", "job", {})) == (400, "InvalidVersion")


def test_jobs_belong_to_who_created_them(admin: Caller, fresh: Server) -> None:
    job = Classic(admin).open("insert")
    other = Classic(sign_in(fresh, "Standard User"))

    assert refusal(other.ask("GET", f"job/{job.id}")) == (400, "InvalidUser")


def test_batches_count_against_the_allowance_and_classic_jobs_are_listed_by_2_0(admin: Caller) -> None:
    job = Classic(admin).open("query")
    job.finished(job.add("SELECT Id FROM Contact LIMIT 1"))

    limits = admin.ask("GET", "limits").json()["DailyBulkApiBatches"]
    (listed,) = admin.ask("GET", "jobs/query", params={"jobType": "Classic"}).json()["records"]

    assert limits["Max"] - limits["Remaining"] == 1
    assert (listed["id"], listed["jobType"], listed["state"]) == (job.id, "Classic", "Open")


def test_faults_act_here_as_elsewhere_in_the_words_of_this_api(admin: Caller) -> None:
    job = Classic(admin).open("insert")
    admin.faults({"do": "status", "status": 500, "match": {"path": "/async/", "object": "Contact"}, "times": 1})
    assert refusal(job.ask("GET", f"job/{job.id}")) == (500, "UnknownException")
    admin.faults({"do": "limit", "match": {"path": "/async/"}, "times": 1})
    assert refusal(job.ask("GET", f"job/{job.id}")) == (403, "RequestLimitExceeded")
    admin.faults({"do": "expire", "match": {"path": "/async/"}, "times": 1})
    assert refusal(job.ask("GET", f"job/{job.id}")) == (400, "InvalidSessionId")
    counted = requests.get(f"{admin.url}/localorg/calls", timeout=30).json()["by_resource"]
    assert counted["GET async/job"] == 2
