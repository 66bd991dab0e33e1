"""What many tests begin with, a connected workspace, put into the database without connecting.

To connect, pull everything and turn deals on takes 29 calls of the org and most of a second, before each of several
hundred tests. So each process does it once, as a person and the worker would, in a transaction that is rolled back, and
keeps the rows that came of it; a test copies them in, which takes thirty milliseconds (the fixtures ``connection``,
``synced`` and ``with_deals``). The rows say what was then: a test that is about connecting itself, about what was there
before, or about how long ago it was, is marked ``connected_anew``. Tests that commit or have an org of their own
connect themselves anyway.

The database's user must be a superuser, as that of the tests' own PostgreSQL is.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from psycopg import sql

DELETE = sql.SQL("DELETE FROM {} WHERE {}::text = ANY(%s)")
Rows = dict[str, bytes]  # as COPY writes them, by the first column, which is the primary key


@dataclass(frozen=True)
class State:
    """What a step wrote, by table: rows that are new or changed, and the keys of those that are changed or gone."""

    rows: dict[str, list[bytes]]
    gone: dict[str, list[str]]

    def lay_in(self) -> None:
        """Triggers and foreign keys rest meanwhile: what they did for the step is in the rows."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            for table, keys in self.gone.items():
                cursor.execute(DELETE.format(sql.Identifier(table), sql.Identifier(_key(cursor, table))), [keys])
            for table, rows in self.rows.items():
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    copy.write(b"".join(rows))
            cursor.execute("SET LOCAL session_replication_role = origin")  # the test may be inside of a transaction


def recorded(make: Callable[[], object]) -> State:
    """Do something, and keep what it did to the database."""
    before = _everything()
    make()
    after = _everything()
    rows = {table: [row for key, row in rows.items() if before[table].get(key) != row] for table, rows in after.items()}
    gone = {table: [key for key, row in rows.items() if after[table].get(key) != row] for table, rows in before.items()}
    return State(
        {table: some for table, some in rows.items() if some}, {table: some for table, some in gone.items() if some}
    )


def _everything() -> dict[str, Rows]:
    with connection.cursor() as cursor:
        return {table: _rows(cursor, table) for table in connection.introspection.table_names(cursor)}


def _key(cursor: CursorWrapper, table: str) -> str:
    return str(connection.introspection.get_primary_key_column(cursor, table))


def _rows(cursor: CursorWrapper, table: str) -> Rows:
    with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        lines = b"".join(copy).splitlines(keepends=True)
    return {line.split(b"\t", 1)[0].strip().decode(): line for line in lines}
