"""Runs a search: object by object, until enough is found."""

from collections.abc import Iterator
from typing import Any

from localorg.api.call import Call
from localorg.errors import refuse
from localorg.search import index, terms
from localorg.search.sosl import Search, Wanted
from localorg.soql import run
from localorg.soql.calendar import Calendar
from localorg.soql.compiled import Compiled

MOST = 2000  # records of one search

Json = dict[str, Any]


def records(call: Call, search: Search, calendar: Calendar) -> list[Json]:
    """What was found, in the order of the objects asked for. ``call.db`` must be free to write: the index may lag."""
    most = MOST if search.limit is None else min(search.limit, MOST)
    found: list[Json] = []
    for wanted in search.wanted or _everything(call):
        query = _prepared(call, wanted, calendar)
        found += _matching(call, query, search, most - len(found))
    return found


def _everything(call: Call) -> Iterator[Wanted]:
    return (Wanted(sobject.name) for sobject in index.searchable(call.schema))


def _prepared(call: Call, wanted: Wanted, calendar: Calendar) -> Compiled:
    sobject = call.schema.find(wanted.name)
    if sobject is not None and sobject not in index.searchable([sobject]):
        raise refuse("INVALID_TYPE", f"sObject type '{sobject.name}' is not searchable.")
    query = run.prepare(call.schema, wanted.soql, deleted=False, calendar=calendar)
    if query.aggregate or query.children:
        raise refuse("MALFORMED_SEARCH", "Aggregates and sub-queries are not supported in a search")
    return query


def _matching(call: Call, query: Compiled, search: Search, most: int) -> list[Json]:
    whole = call.org.schema[query.sobject.name]
    index.bring_up_to_date(call.db, whole)
    matches = terms.expression(call.db, whole, search.text)
    fields = " ".join(f'"{name}"' for name in index.columns(query.sobject, search.groups))
    if most <= 0 or not fields:
        return []
    limit = most if query.limit is None else min(query.limit, most)
    words = f"SELECT rowid FROM {index.table(whole)} WHERE {index.table(whole)} MATCH ?"
    sql = f"{query.rows_sql(f'{query.base}._n IN ({words})')} LIMIT ? OFFSET ?"
    match = f"{{{fields}}} : ({matches})"
    rows = run.execute(call.db, sql, [*query.params, match, limit, query.offset]).fetchall()
    return run.records(call.db, query, rows, call.rows_url)
