"""Every API call is counted: for the caller's daily limit, and for whoever watches."""

import threading
import time
from collections import Counter
from typing import Any

from localorg import clock, ids
from localorg.calllog import CURRENT, CallLog, Entry

SUBRESOURCES = {"describe", "updated", "deleted", "layouts"}
HOUR = 3600
DAY = 24  # hours: the limit is on those just past, not on a calendar day


class Calls:
    """``long_seconds``: from when on a request counts as long-running; ``most_long`` of them may run at once."""

    def __init__(self) -> None:
        self.daily_limit = 100_000
        self.long_seconds = 20.0
        self.most_long = 25
        self.log = CallLog()
        self._by_hour: Counter[int] = Counter()
        self._by_resource: Counter[str] = Counter()
        self._under_way: dict[int, float] = {}
        self._lock = threading.Lock()

    def note(self, method: str, path: tuple[str, ...]) -> None:
        """Count a call of the API; ``path`` is what follows the version."""
        name = resource(path)
        with self._lock:
            self._by_resource[f"{method} {name}"] += 1
        entry = CURRENT.get()
        if entry is not None:
            entry.resource = name
        self.charge(1)

    def charge(self, calls: int) -> None:
        """Take so many calls from the daily allowance."""
        with self._lock:
            self._by_hour[_hour()] += calls
        entry = CURRENT.get()
        if entry is not None:
            entry.calls += calls

    @property
    def used(self) -> int:
        """Calls in the last 24 hours."""
        now = _hour()
        with self._lock:
            for hour in [hour for hour in self._by_hour if not now - DAY < hour <= now]:
                del self._by_hour[hour]
            return self._by_hour.total()

    @used.setter
    def used(self, calls: int) -> None:
        with self._lock:
            self._by_hour = Counter({_hour(): calls})

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            by_resource = dict(sorted(self._by_resource.items()))
        return {"total": sum(by_resource.values()), "by_resource": by_resource}

    def clear(self) -> None:
        """Forget the list; what was used of the daily limit stays used."""
        with self._lock:
            self._by_resource.clear()
        self.log.clear()

    @property
    def usage(self) -> str:
        return f"api-usage={self.used}/{self.daily_limit}"

    @property
    def exhausted(self) -> bool:
        return self.used > self.daily_limit

    def begin(self, entry: Entry) -> None:
        """A request comes in; ``end`` must follow."""
        self._under_way[id(entry)] = time.monotonic()

    def end(self, entry: Entry) -> None:
        began = self._under_way.pop(id(entry))
        entry.milliseconds = round((time.monotonic() - began) * 1000, 1)
        self.log.add(entry)

    @property
    def under_way(self) -> int:
        """Requests of the API that have come in and are not through, also those whose caller is gone."""
        return len(self._under_way)

    @property
    def busy(self) -> bool:
        """Whether others are served besides the one who asks."""
        return self.under_way > 1

    @property
    def crowded(self) -> bool:
        """Whether as many long requests run as may."""
        since = time.monotonic() - self.long_seconds
        return sum(began < since for began in list(self._under_way.values())) >= self.most_long


def _hour() -> int:
    return int(clock.time()) // HOUR


def resource(path: tuple[str, ...]) -> str:
    """The kind of thing asked for, without ids: query, composite/sobjects, sobjects/Contact/describe."""
    if path[:1] in (("query",), ("queryAll",)):
        return path[0]
    if path[:2] == ("composite", "sobjects"):
        return "composite/sobjects"
    if path[:1] == ("sobjects",):
        return "/".join((*path[:2], *(name for name in path[2:3] if name.lower() in SUBRESOURCES)))
    return "/".join(segment for segment in path if ids.parse(segment) is None)
