"""Ways to use Bulk API 2.0 in tests."""

import csv
import io
import time
from typing import Any

import requests

from tests.localorg.client import Caller, Json

PATIENCE = 20.0  # seconds
ENDED = ("JobComplete", "Failed", "Aborted")


def start_query(caller: Caller, soql: str, **options: Any) -> str:
    answer = caller.ask("POST", "jobs/query", {"operation": "query", "query": soql, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def finished(caller: Caller, path: str) -> Json:
    """The job once it has ended; ``path``: jobs/query/750…"""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        job = caller.ask("GET", path).json()
        if job["state"] in ENDED:
            return job
        time.sleep(0.01)
    raise TimeoutError(path)


def results(caller: Caller, job_id: str, **params: Any) -> requests.Response:
    answer = caller.ask("GET", f"jobs/query/{job_id}/results", params=params)
    assert answer.status_code == 200, answer.text
    return answer


def queried(caller: Caller, soql: str, **options: Any) -> list[dict[str, str]]:
    """The rows of a query, by the names in the header."""
    job_id = start_query(caller, soql, **options)
    job = finished(caller, f"jobs/query/{job_id}")
    assert job["state"] == "JobComplete", job
    return rows_of(results(caller, job_id).text)


def rows_of(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def open_job(caller: Caller, operation: str, name: str = "Contact", **options: Any) -> str:
    answer = caller.ask("POST", "jobs/ingest", {"operation": operation, "object": name, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def upload(caller: Caller, job_id: str, data: str | bytes, **headers: str) -> requests.Response:
    body = data.encode() if isinstance(data, str) else data
    return caller.ask(
        "PUT", f"jobs/ingest/{job_id}/batches", data=body, headers={"Content-Type": "text/csv", **headers}
    )


def close(caller: Caller, job_id: str) -> requests.Response:
    return caller.ask("PATCH", f"jobs/ingest/{job_id}", {"state": "UploadComplete"})


def loaded(caller: Caller, operation: str, data: str | bytes, name: str = "Contact", **options: Any) -> Json:
    """The ended job that loaded these rows."""
    job_id = open_job(caller, operation, name, **options)
    answer = upload(caller, job_id, data)
    assert answer.status_code == 201, answer.text
    assert close(caller, job_id).status_code == 200
    return finished(caller, f"jobs/ingest/{job_id}")


def outcome(caller: Caller, job: Json, which: str) -> list[dict[str, str]]:
    """``which``: successfulResults, failedResults or unprocessedrecords."""
    answer = caller.ask("GET", f"jobs/ingest/{job['id']}/{which}")
    assert answer.status_code == 200, answer.text
    return rows_of(answer.content.decode())
