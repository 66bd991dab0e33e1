"""The life of bulk jobs: states, refusals, lists, limits, faults, and what survives the server."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.localorg.bulk_jobs import (
    close,
    finished,
    loaded,
    open_job,
    outcome,
    queried,
    results,
    rows_of,
    start_query,
    upload,
)
from tests.localorg.client import Caller, Json, Server
from tests.localorg.conftest import sign_in

PLAIN = "SELECT Id FROM Contact"
STALL: Json = {"do": "job_stall", "match": {"path": "/jobs/"}}
NOT_FOUND = (404, "NOT_FOUND", "The requested resource does not exist")


def error(answer: requests.Response) -> tuple[int, str, str]:
    (problem,) = answer.json()
    return answer.status_code, problem["errorCode"], problem["message"]


def stalled_query(caller: Caller) -> str:
    caller.faults(STALL)
    job_id = start_query(caller, PLAIN)
    while caller.ask("GET", f"jobs/query/{job_id}").json()["state"] != "InProgress":
        pass
    return job_id


def test_results_are_there_only_when_the_job_is_done(admin: Caller) -> None:
    job_id = stalled_query(admin)

    answer = admin.ask("GET", f"jobs/query/{job_id}/results")

    assert error(answer) == (400, "INVALIDJOBSTATE", "Job is not in the right state: InProgress")


def test_an_aborted_query_stays_aborted(admin: Caller) -> None:
    job_id = stalled_query(admin)

    aborted = admin.ask("PATCH", f"jobs/query/{job_id}", {"state": "Aborted"})

    assert (aborted.status_code, aborted.json()["state"]) == (200, "Aborted")
    assert "lineEnding" not in aborted.json()
    again = admin.ask("PATCH", f"jobs/query/{job_id}", {"state": "Aborted"})
    assert error(again)[:2] == (400, "INVALIDJOBSTATE")


def test_a_completed_job_cannot_be_aborted(admin: Caller) -> None:
    job_id = start_query(admin, PLAIN)
    finished(admin, f"jobs/query/{job_id}")

    answer = admin.ask("PATCH", f"jobs/query/{job_id}", {"state": "Aborted"})

    assert error(answer) == (400, "INVALIDJOBSTATE", "Aborting already Completed Job not allowed")


def test_only_jobs_that_are_not_at_work_can_be_deleted(admin: Caller) -> None:
    running, opened = stalled_query(admin), open_job(admin, "insert")
    assert error(admin.ask("DELETE", f"jobs/query/{running}"))[1] == "INVALIDJOBSTATE"
    assert error(admin.ask("DELETE", f"jobs/ingest/{opened}"))[1] == "INVALIDJOBSTATE"
    admin.ask("PATCH", f"jobs/query/{running}", {"state": "Aborted"})

    answer = admin.ask("DELETE", f"jobs/query/{running}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert error(admin.ask("GET", f"jobs/query/{running}")) == NOT_FOUND


def test_an_aborted_load_tells_what_it_never_came_to(admin: Caller) -> None:
    job_id = open_job(admin, "insert")
    upload(admin, job_id, "LastName\nX\n")
    admin.ask("PATCH", f"jobs/ingest/{job_id}", {"state": "Aborted"})

    answer = admin.ask("GET", f"jobs/ingest/{job_id}/unprocessedrecords")

    assert answer.text == "LastName\nX\n"
    assert error(close(admin, job_id))[1] == "INVALIDJOBSTATE"
    assert error(upload(admin, job_id, "LastName\nX\n"))[1] == "INVALIDJOBSTATE"


def test_a_failing_load_keeps_what_it_did_and_tells_the_rest(admin: Caller) -> None:
    admin.faults({"do": "job_fail", "match": {"object": "contact"}, "times": 1})

    job = loaded(admin, "insert", "LastName\n" + "".join(f"Number {n:03}\n" for n in range(1000)))

    assert job["state"] == "Failed"
    assert job["errorMessage"].startswith("TooManyLockFailure : ")
    done, rest = outcome(admin, job, "successfulResults"), outcome(admin, job, "unprocessedRecords")
    assert 0 < len(done) == job["numberRecordsProcessed"] < 1000
    assert [row["LastName"] for row in [*done, *rest]] == [f"Number {n:03}" for n in range(1000)]
    assert admin.rows("SELECT COUNT(Id) n FROM Contact WHERE LastName LIKE 'Number %'")[0]["n"] == len(done)


def test_a_query_may_fail_too(admin: Caller) -> None:
    admin.faults({"do": "job_fail", "match": {"path": "jobs/query"}, "times": 1})

    job = finished(admin, f"jobs/query/{start_query(admin, PLAIN)}")

    assert job["state"] == "Failed"
    assert job["errorMessage"]
    assert error(admin.ask("GET", f"jobs/query/{job['id']}/results"))[1] == "INVALIDJOBSTATE"


def test_locked_rows_are_refused_one_by_one(admin: Caller) -> None:
    admin.faults({"do": "lock", "match": {"object": "Contact"}, "times": 2})

    job = loaded(admin, "insert", "LastName\nA\nB\nC\n")

    reasons = [row["sf__Error"].partition(":")[0] for row in outcome(admin, job, "failedResults")]
    assert reasons == ["UNABLE_TO_LOCK_ROW"] * 2
    assert [row["LastName"] for row in outcome(admin, job, "successfulResults")] == ["C"]


def test_a_reply_lost_after_the_commit_leaves_the_job_behind(admin: Caller) -> None:
    admin.faults({"do": "drop_after", "match": {"path": "jobs/ingest", "method": "POST"}, "times": 1})

    with pytest.raises(requests.ConnectionError):
        open_job(admin, "insert")

    (job,) = admin.ask("GET", "jobs/ingest").json()["records"]
    assert (job["state"], job["jobType"]) == ("Open", "V2Ingest")


def test_results_may_break_off_in_the_middle(admin: Caller) -> None:
    job_id = start_query(admin, "SELECT Id, Name, Email, Description, MailingStreet FROM Contact")
    finished(admin, f"jobs/query/{job_id}")
    admin.faults({"do": "truncate", "match": {"path": "/results"}, "times": 1})

    with pytest.raises(requests.RequestException):
        admin.ask("GET", f"jobs/query/{job_id}/results")

    assert len(rows_of(results(admin, job_id).text)) == 2000


def test_many_jobs_at_once_and_records_meanwhile(admin: Caller) -> None:
    def load(number: int) -> int:
        job = loaded(Caller(admin.url, admin.token), "insert", "LastName\n" + f"Crowd {number}\n" * 300)
        return job["numberRecordsProcessed"] - job["numberRecordsFailed"]

    def query(_: int) -> int:
        return len(queried(Caller(admin.url, admin.token), "SELECT Id FROM Lead"))

    def write(number: int) -> int:
        return bool(Caller(admin.url, admin.token).create("Contact", LastName=f"Crowd {number}"))

    with ThreadPoolExecutor(12) as crowd:
        loads, queries, writes = (list(crowd.map(work, range(4))) for work in (load, query, write))

    leads = admin.query("SELECT COUNT() FROM Lead")["totalSize"]
    assert (loads, queries, writes) == ([300] * 4, [leads] * 4, [1] * 4)
    assert admin.query("SELECT COUNT() FROM Contact WHERE LastName LIKE 'Crowd %'")["totalSize"] == 1204


def test_faults_find_the_object_of_a_job(admin: Caller) -> None:
    job_id = start_query(admin, PLAIN)
    admin.faults({"do": "status", "match": {"object": "Contact", "method": "GET"}, "times": 1})

    assert admin.ask("GET", f"jobs/query/{job_id}").status_code == 503
    assert admin.ask("GET", f"jobs/query/{job_id}").status_code == 200


def test_calls_are_counted_by_resource_without_ids(admin: Caller) -> None:
    queried(admin, PLAIN)

    counted = requests.get(f"{admin.url}/localorg/calls", timeout=30).json()

    assert {"POST jobs/query", "GET jobs/query", "GET jobs/query/results"} <= set(counted["by_resource"])


def test_lists_tell_jobs_of_their_own_kind(admin: Caller) -> None:
    query, load = start_query(admin, PLAIN), open_job(admin, "insert")

    def listed(path: str, **params: str) -> list[str]:
        body = admin.ask("GET", path, params=params).json()
        assert (body["done"], body["nextRecordsUrl"]) == (True, None)
        return [job["id"] for job in body["records"]]

    assert listed("jobs/query") == [query]
    assert listed("jobs/ingest") == [load]
    assert listed("jobs/query", jobType="v2query") == [query]
    assert listed("jobs/query", jobType="Classic") == []
    assert listed("jobs/query", isPkChunkingEnabled="true") == []


def test_jobs_belong_to_who_created_them_and_to_administrators(admin: Caller, fresh: Server) -> None:
    rep = sign_in(fresh, "Standard User")
    of_admin, of_rep = start_query(admin, PLAIN), start_query(rep, PLAIN)

    assert error(rep.ask("GET", f"jobs/query/{of_admin}"))[:2] == (400, "INVALIDUSER")
    assert admin.ask("GET", f"jobs/query/{of_rep}").status_code == 200


@pytest.mark.parametrize(
    ("version", "path"), [("46.0", "jobs/query"), ("40.0", "jobs/ingest"), ("57.0", "jobs/query/{job}/resultPages")]
)
def test_older_versions_lack_what_came_later(admin: Caller, version: str, path: str) -> None:
    job_id = start_query(admin, PLAIN)
    finished(admin, f"jobs/query/{job_id}")

    answer = admin.http.get(f"{admin.url}/services/data/v{version}/{path.format(job=job_id)}", timeout=30)

    assert error(answer) == NOT_FOUND


def test_results_are_told_only_in_the_version_of_the_job(admin: Caller) -> None:
    job_id = start_query(admin, PLAIN)
    finished(admin, f"jobs/query/{job_id}")

    answer = admin.http.get(f"{admin.url}/services/data/v61.0/jobs/query/{job_id}/results", timeout=30)

    assert answer.status_code == 409


def test_columns_were_sorted_before_version_50(admin: Caller) -> None:
    url = f"{admin.url}/services/data/v49.0/jobs/query"
    job = admin.http.post(
        url, json={"operation": "query", "query": "SELECT Title, Id, Account.Name FROM Contact LIMIT 1"}, timeout=30
    ).json()
    finished(admin, f"jobs/query/{job['id']}")

    answer = admin.http.get(f"{url}/{job['id']}/results", timeout=30)

    assert answer.text.splitlines()[0] == '"Account.Name","Id","Title"'


def test_pages_to_be_fetched_side_by_side(admin: Caller) -> None:
    job_id = start_query(admin, PLAIN)
    finished(admin, f"jobs/query/{job_id}")

    body = admin.ask("GET", f"jobs/query/{job_id}/resultPages").json()

    assert body == {
        "resultPages": [{"resultUrl": f"/services/data/v62.0/jobs/query/{job_id}/results?locator=MA"}],
        "done": True,
    }
    page = admin.http.get(admin.url + body["resultPages"][0]["resultUrl"], timeout=30)
    assert page.content == results(admin, job_id).content


@pytest.mark.parametrize("query", ["locator=zzzz", "locator=%00", "locator=OTk5OTk5OQ", "maxRecords=0", "maxRecords=x"])
def test_pages_that_there_are_not(admin: Caller, query: str) -> None:
    job_id = start_query(admin, PLAIN)
    finished(admin, f"jobs/query/{job_id}")

    assert admin.ask("GET", f"jobs/query/{job_id}/results?{query}").status_code == 400


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("jobs/query", {"operation": "insert", "query": PLAIN}),
        ("jobs/query", {"operation": "query", "query": PLAIN, "object": "Contact"}),
        ("jobs/query", {"operation": "query", "query": 5}),
        ("jobs/query", {"operation": "query", "query": PLAIN, "contentType": "JSON"}),
        ("jobs/query", {"operation": "query", "query": PLAIN, "columnDelimiter": ","}),
        ("jobs/query", {"query": PLAIN}),
        ("jobs/query", [1]),
        ("jobs/ingest", {"operation": "query", "object": "Contact"}),
        ("jobs/ingest", {"operation": "insert", "object": "Nothing"}),
        ("jobs/ingest", {"operation": "insert"}),
        ("jobs/ingest", {"operation": "upsert", "object": "Contact"}),
        ("jobs/ingest", {"operation": "upsert", "object": "Contact", "externalIdFieldName": "Title"}),
        ("jobs/ingest", {"operation": "insert", "object": "Contact", "lineEnding": "CR"}),
    ],
)
def test_jobs_that_make_no_sense_are_refused(admin: Caller, path: str, body: Any) -> None:
    answer = admin.ask("POST", path, body)

    assert answer.status_code == 400
    assert admin.ask("GET", path).json()["records"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "jobs/query", 405),
        ("GET", "jobs/ingest/750000000000001AAA/batches", 405),
        ("GET", "jobs/ingest/nothing", 404),
        ("GET", "jobs/query/750000000000001AAA/results", 404),
        ("PUT", "jobs/ingest/750000000000001AAA/batches", 404),
        ("PATCH", "jobs/query/003000000000001AAA", 404),
    ],
)
def test_wrong_ways_to_call(admin: Caller, method: str, path: str, status: int) -> None:
    assert admin.ask(method, path).status_code == status


def test_limits_tell_what_jobs_have_used(admin: Caller) -> None:
    queried(admin, PLAIN)
    loaded(admin, "insert", "LastName\nX\n")

    limits = admin.ask("GET", "limits").json()

    used = {name: limits[name]["Max"] - limits[name]["Remaining"] for name in limits if name.startswith("DailyBulk")}
    assert used == {"DailyBulkApiBatches": 1, "DailyBulkV2QueryFileStorageMB": 1, "DailyBulkV2QueryJobs": 1}


def test_ended_jobs_are_kept_for_seven_days(admin: Caller, fresh: Server) -> None:
    job_id = start_query(admin, PLAIN)
    finished(admin, f"jobs/query/{job_id}")

    def status_after(days: float) -> int:
        admin.control("clock", {"ahead": days * 86_400}).raise_for_status()
        again = sign_in(fresh, "System Administrator")  # the session has ended by that time
        return again.ask("GET", f"jobs/query/{job_id}").status_code

    assert [status_after(6.9), status_after(7.1)] == [200, 404]


def test_a_reset_forgets_all_jobs(admin: Caller) -> None:
    start_query(admin, PLAIN)

    admin.control("reset")

    assert admin.ask("GET", "jobs/query").json()["records"] == []


def test_jobs_and_results_outlive_the_server(tmp_path: Path) -> None:
    server = Server(tmp_path, "--seed", "50")
    before = sign_in(server, "System Administrator")
    done = start_query(before, PLAIN)
    finished(before, f"jobs/query/{done}")
    rows = results(before, done).content
    opened = open_job(before, "insert")
    upload(before, opened, "LastName\nX\n")
    stalled = stalled_query(before)
    server.stop()

    server = Server(tmp_path, "--seed", "50")
    try:
        after = sign_in(server, "System Administrator")
        assert results(after, done).content == rows
        close(after, opened)
        assert finished(after, f"jobs/ingest/{opened}")["numberRecordsProcessed"] == 1
        new = start_query(after, PLAIN)
        finished(after, f"jobs/query/{new}")
        assert new not in (done, opened, stalled)
        assert after.ask("GET", f"jobs/query/{stalled}").json()["state"] == "InProgress"
    finally:
        server.stop()


def test_a_load_goes_on_where_a_killed_server_left_it(tmp_path: Path) -> None:
    server = Server(tmp_path, "--seed", "50")
    before = sign_in(server, "System Administrator")
    job_id = open_job(before, "insert")
    upload(before, job_id, "LastName\n" + "".join(f"Number {n:05}\n" for n in range(20_000)))
    close(before, job_id)
    while not before.ask("GET", f"jobs/ingest/{job_id}").json()["numberRecordsProcessed"]:
        pass
    server.process.kill()
    server.process.wait()

    server = Server(tmp_path, "--seed", "50")
    try:
        after = sign_in(server, "System Administrator")
        job = finished(after, f"jobs/ingest/{job_id}")
        assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 20_000, 0)
        names = [row["LastName"] for row in outcome(after, job, "successfulResults")]
        assert names == [f"Number {n:05}" for n in range(20_000)]
        assert after.query("SELECT COUNT() FROM Contact WHERE LastName LIKE 'Number %'")["totalSize"] == 20_000
    finally:
        server.stop()
