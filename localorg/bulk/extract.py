"""Runs a query job: from the tables into a file, as many rows as there are, in memory that does not grow."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from localorg.bulk import columns, results
from localorg.bulk.jobs import Job
from localorg.bulk.refusals import prepared
from localorg.errors import refuse
from localorg.soql.compile import Output

if TYPE_CHECKING:
    import sqlite3

    from localorg.org import Org

ROWS = 1_000  # fetched and written at a time
CHECKED = 50_000  # rows after which the job is asked whether it is still wanted
ORDERED_SINCE = 50.0  # the version since which columns come in the order of SELECT

Going = Callable[[int], bool]  # told how many rows are done; False: the job ends here


def run(org: "Org", job: Job, writer: results.Writer, going: Going) -> bool:
    """False if the job was ended before it was done. Raises Refused for a query that no longer works."""
    with org.database.read() as db:
        rows = _rows(org, db, job)
        checked = 0
        while chunk := rows.fetchmany(ROWS):
            writer.write([row[0] for row in chunk])
            if writer.count - checked >= CHECKED:
                checked = writer.count
                if not going(checked):
                    return False
    return going(writer.count)


def _rows(org: "Org", db: "sqlite3.Connection", job: Job) -> "sqlite3.Cursor":
    schema = org.schema_for(db, job.user_id)
    if schema is None:
        raise refuse("INVALIDUSER", "The user of the job is not active.")
    query = prepared(schema, job.query, job.operation == "queryAll")
    columns.teach(db)
    sql, params = columns.lines_sql(
        query, arranged(query.outputs, job.version), columns.SEPARATORS[job.delimiter], columns.ENDINGS[job.line_ending]
    )
    return db.execute(sql, params)


def arranged(outputs: list[Output], version: str) -> list[Output]:
    """The columns as this version of the API orders them."""
    if float(version) >= ORDERED_SINCE:
        return outputs
    return sorted(outputs, key=lambda output: output.name.lower())
