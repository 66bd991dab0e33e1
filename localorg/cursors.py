"""Query locators: the row numbers of a result, so that its pages can be asked for one by one."""

import random
import re
import threading
from dataclasses import dataclass, field

from localorg import clock, ids
from localorg.errors import Refused, refuse
from localorg.soql.compiled import Compiled
from localorg.soql.run import Numbers

_OFFSET = re.compile(r"[0-9]{1,9}\Z")

LIFETIME = 2 * 24 * 3600  # seconds
MOST_OPEN = 50  # per user; a real org closes the oldest, too


@dataclass(slots=True)
class Cursor:
    id: str
    query: Compiled
    numbers: Numbers
    size: int
    user_id: str
    opened: float = field(default_factory=clock.time)

    def shuffle(self, offset: int, by: random.Random) -> None:
        """A fault: what comes from ``offset`` on is mixed; nothing is lost, nothing comes twice."""
        rest = list(self.numbers[offset:])
        by.shuffle(rest)
        self.numbers = [*self.numbers[:offset], *rest]


class Cursors:
    def __init__(self) -> None:
        self._open: dict[str, Cursor] = {}
        self._count = 0
        self._lock = threading.Lock()

    def make(self, query: Compiled, numbers: Numbers, size: int, user_id: str) -> Cursor:
        """A cursor that is not open yet: most results need no second page."""
        with self._lock:
            self._count += 1
            return Cursor(ids.make("01g", self._count), query, numbers, size, user_id)

    def keep(self, cursor: Cursor) -> None:
        """Let its locators be asked for."""
        with self._lock:
            self._open[cursor.id] = cursor
            self._close_oldest(cursor.user_id)

    def find(self, locator: str, user_id: str) -> tuple[Cursor, int]:
        """The cursor and the offset that a locator "01g…-2000" names. Raises Refused."""
        name, _, offset = locator.partition("-")
        cursor = self._open.get(ids.parse(name) or "")
        expired = cursor is not None and clock.time() - cursor.opened > LIFETIME
        if cursor is None or expired or cursor.user_id != user_id or not _OFFSET.match(offset):
            raise _invalid()
        if int(offset) > len(cursor.numbers):
            raise _invalid()
        return cursor, int(offset)

    def peek(self, cursor_id: str) -> Cursor | None:
        return self._open.get(cursor_id)

    def clear(self) -> None:
        with self._lock:
            self._open.clear()

    def _close_oldest(self, user_id: str) -> None:
        own = [cursor.id for cursor in self._open.values() if cursor.user_id == user_id]
        for cursor_id in own[:-MOST_OPEN]:
            del self._open[cursor_id]


def _invalid() -> Refused:
    return refuse("INVALID_QUERY_LOCATOR", "invalid query locator")
