"""A record that comes in two parts: its fields as JSON, and a file. The complaints are recorded ones."""

import logging
from dataclasses import dataclass, field
from typing import Any

import orjson
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from localorg.errors import Refused, refuse

logging.getLogger("python_multipart").disabled = True  # what a client gets wrong is told the client


@dataclass
class Part:
    headers: dict[str, bytes] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)

    @property
    def is_json(self) -> bool:
        return b"json" in self.headers.get("content-type", b"").lower()

    @property
    def name(self) -> str:
        """Of a file: the field that it goes into."""
        return (
            parse_options_header(self.headers.get("content-disposition"))[1]
            .get(b"name", b"")
            .decode("utf-8", "replace")
        )


def record(content_type: str, content: bytes) -> dict[str, Any]:
    """The fields of the JSON part, with the file under the name of its own part, as bytes."""
    parts = read(content_type, content)
    fields = [part for part in parts if part.is_json]
    files = [part for part in parts if not part.is_json]
    if not fields:
        raise _invalid("Multipart message must include a non-binary part")
    if len(files) > 1:
        raise _invalid("Cannot include more than one binary part")
    try:
        body = orjson.loads(fields[0].content)
    except orjson.JSONDecodeError as error:
        raise refuse("JSON_PARSER_ERROR", f"{error.msg} at [line:{error.lineno}, column:{error.colno}]") from None
    if not isinstance(body, dict):
        raise _invalid("The non-binary part must be one record")
    return body | {file.name: bytes(file.content) for file in files}


def read(content_type: str, content: bytes) -> list[Part]:
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    reading = _Reading()
    try:
        parser = MultipartParser(boundary, reading.callbacks)
        parser.write(content)
        parser.finalize()
    except MultipartParseError:
        raise _invalid("The multipart message cannot be read") from None
    return reading.parts


class _Reading:
    """Collects what the parser finds, piece by piece."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._name = self._value = b""
        self.callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
            "on_part_data": self._data,
        }

    def _begin(self) -> None:
        self.parts.append(Part())

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        self.parts[-1].headers[self._name.decode("latin-1").lower()] = self._value
        self._name = self._value = b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]


def _invalid(message: str) -> Refused:
    return refuse("INVALID_MULTIPART_REQUEST", message)
