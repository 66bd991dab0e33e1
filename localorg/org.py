"""The org: its records, who is signed in, its settings; what every part of the server shares."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from localorg import clock, ids
from localorg.auth.tokens import Tokens
from localorg.bulk import Bulk
from localorg.calls import Calls
from localorg.cursors import Cursors
from localorg.database import Database
from localorg.dml.remove import BIN_DDL
from localorg.dml.work import Work
from localorg.faults import Faults
from localorg.rules import rulebook_of
from localorg.schema import Schema, SObject
from localorg.settings import Settings
from localorg.setup import Setup
from localorg.setup.custom import schema_of

if TYPE_CHECKING:
    import sqlite3

    from localorg.api.call import Call

ORG_ID = ids.make("00D", 1)
READ_ONLY = "Read Only"  # the profile


class Org:
    def __init__(self, folder: Path, setup: Setup) -> None:
        """``setup``: what the org is made from; on a folder with records, what these were made from."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.setup = setup
        self.settings = Settings.load(folder)
        self.schema = schema_of(setup)
        self._read_only = self.schema.read_only()
        self.rulebook = rulebook_of(setup, self.schema)
        self.database = Database(folder / "org.db", self.schema, tuple(self.rulebook.indexes()))
        self.database.create_tables()
        with self.database.write() as db:
            db.execute(BIN_DDL)
        self.tokens = Tokens(folder / "auth.db", ORG_ID)
        self.calls = Calls()
        self.faults = Faults()
        self.cursors = Cursors()
        self._next: dict[str, int] = {}
        self._numbering = threading.Lock()
        self.bulk = Bulk(self)
        self.apply_settings()

    def close(self) -> None:
        self.bulk.close()
        self.tokens.close()
        self.database.close()

    @property
    def kept_copy(self) -> Path:
        """The records as seeded, for a reset to come back to."""
        return self.folder / "seed.db"

    def reset(self) -> None:
        """Put the records back to the seed. The clock goes right, tokens stay, ids given out since are not reused."""
        self.database.restore(self.kept_copy)
        self.bulk.clear()
        self.cursors.clear()
        self.settings.clock_ahead = 0
        self.apply_settings()

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
        work = Work(db, self.schema, user_id, self.next_id, rulebook=self.rulebook)
        if call is not None:
            path = "/services/data/v" + "/".join((call.version, *call.path))
            work.refusal = lambda name, record_id: self.faults.refusal(call.method, path, name, record_id)
            work.options = call.headers
        return work

    def schema_for(self, db: "sqlite3.Connection", user_id: str) -> Schema | None:
        """What a user may see and touch, by profile; None for one who has left."""
        sql = 'SELECT p."Name", u."IsActive" FROM "User" u JOIN "Profile" p ON p."Id" = u."ProfileId" WHERE u."Id" = ?'
        found = db.execute(sql, (user_id,)).fetchone()
        if found is None or not found[1]:
            return None
        return self._read_only if found[0] == READ_ONLY else self.schema

    def next_id(self, sobject: SObject) -> tuple[int, str]:
        """Row number and id for a new record; never the same twice, not even after a roll-back."""
        with self._numbering:
            if sobject.name not in self._next:
                self._next[sobject.name] = self._highest(sobject)
            self._next[sobject.name] += 1
            number = self._next[sobject.name]
        return number, ids.make(sobject.prefix, id_number(sobject, number))

    def identity_url(self, origin: str, user_id: str) -> str:
        return f"{origin}/id/{ORG_ID}/{user_id}"

    def _highest(self, sobject: SObject) -> int:
        with self.database.read() as db:
            row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (sobject.name,)).fetchone()
        return row[0] if row else 0


# The setup objects behind picklists share one key prefix; each counts from its own thousand.
_SHARED = {"OpportunityStage": 1000, "LeadStatus": 2000, "TaskStatus": 3000, "TaskPriority": 4000}


def id_number(sobject: SObject, number: int) -> int:
    return _SHARED.get(sobject.name, 0) + number
