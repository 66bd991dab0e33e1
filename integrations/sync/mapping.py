"""Our values in their words and back: pure functions, faithful both ways.

A value that one side can't express is MISSING, never a guess; a value that does not fit is a Problem, never cut short.
"""

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from typing import Any

from django.utils.dateparse import parse_datetime

from integrations.sync.plan import Rule
from integrations.sync.provider import NUMBERS, Description, RemoteField, Value, Values
from integrations.sync.records import Field, Type


class Missing(Enum):
    MISSING = "missing"


MISSING = Missing.MISSING
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")

# Remote types whose values are text in our hands, too, but more than text.
UNLIKE_TEXT = {"datetime", "multipicklist", *NUMBERS}
TEXTS = {"string", "textarea", "picklist", "combobox", "phone", "url", "email", "encryptedstring"}
PLAIN_TEXTS = {Type.TEXT, Type.LONG_TEXT, Type.PICKLIST, Type.URL, Type.EMAIL, Type.PHONE}
COMPATIBLE: dict[Type, set[str]] = {
    Type.TEXT: TEXTS,
    Type.LONG_TEXT: TEXTS,
    Type.URL: {"url", "string", "textarea"},
    Type.EMAIL: {"email", "string"},
    Type.PHONE: {"phone", "string"},
    Type.NUMBER: NUMBERS,
    Type.DATE: {"date"},
    Type.DATETIME: {"datetime"},
    Type.BOOLEAN: {"boolean"},
    Type.PICKLIST: {"picklist", "combobox", "string"},
    Type.MULTI_PICKLIST: {"multipicklist"},
    Type.OWNER: {"reference"},
    Type.REFERENCE: {"reference"},
    Type.STAGE: {"picklist", "combobox", "string"},
}


def compatible(local_type: str, remote_type: str) -> bool:
    """Whether values of our type can be kept in a remote field of theirs."""
    return remote_type in COMPATIBLE[Type(local_type)]


@dataclass(frozen=True)
class Pair:
    """A field of ours, the remote field that holds the same, and how they are kept in step."""

    field: Field
    remote: RemoteField
    rule: Rule

    @property
    def name(self) -> str:
        return self.remote.name


@dataclass(frozen=True)
class Vocabulary:
    """How users, stages and records are called on the other side, and back."""

    remote_users: Mapping[int, str] = dataclasses.field(default_factory=dict)
    users: Mapping[str, int] = dataclasses.field(default_factory=dict)
    stage_values: Mapping[int, str] = dataclasses.field(default_factory=dict)
    stages: Mapping[str, Sequence[int]] = dataclasses.field(default_factory=dict)
    of_stage: Mapping[int, Mapping[str, Any]] = dataclasses.field(default_factory=dict)
    remote_ids: Mapping[tuple[str, int], str] = dataclasses.field(default_factory=dict)
    record_ids: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Problem:
    """Why a value can't be sent; ``code`` is what Salesforce would have answered."""

    code: str
    field: str
    message: str
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def normal(remote: RemoteField, value: Any) -> Value:
    """A plain value in the normal form of ``remote``, so that equal values compare equal and nothing echoes."""
    if remote.type == "boolean":
        return bool(value)
    if value is None or value in ("", []):
        return None
    if isinstance(value, str) and remote.type not in UNLIKE_TEXT:
        return value.replace("\r\n", "\n").strip() or None
    if remote.type in NUMBERS:
        return _number(remote, value)
    if remote.type == "datetime" and isinstance(value, str):
        value = parse_datetime(value) or value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    if isinstance(value, date):
        return value.isoformat()
    if remote.type == "multipicklist":
        return ";".join(sorted(value if isinstance(value, list) else str(value).split(";")))
    return str(value).replace("\r\n", "\n").strip() or None


def _number(remote: RemoteField, value: Any) -> Value:
    return round(float(value), remote.scale) if remote.type not in {"int", "long"} else round(float(value))


def to_remote(pair: Pair, value: Any, vocabulary: Vocabulary) -> Value | Missing:
    """Our value in their words; MISSING where they have no word for it (yet)."""
    match pair.field.type:
        case Type.OWNER:
            return vocabulary.remote_users.get(value, MISSING)
        case Type.STAGE:
            return None if value is None else vocabulary.stage_values.get(value, MISSING)
        case Type.REFERENCE:
            return None if value is None else vocabulary.remote_ids.get((pair.field.reference, value), MISSING)
    return normal(pair.remote, value)


def express(pairs: Iterable[Pair], read: Callable[[Field], Any], vocabulary: Vocabulary) -> dict[str, Value]:
    """A record of ours by remote field; what can't be expressed is left out."""
    expressed: dict[str, Value] = {}
    for pair in pairs:
        value = to_remote(pair, read(pair.field), vocabulary)
        if value is not MISSING:
            expressed[pair.remote.name] = value
    return expressed


