"""Asks for records in SOQL, so that pages show what the API would show the same person."""

import re
from collections.abc import Sequence
from typing import Any

from localorg.pages.visit import Visit
from localorg.soql import run

Record = dict[str, Any]

_ESCAPED = re.compile(r"[\\']")
_WILD = re.compile(r"[\\'%_]")


def records(visit: Visit, soql: str, *, most: int, offset: int = 0, deleted: bool = False) -> list[Record]:
    """Up to ``most`` records from the ``offset``-th on. ``deleted``: with those in the recycle bin."""
    with visit.reading() as db:
        query = run.prepare(visit.schema, soql, deleted)
        query.offset = offset  # pages of people go on where OFFSET of the API ends
        rows = run.first_rows(db, query, most)[:most]
        return run.records(db, query, rows, "/")


def count(visit: Visit, source: str, where: str = "") -> int:
    with visit.reading() as db:
        query = run.prepare(visit.schema, f"SELECT COUNT() FROM {source}{_where(where)}", deleted=False)
        return run.count(db, query)


def select(names: Sequence[str], source: str, where: str = "", order: str = "") -> str:
    columns = ", ".join(dict.fromkeys(["Id", *names]))
    return f"SELECT {columns} FROM {source}{_where(where)}{f' ORDER BY {order}' if order else ''}"


def quoted(text: str) -> str:
    return "'" + _ESCAPED.sub(lambda found: f"\\{found[0]}", _printable(text)) + "'"


def containing(text: str) -> str:
    """A pattern for LIKE."""
    return "'%" + _WILD.sub(lambda found: f"\\{found[0]}", _printable(text)) + "%'"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _where(condition: str) -> str:
    return f" WHERE {condition}" if condition else ""
