"""What somebody may do with certain records: UserRecordAccess, whose rows are worked out for each query."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from localorg import ids
from localorg.access.access import Access
from localorg.access.sharing import Level
from localorg.access.views import Views
from localorg.database import table_ddl
from localorg.errors import refuse
from localorg.schema import Schema
from localorg.soql.tree import Chain, Compare, Path, Within

NAME = "UserRecordAccess"
LEVELS: tuple[Level, ...] = ("read", "edit", "delete", "transfer")
COLUMNS = ("HasReadAccess", "HasEditAccess", "HasDeleteAccess", "HasTransferAccess")
MOST_RECORDS = 200

Row = tuple[Any, ...]


@contextmanager
def filled(db: sqlite3.Connection, views: Views, where: Any) -> Iterator[None]:
    """While it lasts, this connection has rows for the user and the records that the condition names.

    Raises Refused for a condition that does not name them.
    """
    user_id, record_ids = _named(where)
    view = views.of(db, user_id)
    # a temporary table hides the one of the same name, which is always empty; nor may its counter hide the others'
    ddl = table_ddl(views.schema[NAME]).replace("CREATE TABLE", "CREATE TEMP TABLE", 1)
    db.execute(ddl.replace(" AUTOINCREMENT", ""))
    columns = ", ".join(
        f'"{name}"' for name in ("Id", "UserId", "RecordId", *COLUMNS, "HasAllAccess", "MaxAccessLevel")
    )
    if view is not None and view.access is not None:
        rows = _rows(db, views.schema, view.access, record_ids)
        db.executemany(f'INSERT INTO temp."{NAME}" ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', rows)
    try:
        yield
    finally:
        db.execute(f'DROP TABLE temp."{NAME}"')


def _rows(db: sqlite3.Connection, schema: Schema, access: Access, record_ids: Sequence[str]) -> Iterator[Row]:
    """One a record that there is."""
    for record_id in dict.fromkeys(record_ids):
        sobject = schema.of_id(record_id)
        if sobject and db.execute(f'SELECT 1 FROM "{sobject.name}" WHERE "Id" = ?', (record_id,)).fetchone():
            reached = [access.reaches(db, sobject, record_id, level) for level in LEVELS]
            most = next(
                (level for level, is_reached in zip(LEVELS[::-1], reached[::-1], strict=True) if is_reached), "none"
            )
            yield record_id, access.user_id, record_id, *reached, all(reached), "All" if all(reached) else most.title()


def _named(where: Any) -> tuple[str, list[str]]:
    conditions = where.parts if isinstance(where, Chain) and where.operator == "AND" else (where,)
    found: dict[str, list[str]] = {}
    for condition in conditions:
        match condition:
            case Compare(Path((name,)), "=", value):
                found[name.lower()] = [value.text.strip("'")]
            case Within(Path((name,)), "IN", values):
                found[name.lower()] = [value.text.strip("'") for value in values]
    users, records = found.get("userid", []), found.get("recordid", [])
    if len(users) != 1 or not records:
        raise refuse("MALFORMED_QUERY", f"{NAME} must be filtered by one UserId and by RecordId")
    if len(records) > MOST_RECORDS:
        raise refuse("EXCEEDED_ID_LIMIT", f"{NAME} can be asked about at most {MOST_RECORDS} records")
    return ids.parse(users[0]) or "", [parsed for text in records if (parsed := ids.parse(text))]
