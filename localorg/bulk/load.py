"""Works off an ingest job: uploaded rows become records, 200 in a transaction that also notes how far it got."""

import csv
import io
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any

from localorg.bulk import jobs, mapping, upload
from localorg.bulk.chunk import Chunk, Outcome
from localorg.bulk.columns import ENDINGS, SEPARATORS
from localorg.bulk.jobs import Job
from localorg.bulk.upload import Row, Upload
from localorg.errors import Problem, RecordRefused, refuse
from localorg.schema import Schema, SObject

if TYPE_CHECKING:
    import sqlite3

    from localorg.org import Org

CHUNK = 200  # records in a transaction, as triggers get them
BATCH = 10_000  # records that count as one batch of the day's allowance; a multiple of CHUNK
DATA, SUCCEEDED, REFUSED = "data.csv", "succeeded.csv", "failed.csv"  # files of a job
ID_ALONE = ("delete", "hardDelete")
LOCKS = "TooManyLockFailure : Too many lock failure 200 Trying again later."


class Load:
    """``pause``: called between transactions, so that others get at the records; False: leave the rest for later."""

    def __init__(self, org: "Org", job: Job, pause: Callable[[], bool]) -> None:
        self.org = org
        self.job = job
        self.folder = org.bulk.folder(job.id)
        self.pause = pause
        self.columns: list[mapping.Column] = []

    def run(self) -> None:
        """Raises Refused when the job as a whole cannot go on."""
        upload.check(self.folder / DATA, self.job)
        with closing(Upload(self.folder / DATA, self.job)) as uploaded:
            self._prepare(uploaded.header)
            rows = self._rows(uploaded)
            ended = False
            while not ended and self.pause():
                some = list(islice(rows, CHUNK))
                ended = len(some) < CHUNK
                if not self._commit(some, uploaded.position, ended):
                    return

    def _prepare(self, header: Row) -> None:
        """What the header means; and results of a transaction that was never committed are taken back."""
        with self.org.database.write() as db:
            schema, sobject = self._view(db)
            jobs.change(db, self.job, header=_lines(self.job, [header]) if header else "")
        self.columns = mapping.columns_of(schema, sobject, header)
        self._check_columns()
        for name, size in ((SUCCEEDED, self.job.succeeded), (REFUSED, self.job.refused)):
            with (self.folder / name).open("ab") as file:
                file.truncate(size)

    def _check_columns(self) -> None:
        names = {column.name for column in self.columns if not column.key}
        needed = {"insert": None, "upsert": self.job.external_id}.get(self.job.operation, "Id")
        if self.columns and needed and needed not in names:
            raise refuse("InvalidBatch", f"Field name not found : {needed}")
        if self.job.operation in ID_ALONE and len(self.columns) > 1:
            raise refuse("InvalidBatch", f"The '{self.job.operation}' batch must contain only ids")

    def _rows(self, uploaded: Upload) -> Iterator[Row]:
        """From where the last transaction ended; a fault lets only half of them through."""
        most = uploaded.size // 2 if self.job.fault else uploaded.size
        for row in uploaded.rows(self.job.position or uploaded.start):
            yield row
            if uploaded.position >= most:
                return

    def _commit(self, rows: Sequence[Row], position: int, ended: bool) -> bool:
        """Write rows and note it; False if the job is no longer wanted."""
        began = time.monotonic()
        with self.org.database.write() as db:
            job = jobs.find(db, self.job.id)
            if job is None or job.state != jobs.RUNNING:
                return False
            outcomes = self._write(db, rows)
            changes = self._recorded(job, rows, outcomes) | {"position": position}
            if ended:
                changes |= {"state": jobs.FAILED, "error": LOCKS} if job.fault else {"state": jobs.COMPLETE}
            if rows and job.processed % BATCH == 0:
                jobs.spend(db, jobs.BATCHES)
            jobs.change(db, job, **changes, milliseconds=job.milliseconds + _since(began))
        return True

    def _write(self, db: "sqlite3.Connection", rows: Sequence[Row]) -> list[Outcome]:
        job, (_, sobject) = self.job, self._view(db)
        work = self.org.work(db, job.user_id)
        path = f"/services/data/v{job.version}/jobs/ingest/{job.id}"
        work.refusal = lambda name, record_id: self.org.faults.refusal("PATCH", path, name, record_id)
        work.options = {"sforce-auto-assign": job.assignment_rule or "false"}
        chunk = Chunk(work, sobject, job.operation, sobject.fields[job.external_id or "Id"])
        return [self._attempt(chunk, row) for row in rows]

    def _attempt(self, chunk: Chunk, row: Row) -> Outcome:
        try:
            return chunk.attempt(mapping.given(self.columns, row))
        except RecordRefused as refused:
            return Outcome("", problems=refused.problems)

    def _recorded(self, job: Job, rows: Sequence[Row], outcomes: Sequence[Outcome]) -> dict[str, Any]:
        """Append to the results; returns what is new about the job."""
        done = list(zip(rows, outcomes, strict=True))
        succeeded = _lines(job, ([o.id, str(o.created).lower(), *row] for row, o in done if not o.problems))
        refused = _lines(job, ([o.id, told(o.problems), *row] for row, o in done if o.problems))
        return {
            "succeeded": job.succeeded + self._append(SUCCEEDED, succeeded),
            "refused": job.refused + self._append(REFUSED, refused),
            "processed": job.processed + len(done),
            "failed": job.failed + sum(bool(outcome.problems) for outcome in outcomes),
        }

    def _append(self, name: str, lines: str) -> int:
        with (self.folder / name).open("ab") as file:
            return file.write(lines.encode())

    def _view(self, db: "sqlite3.Connection") -> tuple[Schema, SObject]:
        """What the user of the job sees by now."""
        schema = self.org.schema_for(db, self.job.user_id)
        sobject = schema.find(self.job.object) if schema else None
        if schema is None or sobject is None:
            raise refuse("InvalidUser", "The user of the job is not active or does not see the object.")
        return schema, sobject


def told(problems: Iterable[Problem]) -> str:
    """Errors as the results of bulk jobs word them: CODE:message:fields --"""
    return ";".join(
        f"{problem.code}:{problem.message}:{''.join(f'{name} ' for name in problem.fields or ())}--"
        for problem in problems
    )


def _lines(job: Job, rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    separator, ending = SEPARATORS[job.delimiter], ENDINGS[job.line_ending]
    csv.writer(text, delimiter=separator, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows(rows)
    return text.getvalue()


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
