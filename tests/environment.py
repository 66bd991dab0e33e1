"""Loaded by pytest before anything of Django: starts the embedded PostgreSQL of the tests and sets the environment.

The server's data stay in ``.cache/postgres`` from run to run, which saves its first start; each run makes a database of
its own, a copy of one that is kept migrated (tests/migrated.py), so that several may run at once.
``TEST_DATABASE=mine pytest --reuse-db`` keeps one of that name instead; a test that commits empties it, what migrations
put in too. ``DATABASE_URL`` in the environment means a server of your own.
"""

import os
from pathlib import Path

import psycopg
from cryptography.fernet import Fernet

from config import embedded

ROOT = Path(__file__).resolve().parent.parent


def pytest_unconfigure() -> None:
    if _server:
        _server.cleanup()


def _trust_the_machine(uri: str) -> None:
    """What a crash of the machine would cost is worth nothing here; that processes may be killed stays as it is."""
    with psycopg.connect(uri, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


os.environ |= {
    "DATA_DIR": str(ROOT / ".cache" / "data"),
    "STATIC_ROOT": str(ROOT / ".cache" / "static"),
    "DEMO": "1",
    "SECRET_KEY": "only-for-tests",
    "TOKEN_KEYS": Fernet.generate_key().decode(),
    "SITE_URL": "http://localhost",
    "ALLOWED_HOSTS": "localhost,127.0.0.1,testserver",
    "EMAIL_URL": "memorymail://",
    "SALESFORCE_CLIENT_ID": "",
    "SALESFORCE_CLIENT_SECRET": "",
    # Playwright's synchronous driver keeps an event loop running in the thread of the test.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
}
(ROOT / ".cache" / "static").mkdir(parents=True, exist_ok=True)
_server = None
if "PYTEST_XDIST_WORKER" not in os.environ and "DATABASE_URL" not in os.environ:
    _server = embedded.start(ROOT / ".cache" / "postgres", is_shared=True)
    _trust_the_machine(_server.get_uri())
    # The name is that of the database to be: Django puts "test_" before it.
    name = os.environ.get("TEST_DATABASE", str(os.getpid()))
    os.environ["DATABASE_URL"] = embedded.database_url(_server, "postgres").replace("/postgres?", f"/{name}?")
