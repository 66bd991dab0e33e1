"""Access tokens, refresh tokens and codes. Tokens outlive a restart and a reset of the records."""

import secrets
import sqlite3
import threading
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from localorg import clock
from localorg.errors import Problem, Refused

CODE_LIFETIME = 15 * 60  # seconds
HOUR = 3600

_DDL = (
    "CREATE TABLE IF NOT EXISTS refresh (token TEXT PRIMARY KEY, user_id TEXT, scope TEXT, family TEXT, used INTEGER)",
    "CREATE TABLE IF NOT EXISTS access (token TEXT PRIMARY KEY, user_id TEXT, scope TEXT, family TEXT, issued REAL)",
)


class LoginRateExceeded(Refused):
    """A user signed in more often in an hour than a real org lets anyone."""

    def __init__(self) -> None:
        super().__init__([Problem("LOGIN_RATE_EXCEEDED", "Login Rate Exceeded")], 403)


@dataclass(slots=True)
class Session:
    """What an access token stands for. ``family``: all tokens that came from one grant."""

    token: str
    user_id: str
    scope: str
    family: str
    issued: float
    last_used: float = field(default_factory=clock.time)


@dataclass(frozen=True, slots=True)
class Refresh:
    token: str
    user_id: str
    scope: str
    family: str
    used: int


@dataclass(frozen=True, slots=True)
class Code:
    user_id: str
    scope: str
    redirect_uri: str
    challenge: str | None
    issued: float = field(default_factory=clock.time)


class Tokens:
    def __init__(self, path: Path, org_id: str) -> None:
        self.org_id = org_id
        self.session_seconds = 7200
        self.logins_per_hour = 3600
        self._logins: dict[str, deque[float]] = {}  # moments of the last hour, by user
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        for statement in _DDL:
            self._db.execute(statement)
        rows = self._db.execute("SELECT token, user_id, scope, family, issued FROM access")
        self._sessions = {row[0]: Session(*row) for row in rows}
        self._codes: dict[str, Code] = {}

    def find(self, token: str) -> Session | None:
        """The live session of an access token; asking keeps it alive."""
        session = self._sessions.get(token)
        now = clock.time()
        if session is None or now - session.last_used > self.session_seconds:
            return None
        session.last_used = now
        return session

    def peek(self, token: str) -> Session | None:
        """The same without keeping it alive."""
        session = self._sessions.get(token)
        expired = session is not None and clock.time() - session.last_used > self.session_seconds
        return None if expired else session

    def open(self, user_id: str, scope: str, family: str | None = None) -> Session:
        """A new session. Raises LoginRateExceeded."""
        self._count_login(user_id)
        token = f"{self.org_id[:15]}!AQ{secrets.token_urlsafe(70)}"
        session = Session(token, user_id, scope, family or secrets.token_hex(8), clock.time())
        with self._lock:
            self._sessions[token] = session
            row = (token, user_id, scope, session.family, session.issued)
            self._db.execute("INSERT INTO access VALUES (?, ?, ?, ?, ?)", row)
        return session

    def _count_login(self, user_id: str) -> None:
        with self._lock:
            logins = self._logins.setdefault(user_id, deque())
            now = clock.time()
            while logins and not now - HOUR < logins[0] <= now:
                logins.popleft()
            if len(logins) >= self.logins_per_hour:
                raise LoginRateExceeded
            logins.append(now)

    def new_refresh(self, user_id: str, scope: str, family: str) -> str:
        token = f"5Aep861{secrets.token_urlsafe(60)}"
        with self._lock:
            self._db.execute("INSERT INTO refresh VALUES (?, ?, ?, ?, 0)", (token, user_id, scope, family))
        return token

    def find_refresh(self, token: str) -> Refresh | None:
        with self._lock:
            sql = "SELECT token, user_id, scope, family, used FROM refresh WHERE token = ?"
            row = self._db.execute(sql, (token,)).fetchone()
        return Refresh(*row) if row else None

    def mark_used(self, token: str) -> None:
        """A rotated refresh token: using it again is a sign of theft."""
        with self._lock:
            self._db.execute("UPDATE refresh SET used = 1 WHERE token = ?", (token,))

    def expire(self, token: str) -> None:
        """End all access tokens of the person behind this one; refresh tokens live on."""
        session = self._sessions.get(token)
        if session is not None:
            self._drop_access("user_id", session.user_id)

    def revoke_person(self, token: str) -> None:
        """End access and refresh tokens of the person behind an access token."""
        session = self._sessions.get(token)
        if session is not None:
            self._drop_access("user_id", session.user_id)
            with self._lock:
                self._db.execute("DELETE FROM refresh WHERE user_id = ?", (session.user_id,))

    def revoke(self, token: str) -> bool:
        """End a token: an access token alone, a refresh token with all that came from it."""
        if token in self._sessions:
            self._drop_access("token", token)
            return True
        refresh = self.find_refresh(token)
        if refresh is not None:
            self.revoke_family(refresh.family)
        return refresh is not None

    def revoke_family(self, family: str) -> None:
        self._drop_access("family", family)
        with self._lock:
            self._db.execute("DELETE FROM refresh WHERE family = ?", (family,))

    def new_code(self, code: Code) -> str:
        text = f"aPrx{secrets.token_urlsafe(42)}=="
        self._codes[text] = code
        return text

    def take_code(self, text: str) -> Code | None:
        """A code works once, and for 15 minutes."""
        code = self._codes.pop(text, None)
        return code if code and clock.time() - code.issued <= CODE_LIFETIME else None

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _drop_access(self, attribute: str, value: str) -> None:
        with self._lock:
            self._sessions = {t: s for t, s in self._sessions.items() if getattr(s, attribute) != value}
            self._db.execute(f"DELETE FROM access WHERE {attribute} = ?", (value,))
