"""Requests on a condition: by ETag, which only accounts have, or by the date of the last change.

As in the REST guide under "Conditional Request Headers". It leaves open what a PATCH gets whose If-Modified-Since
does not hold: here 412. DELETE knows no conditions.
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from hashlib import sha256

import orjson

from localorg import clock
from localorg.api.call import Call, Reply
from localorg.errors import refuse
from localorg.schema import SObject

TAGGED = "Account"
READING = ("GET", "HEAD")
CACHING = ("if-none-match", "if-modified-since")  # a read that fails these has nothing new to tell
NAMES = ("if-match", *CACHING, "if-unmodified-since")
MOMENT = "%a, %d %b %Y %H:%M:%S GMT"
FAILED = "One or more of the preconditions specified in the request headers weren't met"

_TAG_LIST = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_TAG = re.compile(r'"([^"]*)"')
_GZIPPED = re.compile(r"-+gzip\Z")  # how the body was sent that came with the tag


@dataclass(frozen=True, slots=True)
class State:
    """Of a resource: when it last changed, and the hash of what it then was."""

    changed: datetime | None = None
    tag: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        told = {"ETag": f'"{self.tag}"'} if self.tag else {}
        return told | ({"Last-Modified": format_datetime(self.changed, usegmt=True)} if self.changed else {})


def of_record(call: Call, sobject: SObject, record_id: str) -> State:
    row = call.work.fetch(sobject, record_id) or {}
    stamp = row.get("LastModifiedDate") or row.get("SystemModstamp")
    changed = clock.read(str(stamp)) if stamp else None
    if sobject.name != TAGGED or not row:
        return State(changed)
    return State(changed, b64encode(sha256(orjson.dumps(row, default=str)).digest()).decode())


def of_schema(call: Call) -> State:
    """What describes tell changes with the permissions of whoever asks."""
    return State(call.org.views.changed_at(call.db))


def answer(call: Call, reply: Reply, state: State) -> Reply:
    """The reply and what a client may cache it by; 304 if it has that already. Raises Refused (412)."""
    if check(call, state):
        return Reply(reply.status, reply.body, reply.headers | state.headers)
    return Reply(304, headers=state.headers)


def check(call: Call, state: State) -> bool:
    """False if a read has nothing new to tell. Raises Refused: 412 for any other condition that does not hold."""
    for name in NAMES:
        if name not in call.headers or _holds(call, name, state):
            continue
        if name in CACHING and call.method in READING:
            return False
        raise refuse("PRECONDITION_FAILED", FAILED, 412)
    return True


def _holds(call: Call, name: str, state: State) -> bool:
    """Whether a condition holds; one that does not apply does, and so does one of a read that nobody can read."""
    if name in ("if-match", "if-none-match"):
        tags = _tags(call, name)
        return not tags or state.tag is None or ("*" in tags or state.tag in tags) == (name == "if-match")
    if name == "if-modified-since" and state.tag and "if-none-match" in call.headers:
        return True  # the tag tells better
    moment = _moment(call, name)
    return not moment or not state.changed or (state.changed > moment) == (name == "if-modified-since")


def _tags(call: Call, name: str) -> set[str]:
    given = call.headers[name].strip()
    if given == "*":
        return {"*"}
    if not _TAG_LIST.fullmatch(given):
        _refuse_unreadable(call, name)
        return set()
    return {_GZIPPED.sub("", tag) for tag in _TAG.findall(given)}


def _moment(call: Call, name: str) -> datetime | None:
    try:
        return datetime.strptime(call.headers[name].strip(), MOMENT).replace(tzinfo=UTC)
    except ValueError:
        if name != "if-modified-since":
            _refuse_unreadable(call, name)
        return None


def _refuse_unreadable(call: Call, name: str) -> None:
    if call.method not in READING:
        raise refuse("INVALID_INPUT", f"Invalid value of the header {name.title()}: {call.headers[name]}")
