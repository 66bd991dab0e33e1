"""From an HTTP request under /services/data to the bytes of its answer."""

import re
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from localorg.api import router, versions
from localorg.api.ahead import Made
from localorg.api.call import Call, Content, Reply
from localorg.auth.tokens import Session
from localorg.calllog import CURRENT, rows
from localorg.delivery import Answer
from localorg.errors import Refused, refuse

if TYPE_CHECKING:
    import sqlite3

    from localorg.faults import Fired
    from localorg.incoming import Incoming
    from localorg.org import Org

WORTH_ZIPPING = 2048  # bytes
JSON = "application/json;charset=UTF-8"

_WRITING_PART = re.compile(rb'"method"\s*:\s*"(?!GET")|\\u|search', re.I)  # \\u: spelt so that one cannot tell


class _Undo(Exception):
    """Ends the transaction of a failed call without a trace."""


def serve(org: "Org", incoming: "Incoming", fired: "Fired") -> Answer:
    """Runs in a thread of its own; ``fired``: the faults that act on the call."""
    segments = _segments(incoming)
    if not segments:
        return _encoded(incoming, Reply(body=versions.served()))
    made = _made(org, incoming, segments, fired)
    _log_rows(incoming, made.reply)
    made.answer.headers["Sforce-Limit-Info"] = org.calls.usage
    return made.answer


def _made(org: "Org", incoming: "Incoming", segments: tuple[str, ...], fired: "Fired") -> Made:
    try:
        caller = _admitted(org, incoming, segments)
        if incoming.method != "GET" or fired.rules:
            return _answered(org, incoming, caller, fired)
        made = org.ahead.take(incoming) or _answered(org, incoming, caller, fired)
    except Refused as refused:
        reply = router.refusal(refused)
        return Made(_encoded(incoming, reply), reply)
    if not org.calls.busy:
        org.ahead.follow(incoming, made.reply, lambda wanted: _answered(org, wanted, _next(caller, wanted), fired))
    return made


def _next(caller: "_Caller", wanted: "Incoming") -> "_Caller":
    return replace(caller, path=_segments(wanted)[1:])


def _segments(incoming: "Incoming") -> tuple[str, ...]:
    """Decoded, from the version on."""
    return tuple(unquote(segment) for segment in incoming.path.split("/")[3:] if segment)


def _log_rows(incoming: "Incoming", reply: Reply) -> None:
    entry = CURRENT.get()
    if entry is not None:
        counted = rows(incoming.method, reply.status, reply.body)
        entry.rows_in, entry.rows_out, entry.rows_refused = counted


def refusal_answer(org: "Org", refused: Refused) -> Answer:
    """What a caller is told whose request went no further."""
    headers = {"Content-Type": JSON, "Sforce-Limit-Info": org.calls.usage}
    return Answer(refused.status, headers, orjson.dumps(refused.as_rest()))


@dataclass(frozen=True, slots=True)
class _Caller:
    session: Session
    version: str
    path: tuple[str, ...]  # decoded segments after the version


def _admitted(org: "Org", incoming: "Incoming", segments: tuple[str, ...]) -> _Caller:
    """Who calls and for what; counts the call. Raises Refused."""
    session = _authenticate(org, incoming)
    version = versions.check(segments[0])
    path = _without_suffix(segments[1:])
    org.calls.note(incoming.method, path)
    check_limits(org)
    return _Caller(session, version, path)


def _answered(org: "Org", incoming: "Incoming", caller: _Caller, fired: "Fired") -> Made:
    try:
        with _transaction(org, incoming, caller.path)() as db:
            call = _call(org, db, incoming, caller)
            call.fired = fired
            call.upload = incoming.upload
            reply = router.answer(call)
            if reply.failed:
                raise _Undo
    except _Undo:
        pass
    return Made(_encoded(incoming, reply), reply)


def check_limits(org: "Org") -> None:
    """Raises Refused for a caller who has used up what is allowed."""
    if org.calls.exhausted:
        raise refuse("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403)
    if org.calls.crowded:
        raise refuse("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.", 403)


def _call(org: "Org", db: "sqlite3.Connection", incoming: "Incoming", caller: _Caller) -> Call:
    return Call(
        org,
        org.schema_by_api(db, caller.session.user_id),
        caller.session,
        db,
        incoming.method,
        caller.version,
        caller.path,
        incoming.parameters,
        router.answer,
        incoming.headers,
        incoming.origin,
        incoming.body,
    )


def _authenticate(org: "Org", incoming: "Incoming") -> Session:
    header = incoming.headers.get("authorization", "")
    if header and not incoming.token:
        raise refuse("INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE", 401)
    session = org.tokens.find(incoming.token)
    if session is None:
        raise refuse("INVALID_SESSION_ID", "Session expired or invalid", 401)
    return session


def _without_suffix(path: tuple[str, ...]) -> tuple[str, ...]:
    """Resources may be asked for as query.json; values of external ids keep their dots."""
    if path and path[-1].endswith(".json") and (path[:2] == path or path[-1] == "describe.json"):
        return (*path[:-1], path[-1].removesuffix(".json"))
    return path


def _transaction(
    org: "Org", incoming: "Incoming", path: tuple[str, ...]
) -> "Callable[[], AbstractContextManager[sqlite3.Connection]]":
    """Reading calls share the database; one that may write has it alone. A search brings the index up to date."""
    searches = path[:1] != () and path[0].lower() in ("search", "parameterizedsearch")
    retrieves = incoming.method == "POST" and path[:2] == ("composite", "sobjects") and path[2:] != ()
    only_asks = path == ("composite",) and not _WRITING_PART.search(incoming.body)
    reads = (incoming.method in router.READING and not searches) or retrieves or only_asks
    return org.database.read if reads else org.database.write


def _encoded(incoming: "Incoming", reply: Reply) -> Answer:
    headers = dict(reply.headers)
    if reply.content is not None:
        return streamed(incoming, reply.status, reply.content, headers)
    if reply.body is None:
        return Answer(reply.status, headers, b"")
    body = _json(reply.body, pretty=incoming.headers.get("x-prettyprint") == "1")
    headers["Content-Type"] = JSON
    if len(body) > WORTH_ZIPPING and "gzip" in incoming.headers.get("accept-encoding", ""):
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        body = _zipped(body)
    return Answer(reply.status, headers, body)


def streamed(incoming: "Incoming", status: int, content: Content, headers: dict[str, str]) -> Answer:
    """An answer that is made while it is sent."""
    headers["Content-Type"] = content.type
    if content.size > WORTH_ZIPPING and "gzip" in incoming.headers.get("accept-encoding", ""):
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return Answer(status, headers, parts=_zipping(content.pieces))
    headers["Content-Length"] = str(content.size)
    return Answer(status, headers, parts=content.pieces)


def _zipped(body: bytes) -> bytes:
    return b"".join(_zipping(iter([body])))


def _zipping(pieces: Iterator[bytes]) -> Generator[bytes, None, None]:
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
    for piece in pieces:
        yield squeeze.compress(piece)
    yield squeeze.flush()


def _json(body: Any, pretty: bool) -> bytes:
    if not pretty:
        return orjson.dumps(body)
    text = orjson.dumps(body, option=orjson.OPT_INDENT_2)
    if b"\\" in text and b'\\"' in text:  # one byte is found sooner than two
        return _KEY.sub(rb"\1 :", text)
    # no quote inside any string, so this pattern can only be the end of a key
    return text.replace(b'": ', b'" : ')


_KEY = re.compile(rb'^(\s*"(?:[^"\\]|\\.)*"):', re.M)
