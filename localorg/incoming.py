"""A request as it came in, whole: method, path, headers, and the body unpacked; rows for bulk jobs lie in a file."""

import re
import tempfile
import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from localorg.errors import Refused, refuse

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LARGEST_BODY = 50 * 2**20  # bytes, unpacked
LARGEST_PARTS = 500 * 2**20  # of a record that comes with a file in a part of its own
LARGEST_UPLOAD = 150 * 2**20  # of a bulk job's rows
ASYNC = "/services/async/"  # Bulk API 1.0
PIECE = 2**20  # bytes unpacked at a time
GZIP = 31  # what zlib calls a gzip header and the widest window

_UPLOAD = re.compile(r"/services/(?:data/[^/]+/jobs/ingest/[^/]+/batches|async/[^/]+/job/[^/]+/batch)/*\Z", re.I)


class Gone(Exception):
    """The caller left before the request was complete."""


@dataclass(slots=True)
class Incoming:
    method: str
    path: str  # still percent-encoded
    query: str
    headers: dict[str, str]  # names in lower case
    body: bytes
    origin: str
    refused: Refused | None = None  # why the body could not be taken in
    upload: Path | None = None  # where the body lies instead; whoever wants to keep it moves it away
    size: int = 0  # bytes of the body, unpacked

    @property
    def parameters(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def token(self) -> str:
        if self.path.startswith(ASYNC):
            return self.headers.get("x-sfdc-session", "")
        kind, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if kind in ("Bearer", "OAuth") else ""


async def read(scope: Scope, receive: Receive, folder: Path) -> Incoming:
    """``folder``: where uploads are put. Raises Gone."""
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope["query_string"].decode("latin-1")
    host = headers.get("host") or ":".join(str(part) for part in scope["server"])
    path = scope["raw_path"].decode("latin-1")
    incoming = Incoming(_method(scope, query), path, query, headers, b"", f"{scope['scheme']}://{host}")
    try:
        if incoming.method in ("POST", "PUT") and _UPLOAD.match(path):
            incoming.upload = await _spooled(_pieces(receive, headers, LARGEST_UPLOAD), folder)
            incoming.size = incoming.upload.stat().st_size
        else:
            has_parts = headers.get("content-type", "").lower().startswith("multipart/")
            incoming.body = await _joined(_pieces(receive, headers, LARGEST_PARTS if has_parts else LARGEST_BODY))
            incoming.size = len(incoming.body)
    except Refused as refused:
        incoming.refused = refused
    return incoming


def _method(scope: Scope, query: str) -> str:
    """A POST may say that it means another method."""
    if scope["method"] == "POST" and "_HttpMethod" in query:
        return dict(parse_qsl(query)).get("_HttpMethod", "").upper() or "POST"
    return str(scope["method"])


Pieces = AsyncGenerator[bytes, None]


async def _joined(pieces: Pieces) -> bytes:
    body = bytearray()
    async with aclosing(pieces):
        async for piece in pieces:
            body += piece
    return bytes(body)


async def _spooled(pieces: Pieces, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        try:
            async with aclosing(pieces):
                async for piece in pieces:
                    file.write(piece)
        except BaseException:
            Path(file.name).unlink()
            raise
    return Path(file.name)


async def _pieces(receive: Receive, headers: dict[str, str], largest: int) -> Pieces:
    """The body, read to its end even when it is too much or broken: whoever sends hears the refusal only then."""
    unzip = _Unzip() if headers.get("content-encoding", "").lower() in ("gzip", "x-gzip") else None
    size, more, refused = 0, True, None
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        more = message.get("more_body", False)
        if refused is not None:
            continue
        try:
            for piece in unzip.pieces(message.get("body", b"")) if unzip else [message.get("body", b"")]:
                size += len(piece)
                if size > largest:
                    raise _too_large(largest)
                yield piece
        except Refused as error:
            refused = error
    if unzip is not None and refused is None:
        unzip.check_end()
    if refused is not None:
        raise refused


class _Unzip:
    """Raises Refused for what is no gzip."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(GZIP)
        self._begun = False

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """Small ones, however much there is in a few bytes."""
        self._begun = self._begun or bool(packed)
        while packed:
            try:
                yield self._inflate.decompress(packed, PIECE)
            except zlib.error:
                raise refuse("JSON_PARSER_ERROR", "Not in GZIP format") from None
            packed = self._inflate.unconsumed_tail

    def check_end(self) -> None:
        if self._begun and not self._inflate.eof:
            raise refuse("JSON_PARSER_ERROR", "Unexpected end of ZLIB input stream")


def _too_large(largest: int) -> Refused:
    message = f"The request body is larger than the maximum of {largest} bytes."
    return refuse("EXCEEDED_MAX_SIZE_REQUEST", message, 413)
