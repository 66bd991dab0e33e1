"""COPY, the fastest way into PostgreSQL: rows travel as text, which is built column by column."""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice, repeat
from operator import is_
from typing import Any

import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import connection as database
from django.db.models import CharField, Field, JSONField, Model, TextField

NULL = r"\N"
BLOCK = 500  # rows; PostgreSQL works on one while the next is built
SPECIAL = re.compile(r"[\\\t\n\r]")
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def copy(model: type[Model], columns: Mapping[str, Sequence[Any]], same: Mapping[str, Any] | None = None) -> None:
    """Insert rows given as columns by attribute; ``same`` holds what is one value in all rows.

    Raises what COPY raises (IntegrityError, DataError).
    """
    fields: dict[str, Any] = {field.attname: field for field in model._meta.concrete_fields}
    count = len(next(iter(columns.values())))
    columns = {**columns, **{name: [value] * count for name, value in (same or {}).items()}}
    texts = {name: _texts(fields[name], values) for name, values in columns.items()}
    lines = map("\t".join, zip(*texts.values(), strict=True))
    names = ", ".join(database.ops.quote_name(fields[name].column) for name in texts)
    statement = f"COPY {database.ops.quote_name(model._meta.db_table)} ({names}) FROM STDIN"
    with database.cursor() as cursor, database.wrap_database_errors, cursor.copy(statement) as stream:
        for block in _blocks(lines):
            stream.write(block)


def array_literal(values: Iterable[Any]) -> str:
    """Text that PostgreSQL reads as an array: a parameter of thousands of values is built in no time."""
    values = list(values)
    texts = list(map(str, values))
    whole = "".join(texts)
    if '"' in whole or "\\" in whole:
        texts = [text.replace("\\", r"\\").replace('"', r"\"") for text in texts]
    if None in values:
        given = zip(values, texts, strict=True)
        return "{" + ",".join("NULL" if value is None else f'"{text}"' for value, text in given) + "}"
    return '{"' + '","'.join(texts) + '"}' if texts else "{}"


def as_json(value: Any) -> bytes:
    """JSON of a value; what JSON does not know becomes text."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:  # a number of more than 64 bits
        return json.dumps(value, default=str).encode()


def _blocks(lines: Iterator[str]) -> Iterator[str]:
    while block := list(islice(lines, BLOCK)):
        yield "\n".join(block) + "\n"


def _texts(field: Field, values: Sequence[Any]) -> Iterable[str]:
    """A column as COPY reads it."""
    write = next((write for kind, write in WRITERS.items() if isinstance(field, kind)), str)
    if all(map(is_, values, repeat(values[0]))):
        return repeat(_text(write, values[0]), len(values))
    if write is _escaped and None not in values and not SPECIAL.search("".join(map(str, values))):
        return map(str, values)
    return [NULL if value is None else write(value) for value in values]


def _text(write: Callable[[Any], str], value: Any) -> str:
    return NULL if value is None else write(value)


def _escaped(value: Any) -> str:
    return str(value).translate(ESCAPES)


def _json(value: Any) -> str:
    return as_json(value).decode().replace("\\", r"\\")


def _array(values: Iterable[Any]) -> str:
    return array_literal(values).translate(ESCAPES)


WRITERS: dict[type[Field], Callable[[Any], str]] = {
    CharField: _escaped,
    TextField: _escaped,
    JSONField: _json,
    ArrayField: _array,
}
