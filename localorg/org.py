"""The org: its records, who is signed in, its settings; what every part of the server shares."""

import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from localorg import clock, ids
from localorg.access import Views, views
from localorg.api.ahead import Ahead
from localorg.auth.tokens import Tokens
from localorg.bulk import Bulk
from localorg.calls import Calls
from localorg.cursors import Cursors
from localorg.database import Database
from localorg.dml import erased, remove, tables
from localorg.dml.work import Work
from localorg.errors import refuse
from localorg.faults import Faults
from localorg.filling import fill
from localorg.recent import Recent
from localorg.rules import rulebook_of
from localorg.schema import Schema, SObject
from localorg.settings import Settings
from localorg.setup import Setup, records
from localorg.setup.check import check
from localorg.setup.custom import schema_of

if TYPE_CHECKING:
    import sqlite3

    from localorg.api.call import Call

ORG_ID = ids.ORG_ID


class Org:
    def __init__(self, folder: Path, setup: Setup) -> None:
        """``setup``: what the org is made from; on a folder with records, what these were made from.

        Raises SetupError for one that does not fit together.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.setup = setup
        self.settings = Settings.load(folder)
        self.schema = schema_of(setup)
        check(setup, self.schema)
        self.views = Views(self.schema, setup.sharing, setup.features.set_audit_fields)
        self.rulebook = rulebook_of(setup, self.schema)
        self.database = Database(folder / "org.db", self.schema, tuple(self.rulebook.indexes()))
        self.prepare()
        self.tokens = Tokens(folder / "auth.db", ORG_ID)
        self.calls = Calls()
        self.faults = Faults()
        self.cursors = Cursors()
        self.recent = Recent()
        self.ahead = Ahead(self.database)
        self._next: dict[str, int] = {}
        self._numbering = threading.Lock()
        self.bulk = Bulk(self)
        self.apply_settings()

    def close(self) -> None:
        self.bulk.close()
        self.ahead.close()
        self.tokens.close()
        self.database.close()

    @property
    def kept_copy(self) -> Path:
        """The records as seeded, for a reset to come back to."""
        return self.folder / "seed.db"

    def prepare(self) -> None:
        """Make what the database lacks: all of it when new, the latest things in one of an older version."""
        self.database.create_tables()
        with self.database.write() as db:
            for statement in tables.DDL:
                db.execute(statement)
            views.watch(db)
            erased.watch(db, self.schema)
            has_permissions = db.execute('SELECT 1 FROM "ObjectPermissions"').fetchone()
        if not has_permissions and not self.database.is_empty():
            self._fill_permissions()

    def reset(self) -> None:
        """Put the records back to the seed. The clock goes right, tokens stay, ids given out since are not reused."""
        self.database.restore(self.kept_copy)
        self.prepare()
        self.bulk.clear()
        self.cursors.clear()
        self.recent.clear()
        self.settings.clock_ahead = 0
        self.apply_settings()

    def empty_old_bin(self) -> None:
        """Erase what was deleted more than 15 days ago, by the org's clock."""
        with self.database.write() as db:
            remove.purge(self.work(db, ""))

    def apply_settings(self) -> None:
        """Tell everybody what the settings are."""
        settings = self.settings
        self.calls.daily_limit = settings.daily_limit
        self.calls.long_seconds = settings.long_request_seconds
        self.calls.most_long = settings.long_requests
        self.tokens.session_seconds = settings.session_seconds
        self.tokens.logins_per_hour = settings.logins_per_hour
        clock.set_ahead(settings.clock_ahead)

    def work(self, db: "sqlite3.Connection", user_id: str, call: "Call | None" = None) -> Work:
        """A unit of work in an open transaction; ``call`` brings the headers and the faults that apply."""
        view = call.schema if call else self.schema_for(db, user_id) or self.schema
        view_of = partial(self.schema_for, db)
        work = Work(db, self.schema, view, user_id, self.next_id, view_of=view_of, rulebook=self.rulebook)
        if call is not None:
            work.options = call.headers
            if self.faults.rules:
                path = "/services/data/v" + "/".join((call.version, *call.path))
                work.refusal = partial(self.faults.refusal, call.method, path)
                work.held = partial(self.faults.held, call.method, path)
        return work

    def schema_for(self, db: "sqlite3.Connection", user_id: str) -> Schema | None:
        """What a user may see and touch, with their rights as ``access``; None for one who has left."""
        return self.views.of(db, user_id)

    def schema_by_api(self, db: "sqlite3.Connection", user_id: str) -> Schema:
        """The same for a caller of the API. Raises Refused for who has left or may only use the pages."""
        schema = self.schema_for(db, user_id)
        if schema is None:
            raise refuse("INVALID_SESSION_ID", "Session expired or invalid", 401)
        if schema.access and not schema.access.may("ApiEnabled"):
            raise refuse("API_CURRENTLY_DISABLED", "API is disabled for this User", 403)
        return schema

    def next_id(self, sobject: SObject) -> tuple[int, str]:
        """Row number and id for a new record; never the same twice, not even after a roll-back."""
        with self._numbering:
            if sobject.name not in self._next:
                self._next[sobject.name] = self._highest(sobject)
            self._next[sobject.name] += 1
            number = self._next[sobject.name]
        return number, sobject.record_id(number)

    def identity_url(self, origin: str, user_id: str) -> str:
        return f"{origin}/id/{ORG_ID}/{user_id}"

    def _highest(self, sobject: SObject) -> int:
        with self.database.read() as db:
            row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (sobject.name,)).fetchone()
        return row[0] if row else 0

    def _fill_permissions(self) -> None:
        for name, rows in records.permissions(self.setup, self.schema):
            with self.database.write() as db:
                db.execute(f'DELETE FROM "{name}"')
            fill(self.database, self.schema[name], rows)
