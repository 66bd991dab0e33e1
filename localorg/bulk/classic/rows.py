"""Rows of a batch that come as JSON or XML: the whole of it at once, ten megabytes at most."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import orjson

from localorg.bulk import mapping
from localorg.bulk.jobs import Job
from localorg.bulk.mapping import Given
from localorg.errors import Refused, refuse
from localorg.schema import Schema, SObject
from localorg.soap import xml

Element = Any


class ListedRows:
    """``position``: how many rows were read."""

    def __init__(self, path: Path, job: Job) -> None:
        self._job = job
        self._records = _READERS[job.content_type](path.read_bytes())
        self._names: dict[str, str] = {}  # as given -> of the field or relationship; "" for what is none
        self.header: list[str] = []
        self.size = len(self._records)
        self.position = 0

    def close(self) -> None:
        """There is nothing open."""

    def prepare(self, schema: Schema, sobject: SObject) -> None:
        """Raises Refused for names that the object does not have."""
        for name in {name for record in self._records for name in record}:
            self._names[name] = _known(sobject, name)
        if self._records:
            mapping.check_names(self._job, set(self._names.values()))
        if self._job.operation in ("delete", "hardDelete") and set(self._names.values()) - {"Id", ""}:
            raise refuse("InvalidBatch", f"The '{self._job.operation}' batch must contain only ids")

    def rows(self, position: int) -> Generator[dict[str, Any], None, None]:
        for number, record in enumerate(self._records[position:], position + 1):
            self.position = number
            yield record

    def given(self, row: dict[str, Any]) -> Given:
        named = {self._names[name]: value for name, value in row.items() if self._names[name]}
        key = self._job.external_id or "Id"
        # a key that is empty is none
        return {name: value for name, value in named.items() if name not in ("Id", key) or value not in (None, "")}


def _known(sobject: SObject, name: str) -> str:
    field = sobject.find(name)
    if field is not None:
        return field.name
    reference = sobject.by_relationship.get(name.lower())
    if reference is not None:
        return str(reference.relationship)
    if name.lower() in ("attributes", "type"):
        return ""
    raise refuse("InvalidBatch", f"Field name not found : {name}")


def _from_json(content: bytes) -> list[dict[str, Any]]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise _unreadable(str(error)) from None
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise _unreadable("an array of objects is expected")
    return found


def _from_xml(content: bytes) -> list[dict[str, Any]]:
    try:
        root = xml.read(content)
    except xml.NotXml as error:
        raise _unreadable(str(error)) from None
    return [_record(element) for element in xml.children(root, "sObject")]


def _record(element: Element) -> dict[str, Any]:
    """Fields by name; xsi:nil empties one, and a parent stands in an sObject of its own."""
    record: dict[str, Any] = {}
    for child in element:
        name, inner = xml.name_of(child), xml.child(child, "sObject")
        if inner is not None:
            parent = _record(inner)
            kind = parent.pop("type", None)
            record[name] = parent | ({"attributes": {"type": kind}} if kind else {})
        elif xml.is_nil(child):
            record[name] = None
        elif child.text:
            record[name] = child.text
    return record


def _unreadable(why: str) -> Refused:
    return refuse("InvalidBatch", f"Unable to parse the batch: {why}")


_READERS = {"JSON": _from_json, "XML": _from_xml}
