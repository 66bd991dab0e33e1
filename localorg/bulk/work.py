"""What the threads of ``Bulk`` do for one job, until it has ended or is no longer wanted."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from localorg.bulk import extract, jobs
from localorg.bulk.classic import chunking
from localorg.bulk.classic.outcomes import InOrder
from localorg.bulk.classic.rows import ListedRows
from localorg.bulk.csv_rows import CsvRows
from localorg.bulk.jobs import Job
from localorg.bulk.load import Load
from localorg.bulk.outcomes import DATA, Split
from localorg.bulk.results import Writer
from localorg.errors import Problem, Refused

if TYPE_CHECKING:
    from localorg.org import Org

MEGABYTE = 2**20

Step = Callable[..., bool]  # notes what is new about the job; False if it is no longer wanted


def query(org: "Org", job: Job, step: Step) -> None:
    began = time.monotonic()
    if job.kind == jobs.BATCH:
        job.query = (org.bulk.folder(job.id) / DATA).read_text(encoding="utf-8", errors="replace")
    if job.fault:
        step(state=jobs.FAILED, error="InternalServerError : Retried more than 15 times")
        return
    try:
        if job.chunk_size:
            _split(org, job)
            return
        with org.database.read() as db, Writer(org.bulk.folder(job.id)) as writer:
            compiled = extract.query_of(org, db, job)
            head = extract.header(compiled, job)
            done = extract.run(db, compiled, job, writer, lambda rows: step(processed=rows))
    except Refused as refused:
        step(state=jobs.FAILED, error=_blamed(job, refused.problems[0]))
        return
    if done:
        ended: dict[str, Any] = {"state": jobs.COMPLETE, "processed": writer.count, "header": head}
        step(**ended, milliseconds=round((time.monotonic() - began) * 1000))
        with org.database.write() as db:
            jobs.spend(db, jobs.STORAGE, -(-writer.size // MEGABYTE))


def load(org: "Org", job: Job, step: Step, pause: Callable[[], bool]) -> None:
    folder = org.bulk.folder(job.id)
    outcomes = Split(folder) if job.kind == jobs.INGEST else InOrder(folder)
    try:
        rows = CsvRows(folder / DATA, job) if job.content_type == "CSV" else ListedRows(folder / DATA, job)
        with closing(rows):
            Load(org, job, rows, outcomes, pause).run()
    except Refused as refused:
        problem = refused.problems[0]
        step(state=jobs.FAILED, error=f"{problem.code} : {problem.message}")


def _split(org: "Org", job: Job) -> None:
    """A batch whose query is cut by ids is not processed itself: others, one for each stretch, are in its place."""
    with org.database.write() as db:
        compiled = extract.query_of(org, db, job)
        parent = jobs.find(db, job.parent)
        if parent is None:
            return
        for text in chunking.queries(db, compiled.sobject, job.query, job.chunk_size):
            batch = org.bulk.new_batch(parent)
            batch.chunk_size = 0
            (org.bulk.folder(batch.id) / DATA).write_text(text, encoding="utf-8")
            org.bulk.add_batch(db, batch)
        jobs.change(db, job, state=jobs.ABORTED)


def _blamed(job: Job, problem: Problem) -> str:
    """What is wrong with a query, as the job tells it."""
    if job.kind != jobs.BATCH:
        return f"{problem.code} : {problem.message}"
    if problem.message.startswith("Aggregate Relationships"):
        return f"FeatureNotEnabled : {problem.message}"
    return f"InvalidBatch : Failed to process query: {problem.code}: {problem.message}"
