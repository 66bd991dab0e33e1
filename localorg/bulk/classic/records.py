"""Records of a query in the formats of Bulk API 1.0 that are no CSV."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson

from localorg import clock
from localorg.bulk.classic.outcomes import NAMESPACE, XML_HEAD
from localorg.bulk.jobs import Job
from localorg.schema import Field
from localorg.soap import xml
from localorg.soql.compile import Compiled, Output
from localorg.soql.shape import builder

HEADS = {
    "JSON": ("[", "]"),
    "XML": (
        f'{XML_HEAD}<queryResult xmlns="{NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
        "</queryResult>",
    ),
}

Record = dict[str, Any]


def lines(db: sqlite3.Connection, query: Compiled, job: Job) -> Iterator[bytes]:
    """A line for each record."""
    build = builder(query.node, f"/services/data/v{job.version}/sobjects/")
    moments = [output for output in query.outputs if output.field.type in ("datetime", "date")]
    limit = -1 if query.limit is None else query.limit
    for number, row in enumerate(db.execute(f"{query.rows_sql()} LIMIT ?", [*query.params, limit])):
        record = build(row) or {}
        if job.content_type == "JSON":
            _tell_milliseconds(record, moments)
            yield (b",\n" if number else b"") + orjson.dumps(record)
        else:
            yield _element("records", record, {output.name: output.field for output in moments}).encode()


def _tell_milliseconds(record: Record, moments: list[Output]) -> None:
    """Dates and times are numbers in the JSON of Bulk API 1.0: milliseconds since 1970."""
    for output in moments:
        *parents, name = output.name.split(".")
        holder: Any = record
        for parent in parents:
            holder = holder[parent] if holder else None
        if holder and holder.get(name):
            holder[name] = _milliseconds(holder[name], output.field)


def _milliseconds(text: str, field: Field) -> int:
    moment = clock.read(text) if field.type == "datetime" else datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1000


def _element(tag: str, record: Record, moments: dict[str, Field], path: str = "") -> str:
    """A record as sObject: its type, then the fields; parents are sObjects in it."""
    parts = [xml.leaf("type", record["attributes"]["type"])]
    for name, value in record.items():
        if isinstance(value, dict) and name != "attributes":
            parts.append(_element(name, value, moments, f"{path}{name}."))
        elif name != "attributes":
            is_moment = f"{path}{name}" in moments and isinstance(value, str)
            parts.append(xml.leaf(name, value.replace("+0000", "Z") if is_moment else value))
    return xml.tag(tag, "".join(parts), xsi_type="sObject")
