"""A database that has been migrated once, from which each run copies its own.

To migrate takes twenty seconds of each process, to copy takes less than one. The name is that of what the migrations
say, so that a changed one makes another; those before it are dropped.
"""

import hashlib
import os
import re
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

ROOT = Path(__file__).resolve().parent.parent
PREFIX = "migrated_"
MAKING = "migrating"
LOCK = 20_260_101  # any number: one process makes it, the others wait


def database() -> str:
    """The name of the migrated database, made if it is not there."""
    name = f"{PREFIX}{_digest()}"
    with psycopg.connect(_address("postgres"), autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # until the connection ends
        present = {row[0] for row in server.execute("SELECT datname FROM pg_database")}
        if name not in present:
            for old in present:
                if old.startswith((PREFIX, MAKING)):
                    with suppress(psycopg.errors.ObjectInUse):
                        _run(server, "DROP DATABASE {} WITH (FORCE)", old)  # a run that was killed may still migrate
            _run(server, "CREATE DATABASE {}", MAKING)
            _migrate(MAKING)
            _run(server, "ALTER DATABASE {} RENAME TO {}", MAKING, name)
    return name


def _digest() -> str:
    """Of the migrations, the modules of ours that they import, and the libraries."""
    migrations = sorted(ROOT.glob("*/migrations/*.py"))
    names = {name for path in migrations for name in re.findall(r"^(?:from|import) ([\w.]+)", path.read_text(), re.M)}
    origins = {Path(spec.origin) for name in names if (spec := find_spec(name)) and spec.origin}
    ours = sorted(path for path in origins if path.is_relative_to(ROOT) and ".venv" not in path.parts)
    paths = [*migrations, *ours, ROOT / "requirements.lock"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()[:16]


def _migrate(name: str) -> None:
    environment = os.environ | {"DATABASE_URL": _address(name)}
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def _run(server: psycopg.Connection, statement: str, *names: str) -> None:
    server.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _address(name: str) -> str:
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()
