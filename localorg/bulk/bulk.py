"""The org's bulk jobs: who keeps them, where their files lie, and the threads that work them off."""

import logging
import shutil
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localorg import clock
from localorg.bulk import extract, jobs, results
from localorg.bulk.jobs import Job
from localorg.bulk.load import Load
from localorg.errors import Refused

if TYPE_CHECKING:
    import sqlite3

    from localorg.org import Org

logger = logging.getLogger(__name__)

KEPT = timedelta(days=7)  # an ended job and its results
STALL, FAIL = "job_stall", "job_fail"  # what a fault may do to a job
MEGABYTE = 2**20
PAUSE = 0.001  # seconds between transactions of a load: whoever waits for the lock gets it then


class Bulk:
    """Queries and loads have a thread each: a long load must not hold up a query, and the records have one writer."""

    def __init__(self, org: "Org") -> None:
        self.org = org
        with org.database.write() as db:
            jobs.create_tables(db)
            self.numbers = jobs.Numbers(db)
        self._closing = threading.Event()
        self._queries = ThreadPoolExecutor(1, "bulk-query")
        self._loads = ThreadPoolExecutor(1, "bulk-load")

    def folder(self, job_id: str) -> Path:
        """Where the files of a job lie."""
        return self.org.folder / "bulk" / job_id

    def object_of(self, job_id: str) -> str | None:
        """The object that a job is about."""
        with self.org.database.read() as db:
            job = jobs.find(db, job_id)
        return job.object if job else None

    def queue(self, job: Job) -> None:
        """Work a job off in its turn. Its row may be committed later: the worker needs the lock that we hold."""
        pool, run = (self._queries, self._query) if job.operation in jobs.QUERIES else (self._loads, self._load)
        pool.submit(self._guarded, job.id, run)

    def resume(self) -> None:
        """Go on with what the last server left."""
        with self.org.database.read() as db:
            found = jobs.waiting(db)
        for job in found:
            self.queue(job)

    def drop(self, db: "sqlite3.Connection", job: Job) -> None:
        jobs.drop(db, job)
        shutil.rmtree(self.folder(job.id), ignore_errors=True)

    def drop_old(self, db: "sqlite3.Connection") -> None:
        for job in jobs.older_than(db, clock.stored(clock.now() - KEPT)):
            self.drop(db, job)

    def clear(self) -> None:
        """Forget all jobs; those at work notice at their next step."""
        with self.org.database.write() as db:
            jobs.create_tables(db)
            jobs.clear(db)
        shutil.rmtree(self.org.folder / "bulk", ignore_errors=True)

    def close(self) -> None:
        """Stop at the next step; ``resume`` of the next server goes on from there."""
        self._closing.set()
        for pool in (self._queries, self._loads):
            pool.shutdown(cancel_futures=True)

    def _guarded(self, job_id: str, run: Callable[[Job], None]) -> None:
        try:
            job = self._begun(job_id)
            if job is not None and job.fault != STALL:
                run(job)
        except Exception:
            logger.exception("bulk job %s", job_id)
            self._step(job_id, state=jobs.FAILED, error="InternalServerError : An unexpected error occurred.")

    def _begun(self, job_id: str) -> Job | None:
        """The job, now in progress; None if there is nothing to do any more."""
        with self.org.database.write() as db:
            job = jobs.find(db, job_id)
            if job is None or job.state not in (jobs.UPLOADED, jobs.RUNNING) or self._closing.is_set():
                return None
            jobs.change(db, job, state=jobs.RUNNING)
        return job

    def _step(self, job_id: str, **values: Any) -> bool:
        """Note progress. False if the job is no longer wanted, or the server is about to end."""
        with self.org.database.write() as db:
            job = jobs.find(db, job_id)
            if job is None or job.state != jobs.RUNNING or self._closing.is_set():
                return False
            jobs.change(db, job, **values)
        return True

    def _query(self, job: Job) -> None:
        began = time.monotonic()
        try:
            if job.fault == FAIL:
                self._step(job.id, state=jobs.FAILED, error="InternalServerError : Retried more than 15 times")
                return
            with results.Writer(self.folder(job.id)) as writer:
                done = extract.run(self.org, job, writer, lambda rows: self._step(job.id, processed=rows))
        except Refused as refused:
            self._fail(job, refused)
            return
        if done:
            milliseconds = round((time.monotonic() - began) * 1000)
            self._step(job.id, state=jobs.COMPLETE, processed=writer.count, milliseconds=milliseconds)
            with self.org.database.write() as db:
                jobs.spend(db, jobs.STORAGE, -(-writer.size // MEGABYTE))

    def _load(self, job: Job) -> None:
        try:
            Load(self.org, job, self._pause).run()
        except Refused as refused:
            self._fail(job, refused)

    def _fail(self, job: Job, refused: Refused) -> None:
        problem = refused.problems[0]
        self._step(job.id, state=jobs.FAILED, error=f"{problem.code} : {problem.message}")

    def _pause(self) -> bool:
        """A moment for others to write. False when the server is about to end."""
        return not self._closing.wait(PAUSE)
