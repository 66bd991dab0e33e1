"""JSON values -> what a column holds, in Salesforce's normal form. Raises where the org would."""

import base64
import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from localorg import clock, ids
from localorg.errors import RecordRefused, TypeMismatch, refuse_record
from localorg.schema import Field

_EMAIL = re.compile(
    r"[A-Za-z0-9!#$%&'*/=?^_+`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*/=?^_+`{|}~-]+)*"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9-]*[A-Za-z]{2,}\Z"
)
_DATETIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9}(?:Z|[+-]\d\d:?\d\d)|Z|[+-]\d\d:\d\d)\Z", re.I)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z")
FIRST_DAY, LAST_DAY = "1700-01-01", "4000-12-31"
LONGEST_ECHO = 40  # characters of a file that an error repeats
_BOOLEANS = {"true": 1, "false": 0, "1": 1, "0": 0}

Stored = str | int | float | bytes | tuple[str, ...] | None
Reader = Callable[[Field, Any], Stored]


def read(field: Field, value: Any) -> Stored:
    """The stored form of a value as it came. Raises TypeMismatch for what JSON cannot mean here."""
    if value is None or value in ("", b""):
        return 0 if field.type == "boolean" and value == "" else _null(field)
    return READERS.get(field.type, _text)(field, value)


def check(field: Field, value: Stored) -> RecordRefused | None:
    """What is wrong with a value that could be read: length, range, e-mail, restricted picklist."""
    if value is None:
        return None
    if isinstance(value, str) and field.is_text:
        return _check_text(field, value)
    if field.precision and isinstance(value, float) and abs(value) >= 10 ** (field.precision - field.scale):
        return _out_of_range(field, value)
    if field.type in ("date", "datetime") and not FIRST_DAY <= str(value)[:10] <= LAST_DAY:
        message = f"{field.label}: invalid date: {value!s}"
        return refuse_record("NUMBER_OUTSIDE_VALID_RANGE", message, field.name)
    if field.type == "int" and isinstance(value, int) and abs(value) >= 10**field.length:
        return _out_of_range(field, value)
    return None


def _null(field: Field) -> Stored:
    if field.type == "boolean":
        message = f"{field.label}: value not of required type: null"
        raise refuse_record("INVALID_TYPE_ON_FIELD_IN_RECORD", message, field.name)
    return None


def _check_text(field: Field, value: str) -> RecordRefused | None:
    if len(value) > field.length:
        message = f"{field.label}: data value too large: {value} (max length={field.length})"
        return refuse_record("STRING_TOO_LONG", message, field.name)
    if field.type == "email" and not _EMAIL.match(value):
        return refuse_record("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {value}", field.name)
    return wrong_choice(field, value, field.allowed) if field.restricted else None


def wrong_choice(field: Field, value: Stored, allowed: Collection[str]) -> RecordRefused | None:
    """What is wrong with a picklist's value if only these are allowed, whatever their case."""
    known = {choice.casefold() for choice in allowed}
    chosen = str(value or "").split(";") if field.type == "multipicklist" else [str(value or "")]
    if value is None or all(choice.casefold() in known for choice in chosen):
        return None
    message = f"{field.label}: bad value for restricted picklist field: {value!s}"
    return refuse_record("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, field.name)


def _out_of_range(field: Field, value: float) -> RecordRefused:
    message = f"{field.label}: value outside of valid range on numeric field: {value}"
    return refuse_record("NUMBER_OUTSIDE_VALID_RANGE", message, field.name)


def _text(field: Field, value: Any) -> Stored:
    if not isinstance(value, str):
        raise TypeMismatch("string", value, field.name)
    text = value.strip()
    if field.type == "textarea" and "\n" in text:
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    if field.type == "multipicklist":
        text = ";".join(sorted({part.strip() for part in text.split(";") if part.strip()}))
    if field.restricted:
        text = _canonical(field, text)
    return text or None


def _canonical(field: Field, text: str) -> str:
    """A restricted picklist stores the value as its administrators spelt it."""
    folded = text.casefold()
    return next((v.value for v in field.values if v.value.casefold() == folded), text)


def _boolean(field: Field, value: Any) -> Stored:
    if isinstance(value, bool):
        return int(value)
    found = _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None
    if found is None:
        raise TypeMismatch("boolean", value, field.name)
    return found


def _int(field: Field, value: Any) -> Stored:
    number = _decimal("int", field, value)
    if number != number.to_integral_value():
        raise TypeMismatch("int", value, field.name)
    return int(number)


def _double(field: Field, value: Any) -> Stored:
    number = _decimal("double", field, value)
    if abs(number) >= 10 ** (field.precision - field.scale):
        return float(number)
    return float(number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP))


def _decimal(kind: str, field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeMismatch(kind, value, field.name)
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise TypeMismatch(kind, value, field.name) from None
    if not number.is_finite():
        raise TypeMismatch(kind, value, field.name)
    return number


def _date(field: Field, value: Any) -> Stored:
    text = value.strip() if isinstance(value, str) else ""
    try:
        if _DATE.match(text):
            return date.fromisoformat(text).isoformat()
        return _instant(text).date().isoformat()  # a datetime is cut to its day
    except ValueError:
        raise TypeMismatch("date", value, field.name) from None


def _datetime(field: Field, value: Any) -> Stored:
    text = value.strip() if isinstance(value, str) else ""
    try:
        if _DATE.match(text):
            return clock.stored(datetime.fromisoformat(text).replace(tzinfo=UTC))
        return clock.stored(_instant(text))
    except ValueError:
        raise TypeMismatch("datetime", value, field.name) from None


def _instant(text: str) -> datetime:
    if not _DATETIME.match(text):
        raise ValueError(text)
    return datetime.fromisoformat(text.upper())


def _blob(field: Field, value: Any) -> bytes:
    if isinstance(value, bytes):  # a part of its own
        return value
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (AttributeError, ValueError):  # no text; no base64
        shown = value if not isinstance(value, str) or len(value) <= LONGEST_ECHO else f"{value[:LONGEST_ECHO]}..."
        raise TypeMismatch("base64Binary", shown, field.name) from None


def _ids(field: Field, value: Any) -> tuple[str, ...]:
    """A list of ids: those that an e-mail went to."""
    if not isinstance(value, list):
        raise TypeMismatch("list", value, field.name)
    return tuple(str(_reference(field, item)) for item in value)


def _reference(field: Field, value: Any) -> Stored:
    if not isinstance(value, str):
        raise TypeMismatch("string", value, field.name)
    found = ids.parse(value.strip())
    if found is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise refuse_record("MALFORMED_ID", message, field.name)
    return found


READERS: dict[str, Reader] = {
    "boolean": _boolean,
    "int": _int,
    "double": _double,
    "currency": _double,
    "percent": _double,
    "date": _date,
    "datetime": _datetime,
    "reference": _reference,
    "id": _reference,
    "base64": _blob,
    "complexvalue": _ids,
}
