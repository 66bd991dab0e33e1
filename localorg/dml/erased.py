"""What is gone for good, told by getDeleted all the same: whoever copies an org must hear of it."""

import sqlite3

from localorg.schema import Schema


def watch(db: sqlite3.Connection, schema: Schema) -> None:
    """Let the tables themselves note what is erased from them, whoever does it."""
    for sobject in schema:
        if sobject.can("delete") and sobject.has("SystemModstamp"):
            in_bin = 'old."IsDeleted"' if sobject.has("IsDeleted") else "0"
            moment = f'CASE WHEN {in_bin} THEN old."SystemModstamp" ELSE org_now() END'
            note = f"INSERT OR REPLACE INTO _erased VALUES (old.\"Id\", '{sobject.name}', {moment})"
            name = f'"_erased_{sobject.name}"'
            db.execute(f'CREATE TRIGGER IF NOT EXISTS {name} AFTER DELETE ON "{sobject.name}" BEGIN {note}; END')
