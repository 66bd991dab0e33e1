"""Bulk jobs as the org remembers them: a table beside the records, so that progress commits with what it is about."""

import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from localorg import clock

OPEN, UPLOADED, RUNNING = "Open", "UploadComplete", "InProgress"
COMPLETE, FAILED, ABORTED = "JobComplete", "Failed", "Aborted"
ENDED = (COMPLETE, FAILED, ABORTED)
QUERY, INGEST, CLASSIC = "V2Query", "V2Ingest", "Classic"  # kinds, as jobType names them
BATCH = "Batch"  # of a classic job: a job of its own to us
QUERIES = ("query", "queryAll")
KEPT = timedelta(days=7)  # what is over, and its results
QUERY_JOBS, STORAGE, BATCHES = "DailyBulkV2QueryJobs", "DailyBulkV2QueryFileStorageMB", "DailyBulkApiBatches"

_SQL = {int: "INTEGER NOT NULL", str: "TEXT NOT NULL"}


@dataclass(slots=True)
class Job:
    """``position`` of the data that is done; ``succeeded`` and ``refused``: bytes of the results written for it."""

    number: int  # what the id is made of; also the order of lists
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
    parent: str = ""  # of a batch: its job
    chunk_size: int = 0  # of a classic job: how many ids its queries are cut by; 0 for not at all

    @property
    def ended(self) -> bool:
        return self.state in ENDED

    @property
    def over(self) -> bool:
        """Whether nothing happens to it any more; a classic job is over when nobody adds to it."""
        return self.ended or self.kind == CLASSIC


_NAMES = tuple(f.name for f in fields(Job))
_COLUMNS = ", ".join(_NAMES)
_DDL = (
    "CREATE TABLE IF NOT EXISTS _bulk_job (number INTEGER PRIMARY KEY AUTOINCREMENT, "
    + ", ".join(f"{f.name} {_SQL[f.type]}" for f in fields(Job)[1:])  # type: ignore[index]
    + ", UNIQUE (id))",
    "CREATE INDEX IF NOT EXISTS _bulk_batch ON _bulk_job (parent) WHERE parent <> ''",
    "CREATE TABLE IF NOT EXISTS _bulk_use (name TEXT NOT NULL, at TEXT NOT NULL, amount INTEGER NOT NULL)",
)


def _oldest() -> str:
    return clock.stored(clock.now() - KEPT)


def create_tables(db: sqlite3.Connection) -> None:
    """Jobs that a server of another version left, in another table, are forgotten."""
    known = {row[1] for row in db.execute("PRAGMA table_info(_bulk_job)")}
    if known not in (set(), set(_NAMES)):
        db.execute("DROP TABLE _bulk_job")
    for statement in _DDL:
        db.execute(statement)


def clear(db: sqlite3.Connection) -> None:
    for table in ("_bulk_job", "_bulk_use"):
        db.execute(f"DELETE FROM {table}")


def highest(db: sqlite3.Connection) -> int:
    """The highest number that was ever stored."""
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = '_bulk_job'").fetchone()
    return row[0] if row else 0


def add(db: sqlite3.Connection, job: Job) -> None:
    values = [getattr(job, name) for name in _NAMES]
    db.execute(f"INSERT INTO _bulk_job ({_COLUMNS}) VALUES ({', '.join('?' * len(values))})", values)


def find(db: sqlite3.Connection, job_id: str) -> Job | None:
    """The job, unless it ended so long ago that it is kept no more."""
    row = db.execute(f"SELECT {_COLUMNS} FROM _bulk_job WHERE id = ?", (job_id,)).fetchone()
    job = Job(*row) if row else None
    return None if job is None or (job.over and job.modified < _oldest()) else job


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


def listed(db: sqlite3.Connection, kinds: Sequence[str], after: int, most: int) -> list[Job]:
    """Jobs after a number, oldest first."""
    wanted = ", ".join("?" * len(kinds))
    sql = f"SELECT {_COLUMNS} FROM _bulk_job WHERE kind IN ({wanted}) AND number > ? ORDER BY number LIMIT ?"
    return [Job(*row) for row in db.execute(sql, (*kinds, after, most))]


def old(db: sqlite3.Connection) -> list[Job]:
    """Jobs that are kept no more."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM _bulk_job WHERE modified < ?", (_oldest(),)).fetchall()
    return [job for row in rows if (job := Job(*row)).over]


def batches(db: sqlite3.Connection, job_id: str) -> list[Job]:
    """Those of a classic job, in their order."""
    sql = f"SELECT {_COLUMNS} FROM _bulk_job WHERE parent = ? ORDER BY number"
    return [Job(*row) for row in db.execute(sql, (job_id,))]


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
