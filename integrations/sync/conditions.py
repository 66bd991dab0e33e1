"""Pull conditions as queries: what is asked of a field of ours, in the columns that hold it. Pure functions."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Q
from django.utils.dateparse import parse_date, parse_datetime

from integrations.models import PullCondition
from integrations.sync.records import CUSTOM, Field, Type

Operator = PullCondition.Operator
OF_EMPTINESS = {Operator.IS_EMPTY, Operator.IS_FILLED}
OF_CHOICE = {Operator.IS, Operator.IS_NOT, *OF_EMPTINESS}
OF_ORDER = {*OF_CHOICE, Operator.OVER, Operator.UNDER}
OF_TEXT = {*OF_CHOICE, Operator.CONTAINS, Operator.STARTS_WITH}
TEXTS = (Type.TEXT, Type.LONG_TEXT, Type.URL, Type.EMAIL, Type.PHONE, Type.PICKLIST)
# What can be asked of a field. What a reference points at may not be here yet: nothing is asked of it.
OPERATORS: Mapping[Type, set[Operator]] = {
    **dict.fromkeys(TEXTS, OF_TEXT),
    **dict.fromkeys((Type.NUMBER, Type.DATE, Type.DATETIME), OF_ORDER),
    **dict.fromkeys((Type.OWNER, Type.STAGE, Type.MULTI_PICKLIST), OF_CHOICE),
    Type.BOOLEAN: {Operator.IS},
}
LOOKUPS = {
    Operator.CONTAINS: "icontains",
    Operator.STARTS_WITH: "istartswith",
    Operator.OVER: "gt",
    Operator.UNDER: "lt",
}
YES_NO = {"yes": True, "true": True, "no": False, "false": False}


class Unfit(ValueError):
    """Why a condition can't be used, for a person."""


def condition(field: Field, operator: str, values: Sequence[str]) -> Q:
    """Several values are alternatives; of texts capitals don't count. Raises Unfit."""
    known = OPERATORS.get(field.type, set())
    if operator not in known:
        names = ", ".join(one for one in Operator.values if one in known)
        raise Unfit(f"{field.label}: choose one of {names}." if known else f"{field.label} can't be asked for.")
    if operator in OF_EMPTINESS:
        return _empty(field) if operator == Operator.IS_EMPTY else ~_empty(field)
    if not values:
        raise Unfit(f"{field.label}: give at least one value.")
    wanted = [_read(field, value) for value in values]
    if operator == Operator.IS_NOT:
        return ~_any(field, "", wanted) | _empty(field)
    return _any(field, LOOKUPS.get(Operator(operator), ""), wanted)


def _read(field: Field, text: str) -> Any:
    """A value as the column, or the JSON of custom values, holds it."""
    try:
        value = READERS.get(field.type, str)(text)
    except (ValueError, KeyError, InvalidOperation) as error:
        raise Unfit(f"{field.label}: “{text}” does not fit.") from error
    if not field.is_custom:
        return value
    return float(value) if isinstance(value, Decimal) else value.isoformat() if isinstance(value, date) else value


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


def _date(text: str) -> date:
    if found := parse_date(text):
        return found
    raise ValueError(text)


def _moment(text: str) -> datetime:
    found = parse_datetime(text)
    if found and found.tzinfo:
        return found
    raise ValueError(text)


READERS: Mapping[Type, Callable[[str], Any]] = {
    Type.NUMBER: _finite,
    Type.DATE: _date,
    Type.DATETIME: _moment,
    Type.BOOLEAN: lambda text: YES_NO[text.lower()],
    Type.OWNER: int,
    Type.STAGE: int,
}


def _any(field: Field, lookup: str, values: Sequence[Any]) -> Q:
    if field.type == Type.MULTI_PICKLIST:
        return either(Q(**{f"{_path(field)}__contains": [value]}) for value in values)
    lookup = lookup or ("iexact" if field.type in TEXTS else "exact")
    return either(Q(**{f"{_path(field)}__{lookup}": value}) for value in values)


def either(conditions: Any) -> Q:
    """Any of these; none of none."""
    found = Q(pk__in=[])
    for one in conditions:
        found |= one
    return found


def _empty(field: Field) -> Q:
    path = _path(field)
    if field.is_custom:
        return Q(**{f"{path}__isnull": True}) | Q(**{path: None}) | Q(**{path: ""})
    return Q(**{path: ""}) if field.type in TEXTS and field.empty == "" else Q(**{f"{path}__isnull": True})


def _path(field: Field) -> str:
    return f"custom__{field.name.removeprefix(CUSTOM)}" if field.is_custom else field.attribute
