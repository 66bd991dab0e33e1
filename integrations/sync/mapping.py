"""Our values in their words and back: pure functions, faithful both ways.

A value that one side can't express is MISSING, never a guess; a value that does not fit is a Problem, never cut short.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import Enum
from functools import partial
from typing import Any

from django.utils.dateparse import parse_datetime

from integrations.sync.plan import Rule
from integrations.sync.provider import NUMBERS, RemoteField, Value
from integrations.sync.records import Field, Type
from integrations.sync.value_map import UNMAPPED, ValueMap


class Missing(Enum):
    MISSING = "missing"


MISSING = Missing.MISSING
MOST_DIGITS = 30  # no number over there has as many

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
    """A field of ours, the remote field that holds the same, and how they are kept in step.

    ``value_map``: the values of ours that they call otherwise. ``enrichment``: what the directory may do to the field.
    """

    field: Field
    remote: RemoteField
    rule: Rule
    value_map: ValueMap = UNMAPPED
    enrichment: str = "none"

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
        return _moment_there(value)
    if isinstance(value, date):
        return value.isoformat()
    if remote.type == "multipicklist":
        return _choices(value if isinstance(value, list) else str(value).split(";"))
    return str(value).replace("\r\n", "\n").strip() or None


def _number(remote: RemoteField, value: Any) -> Value:
    """Rounded as Salesforce rounds, half away from zero; a number beyond all bounds is left to be refused."""
    number = Decimal(str(value))
    if not number.is_finite() or number.adjusted() > MOST_DIGITS:
        return float(number)
    scale = 0 if remote.type in {"int", "long"} else remote.scale
    rounded = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    return int(rounded) if remote.type in {"int", "long"} else float(rounded)


def _moment_there(moment: datetime) -> str:
    """In UTC and whole seconds, which is what is kept there; without a zone it is taken for UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        utc = aware.astimezone(UTC)
    except OverflowError:  # the first and the last hours of the calendar have no UTC
        utc = aware.replace(tzinfo=UTC)
    return f"{utc.replace(microsecond=0, tzinfo=None).isoformat()}.000+0000"


def _choices(values: Iterable[Any]) -> Value:
    """Each choice once, in one order: what they mean together has none."""
    return ";".join(sorted({text for value in values if (text := str(value).strip())})) or None


def to_remote(pair: Pair, value: Any, vocabulary: Vocabulary) -> Value | Missing:
    """Our value in their words; MISSING where they have no word for it (yet)."""
    match pair.field.type:
        case Type.OWNER:
            return vocabulary.remote_users.get(value, MISSING)
        case Type.STAGE:
            return None if value is None else vocabulary.stage_values.get(value, MISSING)
        case Type.REFERENCE:
            return None if value is None else vocabulary.remote_ids.get((pair.field.reference, value), MISSING)
    return normal(pair.remote, pair.value_map.said(value))


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

    Several stages, or values, of ours may mean one of theirs: the ``current`` one stays if it does.
    """
    if pair.field.type == Type.STAGE and current in vocabulary.stages.get(str(value), ()):
        return current
    if pair.value_map and value is not None and to_remote(pair, current, vocabulary) == value:
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
    if pair.value_map:
        return lambda value: empty if value is None else _in_our_words(pair.value_map, read, value)
    return lambda value: empty if value is None else read(value)


def _in_our_words(words: ValueMap, read: Callable[[Value], Any], value: Value) -> Any:
    return read(words.meant(value)) if words.has_meaning(value) else MISSING


def read_column(pair: Pair, values: Sequence[Value], vocabulary: Vocabulary, default: Any) -> list[Any]:
    """``to_local`` for many new records at once; where they have nothing, ours is ``default``."""
    if pair.field.type in PLAIN_TEXTS and not pair.value_map and _all_fit(pair.field, values):
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
    if local.max_digits and abs(number) >= Decimal(10) ** (local.max_digits - local.decimals):
        return MISSING
    rounded = number.quantize(Decimal(1).scaleb(-local.decimals), ROUND_HALF_UP)
    if local.decimals:
        return float(rounded) if local.is_custom else rounded
    return int(rounded)
