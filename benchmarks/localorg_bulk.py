"""Bulk API 2.0 of the local org: rows out of a query, rows in, and what memory that takes.

An org that knows no bulk jobs measures 0.
"""

import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Protocol

import psutil
import requests

PIECE = 2**20  # bytes read at a time
POLL = 0.02  # seconds
LOADED = 20_000  # rows
ENDED = ("JobComplete", "Failed", "Aborted")


class Org(Protocol):
    api: str
    http: requests.Session
    process: Any

    def new_contacts(self, count: int) -> list[dict[str, Any]]: ...


def rows_out(org: Org, fields: str) -> float:
    """All contacts, rows a second: from creating the job to the last byte of the last page."""
    began = time.perf_counter()
    job = _job(org, "query", {"operation": "query", "query": f"SELECT {fields} FROM Contact"})
    return _read(org, job) / (time.perf_counter() - began) if job else 0


def rows_in(org: Org) -> float:
    """Created contacts a second: from creating the job to its end."""
    lines = "".join(f"{row['LastName']},{row['Email']},{row['Title']}\n" for row in org.new_contacts(LOADED))
    began = time.perf_counter()
    job = _job(org, "ingest", {"operation": "insert", "object": "Contact"}, f"LastName,Email,Title\n{lines}")
    return LOADED / (time.perf_counter() - began) if job else 0


def memory_taken(org: Org, fields: str) -> float:
    """MB by which the server's own memory grows at most while all contacts go out; files it maps are not its own."""
    process = psutil.Process(org.process.pid)

    def own() -> float:
        memory = process.memory_info()
        return float(memory.rss - memory.shared) / 1e6

    before = own()
    return max(_watched(own, lambda: rows_out(org, fields))) - before


def _watched(look: Callable[[], float], action: Callable[[], object]) -> list[float]:
    """What ``look`` saw while ``action`` ran."""
    seen, ended = [look()], threading.Event()

    def watch() -> None:
        while not ended.wait(POLL):
            seen.append(look())

    watcher = threading.Thread(target=watch)
    watcher.start()
    action()
    ended.set()
    watcher.join()
    return seen


def _job(org: Org, kind: str, body: dict[str, Any], data: str = "") -> str:
    """The URL of a job that has ended well; "" when there are no such jobs."""
    answer = org.http.post(f"{org.api}/jobs/{kind}", json=body, timeout=60)
    if answer.status_code == HTTPStatus.NOT_FOUND:
        return ""
    url = f"{org.api}/jobs/{kind}/{answer.json()['id']}"
    if data:
        org.http.put(f"{url}/batches", data=data.encode(), headers={"Content-Type": "text/csv"}, timeout=60)
        org.http.patch(url, json={"state": "UploadComplete"}, timeout=60)
    while (job := org.http.get(url, timeout=60).json())["state"] not in ENDED:
        time.sleep(POLL)
    assert job["state"] == "JobComplete", job
    assert not job.get("numberRecordsFailed"), job
    return url


def _read(org: Org, job: str) -> int:
    rows, locator = 0, ""
    while locator != "null":
        params = {"locator": locator} if locator else {}
        with org.http.get(f"{job}/results", params=params, stream=True, timeout=60) as page:
            for _ in page.iter_content(PIECE):
                pass
            rows += int(page.headers["Sforce-NumberOfRecords"])
            locator = page.headers["Sforce-Locator"]
    return rows
