"""Runs compiled queries: pages, totals, children, aggregates."""

import sqlite3
from array import array
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from localorg.errors import refuse
from localorg.schema import Schema
from localorg.soql import restrictions
from localorg.soql.compile import MOST_AGGREGATE_ROWS, Compiled, compile_query
from localorg.soql.parse import parse
from localorg.soql.shape import Record, builder

Numbers = Sequence[int]


def prepare(schema: Schema, text: str, deleted: bool) -> Compiled:
    """A query ready to run. Raises Refused."""
    try:
        query = parse(text)
        restrictions.check(schema, query)
        return compile_query(schema, query, text, deleted)
    except RecursionError:
        raise refuse(
            "QUERY_TOO_COMPLICATED",
            "Query is either selecting too many fields or the filter conditions are too complicated.",
        ) from None


def count(db: sqlite3.Connection, query: Compiled) -> int:
    """How many rows match, after OFFSET and LIMIT."""
    matching: int = db.execute(query.count_sql(), query.params).fetchone()[0]
    found = max(0, matching - query.offset)
    return found if query.limit is None else min(found, query.limit)


def first_rows(db: sqlite3.Connection, query: Compiled, most: int) -> list[Sequence[Any]]:
    """The first rows, one more than ``most`` when there are more."""
    limit = most + 1 if query.limit is None else min(query.limit, most + 1)
    return db.execute(f"{query.rows_sql()} LIMIT ? OFFSET ?", [*query.params, limit, query.offset]).fetchall()


def numbers(db: sqlite3.Connection, query: Compiled) -> Numbers:
    """The row numbers of the whole result, in its order: what a query locator remembers."""
    limit = -1 if query.limit is None else query.limit
    rows = db.execute(f"{query.numbers_sql()} LIMIT ? OFFSET ?", [*query.params, limit, query.offset])
    return array("q", (row[0] for row in rows))


def rows_of(db: sqlite3.Connection, query: Compiled, wanted: Sequence[int]) -> list[Sequence[Any]]:
    """Rows by their numbers, in that order. Rows erased meanwhile are left out."""
    columns = ", ".join(query.selects)
    sql = f"SELECT {columns} FROM {query.from_sql} WHERE {query.base}._n IN (SELECT value FROM json_each(?))"
    found = {row[0]: row for row in db.execute(sql, (orjson.dumps(list(wanted)),))}
    return [found[number] for number in wanted if number in found]


def records(db: sqlite3.Connection, query: Compiled, rows: Sequence[Sequence[Any]], base: str) -> list[Record]:
    """The JSON records of rows; ``base``: path of sObject rows in the caller's version."""
    build = builder(query.node, base)
    built = [build(row) for row in rows]
    found = [record for record in built if record is not None]
    for name, child in query.children.items():
        _attach(db, name, child, found, rows, base)
    return found


def _attach(
    db: sqlite3.Connection, name: str, child: Compiled, found: list[Record], rows: Sequence[Sequence[Any]], base: str
) -> None:
    groups = _children(db, child, [row[1] for row in rows], base)
    for record, row in zip(found, rows, strict=True):
        children = groups.get(row[1], [])[child.offset :]
        children = children if child.limit is None else children[: child.limit]
        record[name] = {"totalSize": len(children), "done": True, "records": children} if children else None


def _children(db: sqlite3.Connection, child: Compiled, parents: list[str], base: str) -> dict[str, list[Record]]:
    key = child.selects[child.parent_key]
    sql = child.rows_sql(f"{key} IN (SELECT value FROM json_each(?))")
    rows = db.execute(sql, [*child.params, orjson.dumps(parents)]).fetchall()
    groups: dict[str, list[Record]] = {}
    for record, row in zip(records(db, child, rows, base), rows, strict=True):
        groups.setdefault(row[child.parent_key], []).append(record)
    return groups


def aggregates(db: sqlite3.Connection, query: Compiled) -> list[Record]:
    """All rows of a grouped query; there is no second page of it."""
    limit = MOST_AGGREGATE_ROWS + 1 if query.limit is None else query.limit
    params = [*query.params, *query.tail_params, limit, query.offset]
    rows = db.execute(f"{query.rows_sql()} LIMIT ? OFFSET ?", params).fetchall()
    if len(rows) > MOST_AGGREGATE_ROWS:
        message = "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a single batch"
        raise refuse("EXCEEDED_ID_LIMIT", message)
    return [_aggregate(query, row) for row in rows]


def _aggregate(query: Compiled, row: Iterable[Any]) -> Record:
    record: Record = {"attributes": {"type": "AggregateResult"}}
    for name, value in zip(query.names, row, strict=True):
        record[name] = bool(value) if name in query.booleans and value is not None else value
    return record
