"""The outermost layer: takes each request in whole, lets faults act on it, hands it on, and logs what came of it."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable

from localorg.api.service import refusal_answer, serve
from localorg.bulk.classic import service as classic
from localorg.calllog import CURRENT, Entry, error_code
from localorg.delivery import Answer, Collected, Meter, deliver
from localorg.errors import Refused, refuse
from localorg.faults import Fired, answers
from localorg.faults.rule import LONGEST_DELAY
from localorg.faults.subject import objects_of, path_below_version
from localorg.incoming import ASYNC, Gone, Incoming, Message, Receive, Scope, Send, read
from localorg.org import Org

logger = logging.getLogger(__name__)

App = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_URI = 16_384  # bytes
DATA = "/services/data"
LOGGED = ("/services/", "/id/")
UPLOADS = "uploads"  # folder for bodies on their way in
CLOSE = "localorg.close"  # in the scope: closes the connection; server.py puts it there
DELIVERED_OTHERWISE = ("truncate", "trickle")


class Front:
    def __init__(self, org: Org, pages: App) -> None:
        self.org = org
        self.pages = pages
        shutil.rmtree(org.folder / UPLOADS, ignore_errors=True)  # of a server that was killed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        meter = Meter(send)
        try:
            incoming = await read(scope, receive, self.org.folder / UPLOADS)
        except Gone:
            return
        entry = self._entry(incoming) if incoming.path.startswith(LOGGED) else None
        CURRENT.set(entry)  # each request is a task, so nobody else sees it
        if entry is None:
            await self._handle(scope, receive, meter, incoming)
            return
        self.org.calls.begin(entry)
        try:
            await self._handle(scope, receive, meter, incoming)
        finally:
            entry.status, entry.bytes_out = meter.status, meter.size
            entry.error = error_code(meter.trouble)
            entry.rows_out = entry.rows_out or int(meter.headers.get(b"sforce-numberofrecords", b"0"))
            self.org.calls.end(entry)
            if incoming.upload is not None:
                incoming.upload.unlink(missing_ok=True)  # nobody took it

    async def _handle(self, scope: Scope, receive: Receive, send: Send, incoming: Incoming) -> None:
        early = _too_long(incoming) or (incoming.refused and self._refused(incoming, incoming.refused))
        if early:
            await deliver(send, early, Fired(), scope[CLOSE])
            return
        fired = self._fire(incoming)
        if fired.delay:
            await asyncio.sleep(fired.delay)
        if "drop_before" in fired:
            await _close(scope, receive)
            return
        if late := fired.get("late"):
            await _until_given_up(receive)
            await asyncio.sleep(late.delay_ms / 1000)
        answer = self._interfere(incoming, fired)
        if answer is None and _is_api(incoming):
            answer = await self._serve(incoming, fired)
        elif answer is None and not any(do in fired for do in ("drop_after", *DELIVERED_OTHERWISE)):
            await self.pages(scope, _replay(incoming, receive), send)
            return
        elif answer is None:
            collected = Collected()
            await self.pages(scope, _replay(incoming, receive), collected)
            answer = collected.answer
        if "drop_after" in fired:
            await _close(scope, receive)
        else:
            await deliver(send, answer, fired, scope[CLOSE])

    async def _serve(self, incoming: Incoming, fired: Fired) -> Answer:
        try:
            if incoming.path.startswith(ASYNC):
                return await asyncio.to_thread(classic.serve, self.org, incoming)
            return await asyncio.to_thread(serve, self.org, incoming, fired)
        except Exception:
            # a mistake of ours: the caller sees what a real org answers then, we see where it was
            logger.exception("%s %s", incoming.method, incoming.path)
            return self._refused(incoming, refuse(*answers.UNEXPECTED, 500))

    def _entry(self, incoming: Incoming) -> Entry:
        headers = incoming.headers
        session = self.org.tokens.peek(incoming.token)
        path = f"{incoming.path}?{incoming.query}" if incoming.query else incoming.path
        return Entry(
            incoming.method,
            path[:LONGEST_PATH],
            user_id=session.user_id if session else "",
            client=_client(headers),
            object=", ".join(sorted(objects_of(self.org, incoming, LOOKED_AT))),
            bytes_in=incoming.size,
        )

    def _fire(self, incoming: Incoming) -> Fired:
        rules = self.org.faults.rules
        if not rules:
            return Fired()
        objects = objects_of(self.org, incoming) if any(rule.object for rule in rules) else set()
        return self.org.faults.fire(incoming.method, incoming.path, frozenset(name.lower() for name in objects))

    def _interfere(self, incoming: Incoming, fired: Fired) -> Answer | None:
        """The answer that a fault gives in place of the org's, if any."""
        for rule in fired.rules:
            match rule.do:
                case "status":
                    self._count(incoming)
                    return self._failed(incoming, rule.status or 503, answers.error_of(rule))
                case "html":
                    return Answer(rule.status or 502, {"Content-Type": "text/html"}, answers.HTML)
                case "limit":
                    self._count(incoming)
                    return self._refused(incoming, refuse(*answers.LIMIT, 403))
                case "expire":
                    self.org.tokens.expire(incoming.token)
                case "revoke":
                    self.org.tokens.revoke_person(incoming.token)
        return None

    def _failed(self, incoming: Incoming, status: int, error: tuple[str, str] | None) -> Answer:
        if error is not None:
            return self._refused(incoming, refuse(*error, status))
        if status in answers.OF_THE_EDGE:
            return Answer(status, {"Content-Type": "text/html"}, answers.HTML)
        return Answer(status, {}, b"")

    def _refused(self, incoming: Incoming, refused: Refused) -> Answer:
        """In the words of the API that was called."""
        if incoming.path.startswith(ASYNC):
            return classic.refusal_answer(incoming, refused)
        return refusal_answer(self.org, refused)

    def _count(self, incoming: Incoming) -> None:
        """Calls that a fault answers are calls all the same."""
        below = path_below_version(incoming)
        if below:
            self.org.calls.note(incoming.method, below)


LONGEST_PATH = 500  # characters kept in the log
LOOKED_AT = 2_000  # bytes of a body, to see what it is about


def _is_api(incoming: Incoming) -> bool:
    return incoming.path == DATA or incoming.path.startswith((DATA + "/", ASYNC))


def _client(headers: dict[str, str]) -> str:
    """Who calls, by its own account."""
    options = dict(part.strip().partition("=")[::2] for part in headers.get("sforce-call-options", "").split(","))
    return (options.get("client") or headers.get("user-agent", ""))[:80]


async def _until_given_up(receive: Receive) -> None:
    """Until the caller closes the connection; a real org ends a request after ten minutes."""
    try:
        async with asyncio.timeout(LONGEST_DELAY / 1000):
            while (await receive())["type"] != "http.disconnect":
                pass
    except TimeoutError:
        pass


def _replay(incoming: Incoming, receive: Receive) -> Receive:
    """The body once more, for the next layer."""
    messages: list[Message] = [{"type": "http.request", "body": incoming.body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


async def _close(scope: Scope, receive: Receive) -> None:
    scope[CLOSE]()
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_long(incoming: Incoming) -> Answer | None:
    """414 for the URI, 431 for URI and headers together; the edge sends no body with either."""
    uri = len(incoming.path) + len(incoming.query) + 1
    headers = sum(len(name) + len(value) + 4 for name, value in incoming.headers.items())
    status = 414 if uri > LONGEST_URI else 431 if uri + headers > LONGEST_URI else None
    return Answer(status, {}, b"") if status else None
