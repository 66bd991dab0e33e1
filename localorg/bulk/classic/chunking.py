"""PK chunking: one query becomes several, each over a stretch of ids."""

import re
import sqlite3
from collections.abc import Iterator

from localorg import ids
from localorg.errors import refuse
from localorg.schema import SObject
from localorg.soql.parse import parse

DEFAULT_SIZE, MOST = 100_000, 250_000

_SIZE = re.compile(r"chunkSize\s*=\s*(\d+)", re.I)
_WORD = re.compile(r"'(?:[^'\\]|\\.)*'|\bwhere\b", re.I)


def size_of(header: str) -> int:
    """The stretch that the header Sforce-Enable-PKChunking asks for; 0 for none. Raises Refused."""
    if not header or header.split(";", maxsplit=1)[0].strip().lower() == "false":
        return 0
    found = _SIZE.search(header)
    size = int(found[1][:9]) if found else DEFAULT_SIZE
    if not 1 <= size <= MOST:
        raise refuse("InvalidJob", f"PK chunking: the chunk size must be from 1 to {MOST}, not {size}")
    return size


def queries(db: sqlite3.Connection, sobject: SObject, text: str, size: int) -> Iterator[str]:
    """The query for each stretch of ids. Raises Refused for one that cannot be cut."""
    tree = parse(text)
    if tree.order or tree.limit is not None:
        raise refuse("InvalidBatch", "PK chunking works only with queries that have no conditions other than WHERE")
    first, last = db.execute(f'SELECT min(_n), max(_n) FROM "{sobject.name}"').fetchone()
    for start in range(first or 1, (last or 0) + 1, size):
        below, above = (sobject.record_id(number)[: ids.SHORT] for number in (start, start + size))
        yield _between(text, f"Id >= '{below}' AND Id < '{above}'")


def _between(text: str, condition: str) -> str:
    where = next((found for found in _WORD.finditer(text) if not found[0].startswith("'")), None)
    if where is None:
        return f"{text.rstrip()} WHERE {condition}"
    return f"{text[: where.end()]} ({text[where.end() :].strip()}) AND {condition}"