def to_local(pair: Pair, value: Value, vocabulary: Vocabulary, current: Any) -> Any:
    """Their value as our field holds it. MISSING when it does not fit or names what is not here.

    Several stages may mean one status: the ``current`` one stays if it does.
    """
    if pair.field.type == Type.STAGE and current in vocabulary.stages.get(str(value), ()):
        return current
    return reader(pair, vocabulary)(value)


def reader(pair: Pair, vocabulary: Vocabulary) -> Callable[[Value], Any]:
    """Reads values of theirs as ``to_local`` does for a record that is new here: for many of them."""
    match pair.field.type:
        case Type.OWNER:
            return lambda value: vocabulary.users.get(str(value)) if value else None
        case Type.STAGE:
            return partial(_first_stage, pair.field, vocabulary)
        case Type.REFERENCE:
            return lambda value: vocabulary.record_ids.get(str(value)) if value else None
        case Type.BOOLEAN:
            return bool
    read, empty = _plain_reader(pair.field), pair.field.empty
    return lambda value: empty if value is None else read(value)


def read_column(pair: Pair, values: Sequence[Value], vocabulary: Vocabulary, default: Any) -> list[Any]:
    """``to_local`` for many new records at once; where they have nothing, ours is ``default``."""
    if pair.field.type in PLAIN_TEXTS and _all_fit(pair.field, values):
        return [value or default for value in values]
    read = reader(pair, vocabulary)
    return [default if value is None else read(value) for value in values]


def _all_fit(local: Field, values: Sequence[Any]) -> bool:
    texts = [value for value in values if value]
    is_short = not local.max_length or max(map(len, texts), default=0) <= local.max_length
    return is_short and "\x00" not in "".join(texts)


def _first_stage(local: Field, vocabulary: Vocabulary, value: Value) -> Any:
    if value is None:
        return None if local.empty is None else MISSING
    return next(iter(vocabulary.stages.get(str(value), ())), MISSING)


def _plain_reader(local: Field) -> Callable[[Value], Any]:
    match local.type:
        case Type.NUMBER:
            return lambda value: _fitting_number(local, Decimal(str(value)))
        case Type.DATE if local.is_custom:
            return lambda value: str(value)[:10]
        case Type.DATE:
            return lambda value: date.fromisoformat(str(value)[:10])
        case Type.DATETIME:
            return lambda value: _moment(local, str(value))
        case Type.MULTI_PICKLIST:
            return lambda value: str(value).split(";")
    limit = local.max_length or sys.maxsize
    return lambda value: text if len(text := str(value).replace("\x00", "")) <= limit else MISSING


def _moment(local: Field, text: str) -> Any:
    moment = parse_datetime(text)
    return moment.isoformat() if moment and local.is_custom else moment


def _fitting_number(local: Field, number: Decimal) -> Any:
    if local.is_custom:
        return float(number) if local.decimals else int(number)
    if local.max_digits and abs(number) >= Decimal(10) ** (local.max_digits - local.decimals):
        return MISSING
    return round(number, local.decimals) if local.decimals else int(number)


def problems(values: Values, description: Description, *, is_create: bool) -> list[Problem]:
    """What Salesforce would refuse, as far as its description tells."""
    found = [problem for name, value in values.items() if (problem := _problem(description.fields[name], value))]
    if is_create:
        lacking = [f for f in description.fields.values() if f.is_required and values.get(f.name) is None]
        found += [_required(remote) for remote in lacking if remote.name not in values]
    return found


def _problem(remote: RemoteField, value: Value) -> Problem | None:
    if value is None:
        return _required(remote) if remote.is_required else None
    if isinstance(value, str):
        return _text_problem(remote, value)
    return _number_problem(remote, value) if remote.type in NUMBERS else None


def _text_problem(remote: RemoteField, value: str) -> Problem | None:
    if remote.is_restricted and not set(value.split(";") if remote.type == "multipicklist" else [value]) <= set(
        remote.values
    ):
        message = f"{remote.label}: “{value}” is not among the values that Salesforce allows there."
        details = {"value": value, "allowed": list(remote.values)}
        return Problem("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", remote.name, message, details)
    if remote.length and len(value) > remote.length:
        message = (
            f"{remote.label}: {len(value)} characters, Salesforce takes {remote.length} at most: “{_short(value)}”."
        )
        return Problem("STRING_TOO_LONG", remote.name, message, {"value": value, "limit": remote.length})
    if remote.type == "email" and not EMAIL.match(value):
        message = f"{remote.label}: “{value}” is not an e-mail address."
        return Problem("INVALID_EMAIL_ADDRESS", remote.name, message, {"value": value})
    return None


def _number_problem(remote: RemoteField, value: float) -> Problem | None:
    digits = remote.digits or (remote.precision - remote.scale)
    if not digits or abs(value) < 10**digits:
        return None
    message = f"{remote.label}: {value} has more than the {digits} digits that Salesforce takes."
    return Problem("NUMBER_OUTSIDE_VALID_RANGE", remote.name, message, {"value": value, "limit": digits})


def _required(remote: RemoteField) -> Problem:
    return Problem("REQUIRED_FIELD_MISSING", remote.name, f"{remote.label}: Salesforce requires a value.")


def _short(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
