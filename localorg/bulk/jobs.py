"""Bulk jobs as the org remembers them: a table beside the records, so that progress commits with what it is about."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from itertools import count
from typing import Any

from localorg import clock, ids

OPEN, UPLOADED, RUNNING = "Open", "UploadComplete", "InProgress"
COMPLETE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
ENDED = (COMPLETE, FAILED, ABORTED)
QUERY, INGEST, CLASSIC = "V2Query", "V2Ingest", "Classic"  # kinds, as jobType names them
QUERIES = ("query", "queryAll")
PREFIX = "750"
QUERY_JOBS, STORAGE, BATCHES = "DailyBulkV2QueryJobs", "DailyBulkV2QueryFileStorageMB", "DailyBulkApiBatches"

_SQL = {int: "INTEGER NOT NULL", str: "TEXT NOT NULL"}


@dataclass(slots=True)
class Job:
    """``position``, ``succeeded`` and ``refused``: bytes of the data done, and of the results written for them."""

    id: str
    kind: str
    user_id: str
    operation: str
    object: str
    state: str
    version: str
    created: str
    modified: str
    query: str = ""
    content_type: str = "CSV"
    delimiter: str = "COMMA"
    line_ending: str = "LF"
    external_id: str = ""
    assignment_rule: str = ""
    header: str = ""  # the first line of the results
    processed: int = 0
    failed: int = 0
    position: int = 0
    succeeded: int = 0
    refused: int = 0
    milliseconds: int = 0
    error: str = ""
    fault: str = ""  # what a rule has in store for it

    @property
    def ended(self) -> bool:
        return self.state in ENDED


_NAMES = tuple(f.name for f in fields(Job))
_COLUMNS = ", ".join(_NAMES)
_DDL = (
    "CREATE TABLE IF NOT EXISTS _bulk_job (number INTEGER PRIMARY KEY AUTOINCREMENT, "
    + ", ".join(f"{f.name} {_SQL[f.type]}" for f in fields(Job))  # type: ignore[index]
    + ", UNIQUE (id))",
    "CREATE TABLE IF NOT EXISTS _bulk_use (name TEXT NOT NULL, at TEXT NOT NULL, amount INTEGER NOT NULL)",
)


def create_tables(db: sqlite3.Connection) -> None:
    for statement in _DDL:
        db.execute(statement)


def clear(db: sqlite3.Connection) -> None:
    for table in ("_bulk_job", "_bulk_use"):
        db.execute(f"DELETE FROM {table}")


class Numbers:
    """Ids for jobs; never the same twice, not even after a roll-back or a reset."""

    def __init__(self, db: sqlite3.Connection) -> None:
        found = db.execute("SELECT max(number) FROM _bulk_job").fetchone()[0]
        self._next = count((found or 0) + 1)

    def new(self, prefix: str = PREFIX) -> str:
        return ids.make(prefix, next(self._next))


def add(db: sqlite3.Connection, job: Job) -> None:
    values = [getattr(job, name) for name in _NAMES]
    db.execute(f"INSERT INTO _bulk_job ({_COLUMNS}) VALUES ({', '.join('?' * len(values))})", values)


def find(db: sqlite3.Connection, job_id: str) -> Job | None:
    row = db.execute(f"SELECT {_COLUMNS} FROM _bulk_job WHERE id = ?", (job_id,)).fetchone()
    return Job(*row) if row else None


def change(db: sqlite3.Connection, job: Job, **values: Any) -> None:
    """Store what is new about a job; SystemModstamp moves along."""
    values |= {"modified": clock.stored(clock.now())}
    for name, value in values.items():
        setattr(job, name, value)
    db.execute(
        f"UPDATE _bulk_job SET {', '.join(f'{name} = ?' for name in values)} WHERE id = ?", (*values.values(), job.id)
    )


def drop(db: sqlite3.Connection, job: Job) -> None:
    db.execute("DELETE FROM _bulk_job WHERE id = ?", (job.id,))


def listed(db: sqlite3.Connection, kinds: Sequence[str], after: int, most: int) -> Iterator[tuple[int, Job]]:
    """Jobs with their numbers, oldest first."""
    wanted = ", ".join("?" * len(kinds))
    sql = f"SELECT number, {_COLUMNS} FROM _bulk_job WHERE kind IN ({wanted}) AND number > ? ORDER BY number LIMIT ?"
    for number, *row in db.execute(sql, (*kinds, after, most)):
        yield number, Job(*row)


def older_than(db: sqlite3.Connection, moment: str) -> list[Job]:
    """Ended jobs that were last touched before a moment."""
    sql = f"SELECT {_COLUMNS} FROM _bulk_job WHERE modified < ? AND state IN (?, ?, ?)"
    return [Job(*row) for row in db.execute(sql, (moment, *ENDED))]


def waiting(db: sqlite3.Connection) -> list[Job]:
    """Jobs that were to be worked off when the server ended."""
    sql = f"SELECT {_COLUMNS} FROM _bulk_job WHERE state IN (?, ?) ORDER BY number"
    return [Job(*row) for row in db.execute(sql, (UPLOADED, RUNNING))]


def spend(db: sqlite3.Connection, limit: str, amount: int = 1) -> None:
    """Take from an allowance of 24 hours, by its name at /limits."""
    db.execute("INSERT INTO _bulk_use VALUES (?, ?, ?)", (limit, clock.stored(clock.now()), amount))


def spent(db: sqlite3.Connection) -> Counter[str]:
    """What was taken of each allowance in the last 24 hours."""
    since = clock.stored(clock.now() - timedelta(days=1))
    rows = db.execute("SELECT name, sum(amount) FROM _bulk_use WHERE at > ? GROUP BY name", (since,))
    return Counter(dict(rows.fetchall()))
