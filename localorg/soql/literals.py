"""Literals of a query -> values to compare columns with."""

import re
from datetime import UTC, date, datetime

from localorg import ids
from localorg.errors import Refused, refuse
from localorg.schema import Field
from localorg.soql import dates
from localorg.soql.calendar import Calendar
from localorg.soql.tree import Literal

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
LONGEST = 4000  # characters of a string
LARGEST = 2.0**63  # what SQLite takes for an integer
QUOTED_TYPES = {"id", "reference"}

_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.S)

Scalar = str | int | float | None


def is_null(literal: Literal) -> bool:
    return literal.kind == "name" and literal.text.lower() == "null"


def text_of(literal: Literal, like: bool = False) -> str:
    """What a quoted string means. In LIKE patterns the escapes of % and _ stay, for SQL to see."""

    def one(match: re.Match[str]) -> str:
        sign = match[1]
        if sign[1:]:
            return chr(int(sign[1:], 16))
        if like and sign in "%_\\":
            return "\\" + sign
        if sign not in ESCAPES and sign not in "%_":
            illegal = f"Illegal character sequence '\\{sign}' in string literal."
            raise refuse("MALFORMED_QUERY", f"Invalid string literal '{literal.text[1:-1]}'. {illegal}")
        return ESCAPES.get(sign, sign)

    text = _ESCAPE.sub(one, literal.text[1:-1])
    if len(text) > LONGEST:
        raise refuse("MALFORMED_QUERY", f"Strings of a query cannot be longer than {LONGEST} characters.")
    return text


def scalar(field: Field, literal: Literal) -> Scalar:
    """The one value to compare with. Raises Refused (INVALID_FIELD) when the literal is of another type."""
    if is_null(literal):
        return 0 if field.type == "boolean" else None
    if field.type in QUOTED_TYPES:
        return _id(field, literal)
    if field.is_text:
        return _text(field, literal)
    if field.type == "boolean":
        return _boolean(field, literal)
    if field.type in ("date", "datetime"):
        return _moment(field, literal)
    return _number(field, literal)


def days(field: Field, literal: Literal, calendar: Calendar) -> tuple[str, str] | None:
    """First value and end (exclusive) when the literal is a date literal such as LAST_MONTH."""
    if literal.kind not in ("name", "range") or field.type not in ("date", "datetime"):
        return None
    try:
        found = dates.resolve(literal.text, calendar)
    except (OverflowError, ValueError):
        raise refuse("MALFORMED_QUERY", f"invalid date: {literal.text}") from None
    if found is None:
        return None
    first, end = found
    if field.type == "date":
        return first.isoformat(), end.isoformat()
    return calendar.midnight(first), calendar.midnight(end)


def _id(field: Field, literal: Literal) -> str:
    if literal.kind != "string":
        raise mismatch(field, literal)
    text = text_of(literal)
    if text == "":
        return ""
    found = ids.parse(text)
    if found is None:
        raise refuse("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}")
    return found


def _text(field: Field, literal: Literal) -> str | None:
    if literal.kind != "string":
        raise mismatch(field, literal)
    return text_of(literal) or None


def _boolean(field: Field, literal: Literal) -> int:
    if literal.kind != "name" or literal.text.lower() not in ("true", "false"):
        raise mismatch(field, literal)
    return int(literal.text.lower() == "true")


def _number(field: Field, literal: Literal) -> float | int:
    if literal.kind != "number":
        raise mismatch(field, literal)
    number = float(literal.text)
    return int(number) if field.type == "int" and number.is_integer() and abs(number) < LARGEST else number


def _moment(field: Field, literal: Literal) -> str:
    if literal.kind != field.type:
        raise mismatch(field, literal)
    try:
        if field.type == "date":
            return date.fromisoformat(literal.text).isoformat()
        return instant(literal.text)
    except (ValueError, OverflowError):
        raise refuse("INVALID_FIELD", f"invalid date: {literal.text}") from None


def instant(text: str) -> str:
    """A datetime as stored, its fraction of a second kept so that comparisons stay exact."""
    moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}+0000"


def mismatch(field: Field, literal: Literal) -> Refused:
    kind = {"datetime": "dateTime", "reference": "string", "id": "string"}.get(field.type, field.type)
    quoted = field.is_text or field.type in QUOTED_TYPES
    kind = "string" if quoted else kind
    rule = "should be enclosed in quotes" if quoted else "should not be enclosed in quotes"
    tail = f" and {rule}" if quoted or literal.kind == "string" else ""
    return refuse("INVALID_FIELD", f"value of filter criterion for field '{field.name}' must be of type {kind}{tail}")
