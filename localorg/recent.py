"""What each user looked at or changed last, the newest first; forgotten when the org stops, as nothing hangs on it."""

import threading
from collections import OrderedDict
from collections.abc import Iterable

MOST = 200  # records of one user


class Recent:
    def __init__(self) -> None:
        self._seen: dict[str, OrderedDict[str, None]] = {}
        self._lock = threading.Lock()

    def look(self, user_id: str, record_ids: Iterable[str]) -> None:
        with self._lock:
            seen = self._seen.setdefault(user_id, OrderedDict())
            for record_id in record_ids:
                seen[record_id] = None
                seen.move_to_end(record_id)
            while len(seen) > MOST:
                seen.popitem(last=False)

    def of(self, user_id: str) -> list[str]:
        with self._lock:
            return list(reversed(self._seen.get(user_id, ())))

    def clear(self) -> None:
        with self._lock:
            self._seen.clear()
