"""Every API call is counted: for the caller's daily limit, and for whoever watches."""

import threading
from collections import Counter
from typing import Any

from localorg import ids

SUBRESOURCES = {"describe", "updated", "deleted", "layouts"}


class Calls:
    def __init__(self, daily_limit: int) -> None:
        self.daily_limit = daily_limit
        self.used = 0
        self._by_resource: Counter[str] = Counter()
        self._lock = threading.Lock()

    def note(self, method: str, path: tuple[str, ...]) -> None:
        with self._lock:
            self.used += 1
            self._by_resource[f"{method} {resource(path)}"] += 1

    def as_json(self) -> dict[str, Any]:
        with self._lock:
            by_resource = dict(sorted(self._by_resource.items()))
        return {"total": sum(by_resource.values()), "by_resource": by_resource}

    def clear(self) -> None:
        """Forget the list; what was used of the daily limit stays used."""
        with self._lock:
            self._by_resource.clear()

    @property
    def usage(self) -> str:
        return f"api-usage={self.used}/{self.daily_limit}"

    @property
    def exhausted(self) -> bool:
        return self.used > self.daily_limit


def resource(path: tuple[str, ...]) -> str:
    """The kind of thing asked for, without ids: query, composite/sobjects, sobjects/Contact/describe."""
    if path[:1] in (("query",), ("queryAll",)):
        return path[0]
    if path[:2] == ("composite", "sobjects"):
        return "composite/sobjects"
    if path[:1] == ("sobjects",):
        return "/".join((*path[:2], *(name for name in path[2:3] if name.lower() in SUBRESOURCES)))
    return "/".join(segment for segment in path if ids.parse(segment) is None)
