"""Databases as released versions left them, kept beside this file in ``releases``: 0.1.0.sql.gz and those after it.

``make release`` writes the one of the version in pyproject.toml; once a version is out, its file stays as it is.
"""

import gzip
import json
import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.db import connection as database
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from tests.salesforce_org import ROOT

FOLDER = Path(__file__).with_name("releases")
KEPT = sorted(path.name.removesuffix(".sql.gz") for path in FOLDER.glob("*.sql.gz"))
TOKEN_KEY = "cmVsZWFzZWQtcmVsZWFzZWQtcmVsZWFzZWQtcmVsZWE="  # of secrets in these files, which are nobody's
# psql's own commands, and what only the newest servers know.
NOT_FOR_ALL = re.compile(r"^(\\|SET transaction_timeout\b).*\n", re.M)
SCHEMA = """
SELECT 'column', c.table_name, c.column_name, c.udt_name, c.character_maximum_length::text, c.is_nullable,
    coalesce(c.column_default, c.generation_expression, c.identity_generation)
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'
UNION ALL SELECT 'index', tablename, indexname, indexdef, '', '', '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', ''
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'n' AND conrelid <> 0
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), '', '', ''
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'function', proname, prosrc, '', '', '', ''
FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""
MOMENTS = """
SELECT table_name, array_agg(column_name::text)
FROM information_schema.columns JOIN information_schema.tables t USING (table_schema, table_name)
WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE'
AND udt_name = 'timestamptz' AND is_generated = 'NEVER'
GROUP BY table_name
"""

Row = tuple[str, ...]
Contents = dict[str, dict[str, dict[str, object]]]  # rows by table and key


def version() -> str:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def keep(dumped: str) -> Path:
    """Write what pg_dump says of a database to the file of this version."""
    path = FOLDER / f"{version()}.sql.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(NOT_FOR_ALL.sub("", dumped).encode(), mtime=0))
    return path


@contextmanager
def restored(release: str) -> Iterator[None]:
    """Django works on a database as that version left it."""
    with new_database(f"released_{os.getpid()}") as address:
        with psycopg.connect(address, autocommit=True) as rows:
            rows.execute(gzip.decompress((FOLDER / f"{release}.sql.gz").read_bytes()))
        with working_on(urlsplit(address).path[1:]):
            yield


@contextmanager
def new_database(name: str) -> Iterator[str]:
    """The address of an empty one."""
    address = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(address._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield address._replace(path=f"/{name}").geturl()
        finally:
            server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def working_on(name: str) -> Iterator[None]:
    before = database.settings_dict["NAME"]
    database.close()
    database.settings_dict["NAME"] = name
    try:
        yield
    finally:
        database.close()
        database.settings_dict["NAME"] = before


def schema() -> set[Row]:
    """Everything that migrations make: columns, indexes, constraints, triggers, functions."""
    with database.cursor() as cursor:
        cursor.execute(SCHEMA)
        return set(cursor.fetchall())


def contents() -> Contents:
    """Every row of every table, by its key."""
    with database.cursor() as cursor:
        return {table: _rows(cursor, table) for table in database.introspection.table_names(cursor)}


def set_back(days: int) -> None:
    """Every moment is so much longer ago: what is kept today is read for years."""
    with database.cursor() as cursor:
        cursor.execute(MOMENTS)
        changes = [
            sql.SQL("UPDATE {} SET {}").format(
                sql.Identifier(table),
                sql.SQL(", ").join(sql.SQL("{0} = {0} - %(by)s").format(sql.Identifier(name)) for name in names),
            )
            for table, names in cursor.fetchall()
        ]
        cursor.execute("SET session_replication_role = replica")  # as in the backup of that day: no trigger sees it
        for change in changes:
            cursor.execute(change, {"by": timedelta(days=days)})
        cursor.execute("RESET session_replication_role")


def _rows(cursor: CursorWrapper, table: str) -> dict[str, dict[str, object]]:
    key = str(database.introspection.get_primary_key_column(cursor, table))
    cursor.execute(sql.SQL("SELECT {}::text, to_jsonb(t)::text FROM {} t").format(*map(sql.Identifier, (key, table))))
    return {key: json.loads(row) for key, row in cursor.fetchall()}
