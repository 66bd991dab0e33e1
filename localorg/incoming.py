"""A request as it came in, whole: method, path, headers, and the body unpacked."""

import zlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from localorg.errors import Refused, refuse

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LARGEST_BODY = 50 * 2**20  # bytes, unpacked
LARGEST_UPLOAD = 150 * 2**20  # of a bulk job's rows
GZIP = 31  # what zlib calls a gzip header and the widest window


@dataclass(slots=True)
class Incoming:
    method: str
    path: str  # still percent-encoded
    query: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    origin: str
    refused: Refused | None = None  # why the body could not be taken in

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def token(self) -> str:
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind in ("Bearer", "OAuth") else ""


async def read(scope: Scope, receive: Receive) -> Incoming:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    host = headers.get("host") or ":".join(str(part) for part in scope["server"])
    path = scope["raw_path"].decode("latin-1")
    incoming = Incoming(_method(scope, query), path, query, headers, b"", f"{scope['scheme']}://{host}")
    try:
        incoming.body = _unpacked(await _body(receive, _largest(path)), headers, _largest(path))
    except Refused as refused:
        incoming.refused = refused
    return incoming


def _method(scope: Scope, query: str) -> str:
    """A POST may say that it means another method."""
    if scope["method"] == "POST" and "_HttpMethod" in query:
        return dict(parse_qsl(query)).get("_HttpMethod", "").upper() or "POST"
    return str(scope["method"])


def _largest(path: str) -> int:
    return LARGEST_UPLOAD if "/batch" in path and ("/jobs/" in path or "/async/" in path) else LARGEST_BODY


async def _body(receive: Receive, largest: int) -> bytes:
    """All of it, read to its end even when it is too much: whoever sends hears the refusal only then."""
    body = bytearray()
    more, too_large = True, False
    while more:
        message = await receive()
        if not too_large:
            body += message.get("body", b"")
        too_large = too_large or len(body) > largest
        more = message.get("more_body", False)
    if too_large:
        raise _too_large(largest)
    return bytes(body)


def _unpacked(body: bytes, headers: dict[str, str], largest: int) -> bytes:
    if headers.get("content-encoding", "").lower() not in ("gzip", "x-gzip") or not body:
        return body
    unzip = zlib.decompressobj(GZIP)
    try:
        unpacked = unzip.decompress(body, largest + 1)
    except zlib.error:
        raise refuse("JSON_PARSER_ERROR", "Not in GZIP format") from None
    if len(unpacked) > largest:
        raise _too_large(largest)
    if not unzip.eof:
        raise refuse("JSON_PARSER_ERROR", "Unexpected end of ZLIB input stream")
    return unpacked


def _too_large(largest: int) -> Refused:
    message = f"The request body is larger than the maximum of {largest} bytes."
    return refuse("EXCEEDED_MAX_SIZE_REQUEST", message, 413)
