"""Runs compiled queries: pages, totals, children, aggregates."""

import re
import sqlite3
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from localorg.errors import Refused, refuse
from localorg.schema import Schema
from localorg.soql import restrictions
from localorg.soql.calendar import GMT, Calendar
from localorg.soql.compile import compile_query
from localorg.soql.compiled import Compiled, Groups
from localorg.soql.parse import parse
from localorg.soql.shape import Record, builder

MOST_AGGREGATE_ROWS = 2000

WIDE_MOST = 199  # children of a parent on its page, when their rows are long

_BEYOND = re.compile(r"too (?:large|many|big|complex)|parser stack overflow|at most \d+ tables", re.I)

Numbers = Sequence[int]
Row = Sequence[Any]


def prepare(schema: Schema, text: str, deleted: bool, calendar: Calendar = GMT) -> Compiled:
    """A query ready to run. Raises Refused."""
    try:
        query = parse(text)
        restrictions.check(schema, query)
        return compile_query(schema, query, text, deleted, calendar)
    except RecursionError:
        raise too_complicated() from None


def too_complicated() -> Refused:
    message = "Query is either selecting too many fields or the filter conditions are too complicated."
    return refuse("QUERY_TOO_COMPLICATED", message)


def execute(db: sqlite3.Connection, sql: str, params: Sequence[Any]) -> sqlite3.Cursor:
    """Run a statement made of a query. Raises Refused for one that is beyond SQLite."""
    try:
        return db.execute(sql, params)
    except sqlite3.OperationalError as error:
        if _BEYOND.search(str(error)):
            raise too_complicated() from None
        raise


def count(db: sqlite3.Connection, query: Compiled) -> int:
    """How many rows match, after OFFSET and LIMIT."""
    matching: int = execute(db, query.count_sql(), query.params).fetchone()[0]
    found = max(0, matching - query.offset)
    return found if query.limit is None else min(found, query.limit)


def first_rows(db: sqlite3.Connection, query: Compiled, most: int) -> list[Row]:
    """The first rows, one more than ``most`` when there are more."""
    limit = most + 1 if query.limit is None else min(query.limit, most + 1)
    return execute(db, f"{query.rows_sql()} LIMIT ? OFFSET ?", [*query.params, limit, query.offset]).fetchall()


def numbers(db: sqlite3.Connection, query: Compiled) -> Numbers:
    """The row numbers of the whole result, in its order: what a query locator remembers."""
    limit = -1 if query.limit is None else query.limit
    rows = execute(db, f"{query.numbers_sql()} LIMIT ? OFFSET ?", [*query.params, limit, query.offset])
    return array("q", (row[0] for row in rows))


def rows_of(db: sqlite3.Connection, query: Compiled, wanted: Sequence[int]) -> list[Row]:
    """Rows by their numbers, in that order. Rows erased meanwhile are left out."""
    columns = ", ".join(query.selects)
    sql = f"SELECT {columns} FROM {query.from_sql} WHERE {query.base}._n IN (SELECT value FROM json_each(?))"
    found = {row[0]: row for row in db.execute(sql, (orjson.dumps(list(wanted)),))}
    return [found[number] for number in wanted if number in found]


@dataclass(frozen=True, slots=True)
class Rest:
    """Stands for the locator of children that did not fit: all of them, the shown ones first."""

    numbers: Numbers


def records(
    db: sqlite3.Connection, query: Compiled, rows: Sequence[Row], base: str, most: int | None = None
) -> list[Record]:
    """The JSON records of rows; ``base``: path of sObject rows in the caller's version.

    With ``most`` a parent shows no more children than that, and a Rest in place of their nextRecordsUrl.
    """
    build = builder(query.node, base)
    built = [build(row) for row in rows]
    found = [record for record in built if record is not None]
    for name, child in query.children.items():
        groups = _children(db, child, [row[1] for row in rows])
        limit = min(most, WIDE_MOST) if most and child.is_wide else most
        shown = [row for group in groups.values() for row in group[:limit]]
        children = iter(records(db, child, shown, base, most))
        for record, row in zip(found, rows, strict=True):
            group = groups.get(row[1], [])
            record[name] = _told(group, list(islice(children, len(group[:limit])))) if group else None
    return found


def _told(group: Sequence[Row], shown: list[Record]) -> Record:
    if len(shown) == len(group):
        return {"totalSize": len(group), "done": True, "records": shown}
    rest = Rest(array("q", (row[0] for row in group)))
    return {"totalSize": len(group), "done": False, "nextRecordsUrl": rest, "records": shown}


def _children(db: sqlite3.Connection, child: Compiled, parents: list[str]) -> dict[str, Sequence[Row]]:
    """The rows of a sub-query by parent, in the order of the parents."""
    key = child.selects[child.parent_key]
    sql = child.rows_sql(f"{key} IN (SELECT value FROM json_each(?))")
    groups: dict[str, list[Row]] = {parent: [] for parent in parents}
    for row in execute(db, sql, [*child.params, orjson.dumps(parents)]):
        groups[row[child.parent_key]].append(row)
    end = None if child.limit is None else child.offset + child.limit
    return {parent: group[child.offset : end] for parent, group in groups.items()}


def aggregates(db: sqlite3.Connection, query: Compiled) -> list[Record]:
    """All rows of a grouped query; there is no second page of it."""
    groups = query.groups
    assert groups is not None
    limit = MOST_AGGREGATE_ROWS + 1 if query.limit is None else query.limit
    rows = execute(db, f"{groups.sql} LIMIT ? OFFSET ?", [*groups.params, limit, query.offset]).fetchall()
    if len(rows) > MOST_AGGREGATE_ROWS:
        message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
        raise refuse("EXCEEDED_ID_LIMIT", message)
    return [_aggregate(groups, row) for row in rows]


def _aggregate(groups: Groups, row: Sequence[Any]) -> Record:
    """A row may have more columns than names: those it was sorted by."""
    record: Record = {"attributes": {"type": "AggregateResult"}}
    for name, value in zip(groups.names, row, strict=False):
        record[name] = bool(value) if name in groups.booleans and value is not None else value
    return record
