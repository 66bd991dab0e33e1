"""Works off uploaded rows: 200 in a transaction that also notes how far it got."""

import time
from collections.abc import Callable, Generator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from localorg.bulk import jobs
from localorg.bulk.chunk import Chunk, Outcome
from localorg.bulk.jobs import Job
from localorg.bulk.mapping import Given
from localorg.bulk.outcomes import Done, csv_lines
from localorg.errors import RecordRefused, refuse
from localorg.schema import Schema, SObject

if TYPE_CHECKING:
    import sqlite3

    from localorg.org import Org

CHUNK = 200  # records, as triggers get them
BATCH = 10_000  # records that 2.0 counts as one batch of the day's allowance; a multiple of CHUNK
LOCKS = "TooManyLockFailure : Too many lock failure 200 Trying again later."


class Rows(Protocol):
    """Uploaded rows. ``position`` tells, in a unit of its own, how far they were read; ``size`` where they end."""

    header: list[str]
    position: int
    size: int

    def prepare(self, schema: Schema, sobject: SObject) -> None:
        """Raises Refused for rows that make no sense for this object."""

    def rows(self, position: int) -> Generator[Any, None, None]: ...

    def given(self, row: Any) -> Given:
        """Raises RecordRefused."""


class Outcomes(Protocol):
    def add(self, job: Job, done: Done) -> dict[str, int]:
        """Keep what became of rows; returns what is new about the job."""


class Load:
    """``pause``: called between transactions, so that others get at the records; False: leave the rest for later."""

    def __init__(self, org: "Org", job: Job, rows: Rows, outcomes: Outcomes, pause: Callable[[], bool]) -> None:
        self.org = org
        self.job = job
        self.rows = rows
        self.outcomes = outcomes
        self.pause = pause

    def run(self) -> None:
        """Raises Refused when the job as a whole cannot go on."""
        with self.org.database.write() as db:
            self.rows.prepare(*self._view(db))
            jobs.change(db, self.job, header=csv_lines(self.job, [self.rows.header]) if self.rows.header else "")
        rows = self._rows()
        ended = False
        while not ended and self.pause():
            some = list(islice(rows, CHUNK))
            ended = len(some) < CHUNK
            if not self._commit(some, ended):
                return

    def _rows(self) -> Generator[Any, None, None]:
        """From where the last transaction ended; a fault lets only half of them through."""
        most = self.rows.size // 2 if self.job.fault else self.rows.size
        for row in self.rows.rows(self.job.position):
            yield row
            if self.rows.position >= most:
                return

    def _commit(self, rows: Sequence[Any], ended: bool) -> bool:
        """Write rows and note it; False if the job is no longer wanted."""
        began = time.monotonic()
        with self.org.database.write() as db:
            job = jobs.find(db, self.job.id)
            if job is None or job.state != jobs.RUNNING:
                return False
            done = list(zip(rows, self._write(db, rows), strict=True))
            changes: dict[str, Any] = {
                "position": self.rows.position,
                "processed": job.processed + len(done),
                "failed": job.failed + sum(bool(outcome.problems) for _, outcome in done),
                "milliseconds": job.milliseconds + round((time.monotonic() - began) * 1000),
            }
            if ended:
                changes |= {"state": jobs.FAILED, "error": LOCKS} if job.fault else {"state": jobs.COMPLETE}
            if rows and job.kind == jobs.INGEST and job.processed % BATCH == 0:
                jobs.spend(db, jobs.BATCHES)
            jobs.change(db, job, **changes, **self.outcomes.add(job, done))
        return True

    def _write(self, db: "sqlite3.Connection", rows: Sequence[Any]) -> list[Outcome]:
        job, (_, sobject) = self.job, self._view(db)
        work = self.org.work(db, job.user_id)
        path = path_of(job)
        work.refusal = lambda name, record_id: self.org.faults.refusal("PATCH", path, name, record_id)
        work.held = lambda name, record_id: self.org.faults.held("PATCH", path, name, record_id)
        work.options = {"sforce-auto-assign": job.assignment_rule or "false"}
        chunk = Chunk(work, sobject, job.operation, sobject.fields[job.external_id or "Id"])
        return [self._attempt(chunk, row) for row in rows]

    def _attempt(self, chunk: Chunk, row: Any) -> Outcome:
        try:
            return chunk.attempt(self.rows.given(row))
        except RecordRefused as refused:
            return Outcome("", problems=refused.problems)

    def _view(self, db: "sqlite3.Connection") -> tuple[Schema, SObject]:
        """What the user of the job sees by now."""
        schema = self.org.schema_for(db, self.job.user_id)
        sobject = schema.find(self.job.object) if schema else None
        if schema is None or sobject is None:
            raise refuse("InvalidUser", "The user of the job is not active or does not see the object.")
        return schema, sobject


def path_of(job: Job) -> str:
    """Where faults find a job at work."""
    if job.parent:
        return f"/services/async/{job.version}/job/{job.parent}/batch/{job.id}"
    return f"/services/data/v{job.version}/jobs/ingest/{job.id}"
