"""The org's bulk jobs: who keeps them, where their files lie, and the threads that work them off."""

import logging
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localorg import clock, ids
from localorg.bulk import jobs, work
from localorg.bulk.jobs import Job

if TYPE_CHECKING:
    import sqlite3

    from localorg.org import Org

logger = logging.getLogger(__name__)

STALL = "job_stall"  # what a fault may do to a job; anything else makes it fail
PREFIX, BATCH_PREFIX = "750", "751"  # of ids
PAUSE = 0.001  # seconds between transactions of a load: whoever waits for the lock gets it then
BROKEN = "InternalServerError : An unexpected error occurred."


class Bulk:
    """Queries and loads have a thread each: a long load must not hold up a query, and the records have one writer."""

    def __init__(self, org: "Org") -> None:
        self.org = org
        with org.database.write() as db:
            jobs.create_tables(db)
            self._numbers = count(jobs.highest(db) + 1)  # never the same twice, not even after a roll-back or reset
        self._closing = threading.Event()
        self._queries = ThreadPoolExecutor(1, "bulk-query")
        self._loads = ThreadPoolExecutor(1, "bulk-load")

    def folder(self, job_id: str) -> Path:
        """Where the files of a job or batch lie."""
        return self.org.folder / "bulk" / job_id

    def object_of(self, job_id: str) -> str | None:
        """The object that a job is about."""
        with self.org.database.read() as db:
            job = jobs.find(db, job_id)
        return job.object if job else None

    def new_job(self, kind: str, user_id: str, version: str, **values: Any) -> Job:
        """A job with a folder, not yet known to anybody."""
        number, now = next(self._numbers), clock.stored(clock.now())
        job_id = ids.make(BATCH_PREFIX if kind == jobs.BATCH else PREFIX, number)
        shutil.rmtree(self.folder(job_id), ignore_errors=True)  # of one that was rolled back before a restart
        self.folder(job_id).mkdir(parents=True)
        return Job(number, job_id, kind, user_id, version=version, created=now, modified=now, **values)

    def new_batch(self, job: Job) -> Job:
        """A batch of a classic job."""
        inherited = ("operation", "object", "content_type", "external_id", "assignment_rule", "chunk_size")
        values = {name: getattr(job, name) for name in inherited}
        return self.new_job(jobs.BATCH, job.user_id, job.version, state=jobs.UPLOADED, parent=job.id, **values)

    def add_batch(self, db: "sqlite3.Connection", batch: Job) -> None:
        jobs.add(db, batch)
        jobs.spend(db, jobs.BATCHES)
        self.queue(batch)

    def queue(self, job: Job) -> None:
        """Work a job off in its turn. Its row may be committed later: the worker needs the lock that we hold."""
        pool = self._queries if job.operation in jobs.QUERIES else self._loads
        pool.submit(self._run, job.id)

    def resume(self) -> None:
        """Go on with what the last server left."""
        with self.org.database.read() as db:
            found = jobs.waiting(db)
        for job in found:
            self.queue(job)

    def drop(self, db: "sqlite3.Connection", job: Job) -> None:
        """Forget a job with its batches and files."""
        for found in (job, *jobs.batches(db, job.id)):
            jobs.drop(db, found)
            shutil.rmtree(self.folder(found.id), ignore_errors=True)

    def drop_old(self, db: "sqlite3.Connection") -> None:
        for job in jobs.old(db):
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

    def _run(self, job_id: str) -> None:
        step = partial(self._step, job_id)
        try:
            job = self._begun(job_id)
            if job is None or job.fault == STALL:
                return
            if job.operation in jobs.QUERIES:
                work.query(self.org, job, step)
            else:
                work.load(self.org, job, step, self._pause)
        except Exception:
            if step(state=jobs.FAILED, error=BROKEN):  # otherwise a reset took its files away
                logger.exception("bulk job %s", job_id)

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

    def _pause(self) -> bool:
        """A moment for others to write. False when the server is about to end."""
        return not self._closing.wait(PAUSE)
