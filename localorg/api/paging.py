"""Results page by page: at most 2,000 rows a page, children counted, and the rest by locators."""

import re
from collections.abc import Iterator
from typing import Any

from localorg.api.call import Call
from localorg.cursors import Cursor
from localorg.soql import run
from localorg.soql.compiled import Compiled
from localorg.soql.run import Numbers, Record, Rest

PAGE, SMALLEST_PAGE = 2000, 200
MOST_CHILDREN = 500  # of one parent, which counts itself: 499, as recorded from real orgs; and 199 of wide ones
AT_ONCE = 200  # parents whose children are read together

Json = dict[str, Any]

_BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)", re.I)


def first(call: Call, query: Compiled) -> Json:
    """The first page of a result, which mostly is all of it."""
    size = page_size(call, query)
    rows = None
    if not query.children and "reorder_page" not in call.fired:
        rows = run.first_rows(call.db, query, size)
        if len(rows) <= size and "duplicate_page" not in call.fired:
            return whole(run.records(call.db, query, rows, call.rows_url))
    cursor = call.org.cursors.make(query, run.numbers(call.db, query), size, call.session.user_id)
    return following(call, cursor, 0, rows[:size] if rows else None)


def following(call: Call, cursor: Cursor, offset: int, rows: Any = None) -> Json:
    """The page that begins at ``offset``; fields are read as they are now."""
    if rule := call.fired.get("reorder_page"):
        cursor.shuffle(offset, rule.random)
    records, end = _read(call, cursor, offset, rows)
    page: Json = {"totalSize": len(cursor.numbers), "done": end >= len(cursor.numbers)}
    if "duplicate_page" in call.fired:
        page["done"], end = False, offset
    if not page["done"]:
        page["nextRecordsUrl"] = _locator(call, cursor, end)
    return page | {"records": records}


def whole(records: list[Any]) -> Json:
    return {"totalSize": len(records), "done": True, "records": records}


def page_size(call: Call, query: Compiled) -> int:
    found = _BATCH_SIZE.search(call.headers.get("sforce-query-options", ""))
    if query.is_wide:
        return SMALLEST_PAGE
    return min(max(int(found[1][:9]), SMALLEST_PAGE), PAGE) if found else PAGE


def _read(call: Call, cursor: Cursor, offset: int, rows: Any) -> tuple[list[Record], int]:
    """The records of a page, and where the next one begins."""
    if cursor.query.children:
        return _families(call, cursor, offset)
    numbers = cursor.numbers[offset : offset + cursor.size]
    found = run.rows_of(call.db, cursor.query, numbers) if rows is None else rows
    return run.records(call.db, cursor.query, found, call.rows_url), offset + len(numbers)


def _families(call: Call, cursor: Cursor, offset: int) -> tuple[list[Record], int]:
    """Parents with their children, until there are as many rows as a page holds."""
    records: list[Record] = []
    count = 0
    for record in _parents(call, cursor, cursor.numbers[offset:]):
        if count >= cursor.size:
            break
        records.append(record)
        count += 1 + sum(len(child["records"]) for child in _children(cursor.query, record))
        _open_rests(call, cursor.query, record)
    return records, offset + len(records)


def _parents(call: Call, cursor: Cursor, numbers: Numbers) -> Iterator[Record]:
    most = min(cursor.size, MOST_CHILDREN) - 1
    for start in range(0, len(numbers), AT_ONCE):
        rows = run.rows_of(call.db, cursor.query, numbers[start : start + AT_ONCE])
        yield from run.records(call.db, cursor.query, rows, call.rows_url, most)


def _children(query: Compiled, record: Record) -> Iterator[Json]:
    return (record[name] for name in query.children if record[name] is not None)


def _open_rests(call: Call, query: Compiled, record: Record) -> None:
    """Give the children beyond the first ones, and those of their own, a locator."""
    for name, child in query.children.items():
        found = record[name]
        if found is None:
            continue
        rest = found.get("nextRecordsUrl")
        if isinstance(rest, Rest):
            cursor = call.org.cursors.make(child, rest.numbers, PAGE, call.session.user_id)
            found["nextRecordsUrl"] = _locator(call, cursor, len(found["records"]))
        for inner in found["records"] if child.children else ():
            _open_rests(call, child, inner)


def _locator(call: Call, cursor: Cursor, offset: int) -> str:
    call.org.cursors.keep(cursor)
    return f"{call.data_url}/query/{cursor.id}-{offset}"
