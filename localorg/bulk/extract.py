"""Runs a query: from the tables into a file, as many rows as there are, in memory that does not grow."""

import sqlite3
from collections.abc import Callable, Iterator
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING

from localorg.bulk import columns, jobs
from localorg.bulk.classic import records
from localorg.bulk.jobs import Job
from localorg.bulk.refusals import V2, prepared
from localorg.bulk.results import Writer
from localorg.errors import refuse
from localorg.soql.compile import Compiled, Output

if TYPE_CHECKING:
    from localorg.org import Org

ROWS = 1_000  # written at a time
CHECKED = 50_000  # rows after which the job is asked whether it is still wanted
ORDERED_SINCE = 50.0  # the version since which columns come in the order of SELECT


def query_of(org: "Org", db: sqlite3.Connection, job: Job) -> Compiled:
    """Raises Refused for a query that a bulk job does not run, or not any more."""
    schema = org.schema_for(db, job.user_id)
    if schema is None:
        raise refuse("InvalidUser", "The user of the job is not active.")
    where = f"Bulk Query with {job.content_type} content type" if job.kind == jobs.BATCH else V2
    return prepared(schema, job.query, job.operation == "queryAll", where)


def run(db: sqlite3.Connection, query: Compiled, job: Job, writer: Writer, wanted: Callable[[int], bool]) -> bool:
    """Write all rows. ``wanted`` is told now and then how many; it is False, and so is this, for a job that ended."""
    lines = _csv(db, query, job) if job.content_type == "CSV" else records.lines(db, query, job)
    checked = 0
    while some := list(islice(lines, ROWS)):
        writer.write(some)
        if writer.count - checked >= CHECKED:
            checked = writer.count
            if not wanted(checked):
                return False
    return True


def header(query: Compiled, job: Job) -> str:
    """The first line of the results; only CSV has one."""
    if job.content_type != "CSV":
        return ""
    names = (f'"{output.name}"' for output in _arranged(query.outputs, job.version))
    return columns.SEPARATORS[job.delimiter].join(names) + columns.ENDINGS[job.line_ending]


def _csv(db: sqlite3.Connection, query: Compiled, job: Job) -> Iterator[bytes]:
    columns.teach(db)
    separator, ending = columns.SEPARATORS[job.delimiter], columns.ENDINGS[job.line_ending]
    sql, params = columns.lines_sql(query, _arranged(query.outputs, job.version), separator, ending)
    return map(itemgetter(0), db.execute(sql, params))


def _arranged(outputs: list[Output], version: str) -> list[Output]:
    """The columns as this version of the API orders them."""
    if float(version) >= ORDERED_SINCE:
        return outputs
    return sorted(outputs, key=lambda output: output.name.lower())
