"""A request to the REST API as handlers see it, and their reply."""

import sqlite3
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from localorg.api import multipart
from localorg.auth.tokens import Session
from localorg.dml.work import Work
from localorg.errors import Refused, TypeMismatch, refuse
from localorg.faults.faults import NONE, Fired
from localorg.schema import Schema, SObject

if TYPE_CHECKING:
    from localorg.org import Org

NO_BODY = "The HTTP entity body is required, but this request has no entity body."


@dataclass(slots=True)
class Content:
    """A body that is no JSON: its type, its bytes piece by piece, and how many they are."""

    type: str
    pieces: Generator[bytes, None, None]
    size: int


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content: Content | None = None

    @property
    def failed(self) -> bool:
        return self.status >= HTTPStatus.MULTIPLE_CHOICES


@dataclass
class Call:
    org: "Org"
    schema: Schema  # as far as the caller may see and touch it
    session: Session
    db: sqlite3.Connection
    method: str
    version: str
    path: tuple[str, ...]  # decoded segments after the version
    query: Mapping[str, str]
    answer: "Callable[[Call], Reply]"  # how a call within this one is answered
    headers: Mapping[str, str]  # names in lower case
    origin: str = ""  # scheme and host as the caller named them
    content: bytes = b""
    upload: Path | None = None  # where a long body lies instead
    parsed: Any = None  # of a subrequest, whose body comes as JSON already
    fired: Fired = NONE  # the faults that act on this call

    @property
    def data_url(self) -> str:
        return f"/services/data/v{self.version}"

    @property
    def rows_url(self) -> str:
        """What the URL of every record begins with."""
        return f"{self.data_url}/sobjects/"

    @cached_property
    def work(self) -> Work:
        """For writing; one a call, so that all its records carry the same second."""
        return self.org.work(self.db, self.session.user_id, self)

    def record_url(self, sobject: SObject, record_id: str) -> str:
        return f"{self.rows_url}{sobject.name}/{record_id}"

    def body(self) -> Any:
        """The JSON of the request. Raises Refused for none or broken JSON."""
        if self.parsed is not None:
            return self.parsed
        if not self.content:
            raise refuse("JSON_PARSER_ERROR", NO_BODY)
        self._check_content_type()
        try:
            return orjson.loads(self.content)
        except orjson.JSONDecodeError as error:
            place = f"[line:{error.lineno}, column:{error.colno}]"
            raise refuse("JSON_PARSER_ERROR", f"{_unexpected(self.content, error.pos)} at {place}") from None

    def mapping(self) -> dict[str, Any]:
        """One record: JSON, or JSON and a file in two parts."""
        content_type = self.headers.get("content-type", "")
        if self.parsed is None and content_type.lower().startswith("multipart/"):
            return multipart.record(content_type, self.content)
        body = self.body()
        if not isinstance(body, dict):
            raise refuse(
                "JSON_PARSER_ERROR",
                "Can not deserialize instance of sobject out of START_ARRAY token at [line:1, column:1]",
            )
        return body

    def located(self, mismatch: TypeMismatch) -> Refused:
        """The error of a parser, which knows where in the body it was."""
        before = self.content.find(f'"{mismatch.field}"'.encode())
        line = self.content.count(b"\n", 0, max(before, 0)) + 1
        column = before - (self.content.rfind(b"\n", 0, max(before, 0)) + 1) + 1
        problem = mismatch.problems[0]
        return refuse(problem.code, f"{problem.message} at [line:{line}, column:{max(column, 1)}]")

    def _check_content_type(self) -> None:
        given = self.headers.get("content-type", "")
        if given and "json" not in given.lower():
            message = f"Content-Type header specified in HTTP request is not supported: {given}"
            raise refuse("UNSUPPORTED_MEDIA_TYPE", message, 415)


def _unexpected(content: bytes, position: int) -> str:
    text = content.decode("utf-8", "replace")
    if position >= len(text):
        return "Unexpected end-of-input"
    return f"Unexpected character ('{text[position]}' (code {ord(text[position])}))"
