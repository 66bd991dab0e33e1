"""Answers on their way to the caller: whole, cut, in drops; dated and measured."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus

from starlette.concurrency import iterate_in_threadpool

from localorg import clock
from localorg.faults import Fired
from localorg.incoming import Message, Send

DROPS = 20  # of a reply that trickles
TROUBLE = 400  # the first status that tells of some


@dataclass(slots=True)
class Answer:
    """``parts``: a long body, made piece by piece; its headers tell its length where it is known."""

    status: int
    headers: dict[str, str]
    body: bytes = b""
    parts: Generator[bytes, None, None] | None = None


class Meter:
    """Passes an answer on, tells the org's time, and remembers what went by.

    Clients set their cursors by the Date header, so it is the org's own and not the web server's.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.size = 0
        self.headers: dict[bytes, bytes] = {}
        self.trouble = b""  # the beginning of the body of an error

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            now = formatdate(clock.now().timestamp(), usegmt=True)
            message["headers"] = [*message.get("headers", ()), (b"date", now.encode())]
            self.headers = dict(message["headers"])
        else:
            body = message.get("body", b"")
            self.size += len(body)
            self.trouble = self.trouble or (body[:1000] if self.status >= TROUBLE else b"")
        await self._send(message)


class Collected:
    """Takes an answer that must not go out as it is."""

    def __init__(self) -> None:
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message.get("headers", ()))
        else:
            self._body += message.get("body", b"")

    @property
    def answer(self) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._headers}
        headers.pop("content-length", None)
        return Answer(self._status, headers, bytes(self._body))


async def deliver(send: Send, answer: Answer, fired: Fired, cut: Callable[[], None]) -> None:
    """Send an answer as the faults that fired will have it; ``cut`` closes the connection."""
    if "truncate" in fired and not answer.body and answer.parts is None:
        cut()
        return
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in answer.headers.items()]
    if answer.parts is None and answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        headers.append((b"content-length", str(len(answer.body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.parts is not None:
        await _stream(send, answer.parts, fired, cut)
        return
    if "truncate" in fired:
        await send({"type": "http.response.body", "body": answer.body[: len(answer.body) // 2], "more_body": True})
        cut()
        return
    await _pour(send, answer.body, fired)


async def _stream(send: Send, parts: Generator[bytes, None, None], fired: Fired, cut: Callable[[], None]) -> None:
    rule = fired.get("trickle")
    with closing(parts):
        async for part in iterate_in_threadpool(parts):
            await send({"type": "http.response.body", "body": part, "more_body": True})
            if "truncate" in fired:
                cut()
                return
            await asyncio.sleep(rule.delay_ms / 1000 / DROPS if rule else 0)
    await send({"type": "http.response.body", "body": b""})


async def _pour(send: Send, body: bytes, fired: Fired) -> None:
    rule = fired.get("trickle")
    if rule is not None:
        size = max(1, len(body) // DROPS)
        drops = [body[start : start + size] for start in range(0, len(body), size)]
        for drop in drops[:-1]:
            await send({"type": "http.response.body", "body": drop, "more_body": True})
            await asyncio.sleep(rule.delay_ms / 1000 / max(1, len(drops) - 1))
        body = b"".join(drops[-1:])
    await send({"type": "http.response.body", "body": body})
