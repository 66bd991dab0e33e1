"""Reading ahead: while a client takes in a page of a query, the page after it is made.

Most clients of a query come back for the next page at once; where a core is idle, they find it ready. It is given out
only if nothing was written since it was begun, so it never shows other than what would be read now.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localorg.api.call import Reply
from localorg.delivery import Answer

if TYPE_CHECKING:
    from localorg.database import Database
    from localorg.incoming import Incoming

MOST = 20  # pages kept for clients that may never come for them

Key = tuple[str, str, str, str]
Make = Callable[["Incoming"], "Made"]


@dataclass(frozen=True, slots=True)
class Made:
    """An answer but for the headers of its moment, and the reply that it was made from."""

    answer: Answer
    reply: Reply


class Ahead:
    def __init__(self, database: "Database") -> None:
        self._database = database
        self._pages: OrderedDict[Key, tuple[int, Future[Made]]] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, "ahead")

    def close(self) -> None:
        self._worker.shutdown(cancel_futures=True)

    def take(self, incoming: "Incoming") -> Made | None:
        """The answer if it was made ahead and is still true."""
        with self._lock:
            version, page = self._pages.pop(_key(incoming), (-1, None))
        if page is None or version != self._database.version or page.cancel():
            return None
        return page.result() if page.exception() is None else None

    def follow(self, incoming: "Incoming", reply: Reply, make: Make) -> None:
        """Begin to make the page after this one, if there is one. A first page says little of what its client wants."""
        following = reply.body.get("nextRecordsUrl") if isinstance(reply.body, dict) else None
        if not following or not incoming.path.rpartition("/")[2].startswith("01g"):
            return
        wanted = replace(incoming, path=following, query="", body=b"")
        with self._lock:
            self._pages[_key(wanted)] = self._database.version, self._worker.submit(make, wanted)
            while len(self._pages) > MOST:
                self._pages.popitem(last=False)[1][1].cancel()


def _key(incoming: "Incoming") -> Key:
    """All that the answer to a locator depends on, its user's session included."""
    headers = incoming.headers
    return incoming.path, incoming.token, headers.get("x-prettyprint", ""), headers.get("accept-encoding", "")
