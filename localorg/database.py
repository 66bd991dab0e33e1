"""SQLite: one table per sObject with a real column per field; many readers, one writer at a time."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from localorg import clock
from localorg.rules import normal
from localorg.schema import Field, Schema, SObject
from localorg.soql import sqlite

# The org can be seeded again: losing the last seconds to a power cut is a fair price for speed.
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
    "PRAGMA mmap_size = 1073741824",
    "PRAGMA busy_timeout = 30000",
)
INDEXED = {"Email", "LastName", "Name", "Username", "SystemModstamp"}
NUMERIC = {"boolean": "INTEGER", "int": "INTEGER", "double": "REAL", "currency": "REAL", "percent": "REAL"}


def connect(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=512)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    # SQLite folds the case of ASCII only; queries use this where a letter beyond it is compared
    connection.create_function("fold", 1, lambda text: text and str(text).casefold(), deterministic=True)
    connection.create_function("match_key", 2, normal.key, deterministic=True)
    sqlite.teach(connection)
    connection.create_function("org_now", 0, lambda: clock.stored(clock.now()))
    return connection


class Database:
    def __init__(self, path: Path, schema: Schema, more_indexes: tuple[str, ...] = ()) -> None:
        self.path = path
        self.schema = schema
        self.more_indexes = more_indexes
        self._writing = threading.RLock()
        self._local = threading.local()
        self._writer = connect(path)
        self.version = 0  # grows with every commit

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A snapshot: what others commit meanwhile is not seen."""
        connection = self._reader()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            connection.execute("COMMIT")

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The one transaction that may write; rolled back when it raises."""
        with self._writing:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")
            self.version += 1

    def create_tables(self) -> None:
        """Make what is missing: a data folder of an older version gets the new fields, empty."""
        with self.write() as db:
            for sobject in self.schema:
                db.execute(table_ddl(sobject))
                known = {row[1] for row in db.execute(f'PRAGMA table_info("{sobject.name}")')}
                for name in sobject.columns:
                    if name not in known:
                        db.execute(f'ALTER TABLE "{sobject.name}" ADD COLUMN {column_ddl(sobject.fields[name])}')

    def create_indexes(self) -> None:
        with self.write() as db:
            for sobject in self.schema:
                for statement in index_ddl(sobject):
                    db.execute(statement)
            for statement in self.more_indexes:
                db.execute(statement)

    def snapshot(self, target: Path) -> None:
        """Keep a copy of everything, to come back to."""
        target.unlink(missing_ok=True)
        with self._writing:
            self._writer.execute("VACUUM INTO ?", (str(target),))

    def restore(self, source: Path) -> None:
        """Put the kept copy back in place of what there is."""
        kept = sqlite3.connect(source)
        with self._writing:
            kept.backup(self._writer)
            self.version += 1
        kept.close()

    def is_empty(self) -> bool:
        return self._writer.execute("SELECT 1 FROM Organization").fetchone() is None

    def close(self) -> None:
        with self._writing:
            self._writer.close()

    def _reader(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self.path)
        return connection


@contextmanager
def savepoint(db: sqlite3.Connection) -> Iterator[None]:
    """Undo what the block wrote if it raises, and only that."""
    db.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK TO part")
        raise
    finally:
        db.execute("RELEASE part")


def table_ddl(sobject: SObject) -> str:
    columns = ", ".join(column_ddl(sobject.fields[name]) for name in sobject.columns)
    return f'CREATE TABLE IF NOT EXISTS "{sobject.name}" (_n INTEGER PRIMARY KEY AUTOINCREMENT, {columns})'


def column_ddl(field: Field) -> str:
    if field.type in NUMERIC:
        default = " NOT NULL DEFAULT 0" if field.type == "boolean" else ""
        return f'"{field.name}" {NUMERIC[field.type]}{default}'
    exact = field.type in {"id", "reference", "date", "datetime"} or field.case_sensitive
    return f'"{field.name}" TEXT' + ("" if exact else " COLLATE NOCASE")


def index_ddl(sobject: SObject) -> Iterator[str]:
    yield f'CREATE UNIQUE INDEX IF NOT EXISTS "{sobject.name}_Id" ON "{sobject.name}" ("Id")'
    if sobject.has("IsDeleted"):
        # what nearly every query asks for, told without a look at the rows: totals and locators of whole objects
        yield f'CREATE INDEX IF NOT EXISTS "{sobject.name}_kept" ON "{sobject.name}" (_n) WHERE NOT "IsDeleted"'
    for name in sobject.columns:
        if _is_indexed(sobject.fields[name]):
            columns = f'"{name}", "Id"' if name == "SystemModstamp" else f'"{name}"'
            # most lookups and external ids are empty: an index of the others is small and always worth using
            filled = f' WHERE "{name}" IS NOT NULL' if sobject.fields[name].nillable else ""
            yield f'CREATE INDEX IF NOT EXISTS "{sobject.name}_{name}" ON "{sobject.name}" ({columns}){filled}'


def _is_indexed(field: Field) -> bool:
    audit = field.name in {"CreatedById", "LastModifiedById"}
    return (field.type == "reference" and not audit) or field.external_id or field.unique or field.name in INDEXED
