"""What SQLite itself writes as a line of CSV: rows go from the table to the file without becoming Python objects."""

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from itertools import islice

from localorg.schema import Field
from localorg.schema.model import FLOATS
from localorg.soql.compile import Compiled, Output

SEPARATORS = {"BACKQUOTE": "`", "CARET": "^", "COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "TAB": "\t"}
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
MOST_ARGUMENTS = 100  # of one call of printf; SQLite takes no more than 127


def lines_sql(query: Compiled, outputs: Sequence[Output], separator: str, ending: str) -> tuple[str, list[object]]:
    """A statement whose rows are lines of bytes, and its parameters. The connection must know ``java_double``.

    Every value stands in quotes; what is null is an empty string.
    """
    parts, formats = [], []
    remaining = iter(outputs)
    while group := list(islice(remaining, MOST_ARGUMENTS)):
        formats.append(separator.join(['"%w"'] * len(group)))
        parts.append(f"printf(?, {', '.join(_text(output) for output in group)})")
    line = " || ? || ".join(parts) + " || ?"
    between = [value for form in formats for value in (form, separator)]
    between[-1] = ending
    limit = -1 if query.limit is None else query.limit
    sql = f"SELECT CAST({line} AS BLOB) FROM {query.from_sql} WHERE {query.where_sql}{query.order_sql} LIMIT ?"
    return sql, [*between, *query.params, limit]


def teach(db: sqlite3.Connection) -> None:
    """Let a connection write numbers as Salesforce does."""
    db.create_function("java_double", 1, java_double, deterministic=True)


def java_double(number: float) -> str:
    """A number as Java prints it: 1500.0, but 1.5E7 from ten million up and 1.0E-4 below a thousandth."""
    if not number or 1e-3 <= abs(number) < 1e7:  # noqa: PLR2004  # the bounds are Java's
        return repr(float(number))
    sign, digits, exponent = Decimal(repr(float(number))).normalize().as_tuple()
    text = "".join(map(str, digits))
    return f"{'-' * sign}{text[0]}.{text[1:] or '0'}E{int(exponent) + len(text) - 1}"


def _text(output: Output) -> str:
    return f"coalesce({_as_text(output.sql, output.field)}, '')"


def _as_text(sql: str, field: Field) -> str:
    if field.type == "boolean":
        return f"CASE {sql} WHEN 0 THEN 'false' WHEN 1 THEN 'true' END"
    if field.type == "datetime":
        return f"substr({sql}, 1, 23) || 'Z'"  # .000Z where REST shows .000+0000
    if field.type in FLOATS:
        return f"CASE WHEN {sql} IS NOT NULL THEN java_double({sql}) END"
    return sql
