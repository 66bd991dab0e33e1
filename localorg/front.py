"""The outermost layer: takes each request in whole, lets faults act on it, and hands it on."""

import asyncio
import logging
import re
import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from localorg import clock, ids
from localorg.api.service import Answer, error_answer, serve
from localorg.faults import Rule
from localorg.org import Org

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_URI = 16_384  # bytes
DATA = "/services/data"
CLOSE = "localorg.close"  # in the scope: closes the connection; server.py puts it there
HTML = b"<!DOCTYPE html><html><head><title>Bad Gateway</title></head><body><h1>502 - Bad Gateway</h1></body></html>"

_FROM = re.compile(r"\bfrom[\s+]+(\w+)", re.I)
_TYPES = re.compile(rb'"(?:type|object)"\s*:\s*"(\w+)"')
_ROWS = re.compile(r"/sobjects/(\w+)")


@dataclass(slots=True)
class Incoming:
    method: str
    path: str  # still percent-encoded
    query: str
    headers: dict[str, str]
    body: bytes
    origin: str

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def token(self) -> str:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind in ("Bearer", "OAuth") else ""


class Front:
    def __init__(self, org: Org, pages: App) -> None:
        self.org = org
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        send = _dated(send)
        incoming = await _read(scope, receive)
        is_api = incoming.path == DATA or incoming.path.startswith(DATA + "/")
        if too_long := _too_long(incoming):
            await _send(send, Answer(too_long, {}, b""))
            return
        rules = self._fire(incoming)
        await _delay(rules)
        if _any(rules, "drop_before"):
            await _close(scope, receive)
            return
        answer = self._interfere(incoming, rules)
        if answer is None and is_api:
            answer = await self._serve(incoming, _any(rules, "duplicate_page"))
        if _any(rules, "drop_after"):
            if answer is None:
                await self.pages(scope, _replay(incoming, receive), _nowhere)
            await _close(scope, receive)
        elif answer is not None:
            await _send(send, answer)
        else:
            await self.pages(scope, _replay(incoming, receive), send)

    async def _serve(self, incoming: Incoming, repeat_page: bool) -> Answer:
        try:
            return await asyncio.to_thread(serve, self.org, incoming, repeat_page)
        except Exception:
            # a mistake of ours: the caller sees what a real org answers then, we see where it was
            logger.exception("%s %s", incoming.method, incoming.path)
            return _broken(self.org, 500)

    def _fire(self, incoming: Incoming) -> list[Rule]:
        rules = self.org.faults.rules
        if not rules:
            return []
        objects = _objects(self.org, incoming) if any(rule.object for rule in rules) else frozenset()
        return self.org.faults.fire(incoming.method, incoming.path, objects)

    def _interfere(self, incoming: Incoming, rules: list[Rule]) -> Answer | None:
        """The answer that a fault gives in place of the org's, if any."""
        for rule in rules:
            match rule.do:
                case "status":
                    return self._counted(incoming, _broken(self.org, rule.status or 503))
                case "html":
                    return Answer(rule.status or 502, {"Content-Type": "text/html"}, HTML)
                case "limit":
                    answer = error_answer(self.org, 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
                    return self._counted(incoming, answer)
                case "expire":
                    self.org.tokens.expire(incoming.token)
                case "revoke":
                    self.org.tokens.revoke_person(incoming.token)
        return None

    def _counted(self, incoming: Incoming, answer: Answer) -> Answer:
        """Calls that a fault answers are calls all the same."""
        segments = tuple(unquote(s) for s in incoming.path.removeprefix(DATA).strip("/").split("/") if s)
        if incoming.path.startswith(DATA) and len(segments) > 1:
            self.org.calls.note(incoming.method, segments[1:])
        return answer


async def _read(scope: Scope, receive: Receive) -> Incoming:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    if headers.get("content-encoding") == "gzip":
        body = zlib.decompress(body, 31)
    query = scope["query_string"].decode("latin-1")
    method = (
        dict(parse_qsl(query)).get("_HttpMethod", "") if "_HttpMethod" in query and scope["method"] == "POST" else ""
    )
    host = headers.get("host") or ":".join(str(part) for part in scope["server"])
    path = scope["raw_path"].decode("latin-1")
    return Incoming(method.upper() or scope["method"], path, query, headers, body, f"{scope['scheme']}://{host}")


def _any(rules: list[Rule], do: str) -> bool:
    return any(rule.do == do for rule in rules)


async def _delay(rules: list[Rule]) -> None:
    milliseconds = sum(rule.delay_ms for rule in rules)
    if milliseconds:
        await asyncio.sleep(milliseconds / 1000)


def _broken(org: Org, status: int) -> Answer:
    """Bodies as the edge and the server send them: 503 comes without one."""
    match status:
        case 500:
            message = "An unexpected error occurred. Please include this ErrorId if you contact support: 1234-5678 (90)"
            return error_answer(org, 500, "UNKNOWN_EXCEPTION", message)
        case 401:
            return error_answer(org, 401, "INVALID_SESSION_ID", "Session expired or invalid")
        case 400 | 403 | 404 | 409 | 412 | 429:
            return error_answer(org, status, "UNKNOWN_EXCEPTION", f"Fault on demand: {status}")
        case 420 | 502 | 504:
            return Answer(status, {"Content-Type": "text/html"}, HTML)
    return Answer(status, {}, b"")


def _objects(org: Org, incoming: Incoming) -> frozenset[str]:
    """The objects that a request is about, in lower case."""
    names = {name.decode() for name in _TYPES.findall(incoming.body)}
    text = unquote(f"{incoming.path}?{incoming.query} {incoming.body.decode('utf-8', 'replace')}")
    names |= set(_ROWS.findall(text)) | set(_FROM.findall(text))
    given = incoming.parameters.get("ids", "").split(",") if incoming.method == "DELETE" else ()
    names |= {sobject.name for record_id in given if (sobject := org.schema.of_id(record_id))}
    last = incoming.path.rstrip("/").rsplit("/", 1)[-1]
    if (locator := ids.parse(last.partition("-")[0])) and (cursor := org.cursors.peek(locator)):
        names.add(cursor.query.sobject.name)
    return frozenset(name.lower() for name in names)


def _replay(incoming: Incoming, receive: Receive) -> Receive:
    """The body once more, for the next layer."""
    messages = [{"type": "http.request", "body": incoming.body, "more_body": False}]

    async def replayed() -> Message:
        return messages.pop() if messages else await receive()

    return replayed


def _dated(send: Send) -> Send:
    """Every answer tells the org's time, by which clients set their cursors."""

    async def dated(message: Message) -> None:
        if message["type"] == "http.response.start":
            now = formatdate(clock.now().timestamp(), usegmt=True)
            message["headers"] = [*message.get("headers", ()), (b"date", now.encode())]
        await send(message)

    return dated


async def _nowhere(message: Message) -> None:
    """Swallows an answer that must not arrive."""


async def _close(scope: Scope, receive: Receive) -> None:
    scope[CLOSE]()
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_long(incoming: Incoming) -> int | None:
    """414 for the URI, 431 for URI and headers together; the edge sends no body with either."""
    uri = len(incoming.path) + len(incoming.query) + 1
    headers = sum(len(name) + len(value) + 4 for name, value in incoming.headers.items())
    return 414 if uri > LONGEST_URI else 431 if uri + headers > LONGEST_URI else None


async def _send(send: Send, answer: Answer) -> None:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    if answer.status != HTTPStatus.NO_CONTENT:
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
