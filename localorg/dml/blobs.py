"""Files, kept apart from the rows they belong to, so that reading a table does not read them."""

import sqlite3


def keep(db: sqlite3.Connection, record_id: str, content: bytes) -> None:
    db.execute("INSERT OR REPLACE INTO _blob VALUES (?, ?)", (record_id, content))


def read(db: sqlite3.Connection, record_id: str) -> bytes | None:
    found = db.execute("SELECT content FROM _blob WHERE id = ?", (record_id,)).fetchone()
    return found[0] if found else None


def drop(db: sqlite3.Connection, record_id: str) -> None:
    db.execute("DELETE FROM _blob WHERE id = ?", (record_id,))
