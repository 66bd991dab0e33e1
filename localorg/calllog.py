"""The log of requests: what each was, cost and came to. The newest are kept, the totals are of all."""

import re
import threading
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from localorg import clock

KEPT = 2_000
SUMMED = ("calls", "rows_in", "rows_out", "rows_refused", "bytes_in", "bytes_out", "milliseconds")
TROUBLE = 400

_CODE = re.compile(rb'"(?:errorCode|exceptionCode|error)"\s*:\s*"([^"]+)"|<(?:\w+:)?exceptionCode>([^<]+)<')


@dataclass(slots=True)
class Entry:
    """One request. ``calls``: what it took from the daily limit; ``rows_refused`` are among ``rows_in``."""

    method: str
    path: str
    user_id: str = ""
    client: str = ""
    object: str = ""
    resource: str = ""
    status: int = 0  # 0: the connection was cut without a reply
    error: str = ""
    calls: int = 0
    rows_in: int = 0
    rows_out: int = 0
    rows_refused: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    milliseconds: float = 0.0
    faults: list[str] = field(default_factory=list)
    at: float = field(default_factory=clock.time)
    number: int = 0


# The request that this task or thread works on.
CURRENT: ContextVar[Entry | None] = ContextVar("entry", default=None)


class CallLog:
    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._lock = threading.Lock()
        self._latest = 0
        self._totals: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._latest += 1
            entry.number = self._latest
            self._entries.append(entry)
            totals = self._totals
            totals["requests"] += 1
            totals["errors"] += entry.status >= TROUBLE or not entry.status
            for name in SUMMED:
                totals[name] += getattr(entry, name)

    def clear(self) -> None:
        """Forget entries and totals; numbers go on, so that ``since`` stays true."""
        with self._lock:
            self._entries.clear()
            self._totals.clear()

    def as_json(self, since: int, most: int, names: Mapping[str, str]) -> dict[str, Any]:
        """Entries after number ``since``, oldest first, the newest ``most`` of them; ``names``: of users by id."""
        with self._lock:
            found = [entry for entry in self._entries if entry.number > since][-most:] if most else []
            totals = {name: round(self._totals[name], 1) for name in ("requests", "errors", *SUMMED)}
            latest = self._latest
        return {"latest": latest, "totals": totals, "calls": [_shown(entry, names) for entry in found]}


def _shown(entry: Entry, names: Mapping[str, str]) -> dict[str, Any]:
    shown = asdict(entry)
    user_id = shown.pop("user_id")
    at = clock.stored(datetime.fromtimestamp(shown.pop("at"), UTC))
    return {"number": shown.pop("number"), "at": at, "user": names.get(user_id, user_id), **shown}


def error_code(body: bytes) -> str:
    """The code that the body of an error tells, whichever dialect it speaks."""
    found = _CODE.search(body)
    return (found[1] or found[2]).decode("utf-8", "replace") if found else ""


def rows(method: str, status: int, body: Any) -> tuple[int, int, int]:
    """Records written (or tried), records answered, and how many of the former were refused."""
    match body:
        case {"records": [*records], **rest} if "hasErrors" not in rest:
            return 0, len(records), 0
        case {"compositeResponse": [*parts]}:
            return _sum(rows("POST", part["httpStatusCode"], part["body"]) for part in parts)
        case {"results": [*parts]} if parts and "statusCode" in parts[0]:
            return _sum(rows("POST", part["statusCode"], part["result"]) for part in parts)
        case {"results": [*records]}:
            return len(records), 0, sum("errors" in record for record in records)
        case {"graphs": [*graphs]}:
            return _sum(rows(method, status, graph["graphResponse"]) for graph in graphs)
        case {"attributes": _}:
            return 0, 1, 0
        case [{"success": _}, *_]:
            return len(body), 0, sum(not item["success"] for item in body)
        case [{"attributes": _} | None, *_]:
            return 0, sum(record is not None for record in body), 0
    if method == "GET" or (body is not None and status < TROUBLE and "success" not in body):
        return 0, 0, 0
    return 1, 0, int(status >= TROUBLE)


def _sum(counts: Iterable[tuple[int, int, int]]) -> tuple[int, int, int]:
    written, answered, refused = 0, 0, 0
    for some in counts:
        written, answered, refused = written + some[0], answered + some[1], refused + some[2]
    return written, answered, refused
