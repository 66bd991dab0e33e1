"""Functions that look at more than the values of their arguments: which are evaluated at all, and which field it is."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from localorg.formulas import names
from localorg.formulas.errors import FormulaError
from localorg.formulas.expression import Expression, wrong_number, wrong_type
from localorg.formulas.kinds import Kind, Value, common
from localorg.formulas.record import Record
from localorg.schema import SObject

Arguments = tuple[Expression, ...]
Special = Callable[[SObject, Arguments], Expression]


def _and(_: SObject, arguments: Arguments) -> Expression:
    """Blank counts as false; what follows a false is not evaluated."""
    runs = [_boolean("AND", a).run for a in _at_least("AND", 2, arguments)]
    return Expression(Kind.BOOLEAN, lambda record: all(run(record) is True for run in runs))


def _or(_: SObject, arguments: Arguments) -> Expression:
    runs = [_boolean("OR", a).run for a in _at_least("OR", 2, arguments)]
    return Expression(Kind.BOOLEAN, lambda record: any(run(record) is True for run in runs))


def _not(_: SObject, arguments: Arguments) -> Expression:
    """What is not known stays unknown."""
    run = _boolean("NOT", _exactly("NOT", 1, arguments)[0]).run

    def negate(record: Record) -> Value:
        value = run(record)
        return None if value is None else not value

    return Expression(Kind.BOOLEAN, negate)


def _if(_: SObject, arguments: Arguments) -> Expression:
    test, then, otherwise = _exactly("IF", 3, arguments)
    _boolean("IF", test)
    kind = _common("IF", then, otherwise)
    return Expression(kind, lambda record: (then if test.run(record) is True else otherwise).run(record))


def _case(_: SObject, arguments: Arguments) -> Expression:
    subject, *rest = _at_least("CASE", 4, arguments)
    if len(rest) % 2 == 0:
        raise wrong_number("CASE", len(arguments) + 1, len(arguments))
    *pairs, default = rest
    matches, results = pairs[::2], pairs[1::2]
    kind = default.kind
    for result in (default, *results):
        if result.kind is Kind.BOOLEAN:
            raise wrong_type("CASE", "Number, Date, DateTime, Text", result)
        kind = _fitting("CASE", kind, result)
    same = _comparison(subject, matches)

    def choose(record: Record) -> Value:
        value = subject.run(record)
        for match, result in zip(matches, results, strict=True):
            if same(value, match.run(record)):
                return result.run(record)
        return default.run(record)

    return Expression(kind, choose)


def _comparison(subject: Expression, matches: list[Expression]) -> Callable[[Value, Value], bool]:
    """How CASE compares: blank picklists and texts equal blanks, other blanks equal nothing."""
    if subject.kind is Kind.PICKLIST:
        for match in matches:
            _literal("CASE", match)
        return _same_choice
    if subject.kind in (Kind.BOOLEAN, Kind.MULTIPICKLIST):
        raise wrong_type("CASE", "Number, Date, DateTime, Text", subject)
    kind: Kind = subject.kind
    for match in matches:
        kind = _fitting("CASE", kind, match)
    if kind is Kind.TEXT:
        return lambda one, other: one == other
    return lambda one, other: one is not None and one == other


def _is_blank(_: SObject, arguments: Arguments) -> Expression:
    (argument,) = _exactly("ISBLANK", 1, arguments)
    run = _no_boolean("ISBLANK", argument).run
    return Expression(Kind.BOOLEAN, lambda record: run(record) is None)


def _is_null(_: SObject, arguments: Arguments) -> Expression:
    """Text is never null."""
    (argument,) = _exactly("ISNULL", 1, arguments)
    run = _no_boolean("ISNULL", argument).run
    return Expression(Kind.BOOLEAN, lambda record: argument.kind is not Kind.TEXT and run(record) is None)


def _blank_value(_: SObject, arguments: Arguments) -> Expression:
    value, substitute = _exactly("BLANKVALUE", 2, arguments)
    kind = _common("BLANKVALUE", value, substitute)

    def choose(record: Record) -> Value:
        found = value.run(record)
        return substitute.run(record) if found is None else found

    return Expression(kind, choose)


def _null_value(sobject: SObject, arguments: Arguments) -> Expression:
    value, _ = _exactly("NULLVALUE", 2, arguments)
    return value if value.kind is Kind.TEXT else _blank_value(sobject, arguments)


def _is_pick_value(_: SObject, arguments: Arguments) -> Expression:
    field, wanted = _exactly("ISPICKVAL", 2, arguments)
    if field.kind is not Kind.PICKLIST:
        raise wrong_type("ISPICKVAL", "Picklist", field)
    literal = _literal("ISPICKVAL", wanted)
    return Expression(Kind.BOOLEAN, lambda record: _same_choice(field.run(record), literal))


def _includes(_: SObject, arguments: Arguments) -> Expression:
    field, wanted = _exactly("INCLUDES", 2, arguments)
    if field.kind is not Kind.MULTIPICKLIST:
        raise wrong_type("INCLUDES", "Multi-select Picklist", field)
    literal = _literal("INCLUDES", wanted)
    return Expression(Kind.BOOLEAN, lambda record: any(_same_choice(v, literal) for v in _choices(field, record)))


def _choices(field: Expression, record: Record) -> list[str]:
    value = field.run(record)
    return str(value).split(";") if value is not None else []


def _pick_list_count(_: SObject, arguments: Arguments) -> Expression:
    (field,) = _exactly("PICKLISTCOUNT", 1, arguments)
    if field.kind is not Kind.MULTIPICKLIST:
        raise wrong_type("PICKLISTCOUNT", "Multi-select Picklist", field)
    return Expression(Kind.NUMBER, lambda record: Decimal(len(_choices(field, record))))


def _text(_: SObject, arguments: Arguments) -> Expression:
    """Numbers lose a leading zero, unless written down in the formula."""
    (argument,) = _exactly("TEXT", 1, arguments)
    if argument.kind not in (Kind.NUMBER, Kind.DATE, Kind.DATETIME, Kind.PICKLIST, Kind.NULL):
        raise wrong_type("TEXT", "Number, Date, DateTime, Picklist", argument)
    run, is_literal = argument.run, argument.literal is not None
    return Expression(Kind.TEXT, lambda record: _shown(run(record), is_literal))


def _shown(value: Value, keep_zero: bool) -> str | None:
    match value:
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M:%SZ")
        case date():
            return value.isoformat()
        case Decimal():
            plain = format(value.normalize(), "f")
            return plain if keep_zero or not value else re.sub(r"^(-?)0\.", r"\1.", plain)
    return None if value is None else str(value)


def _is_new(_: SObject, arguments: Arguments) -> Expression:
    _exactly("ISNEW", 0, arguments)
    return Expression(Kind.BOOLEAN, lambda record: record.is_new)


def _is_changed(sobject: SObject, arguments: Arguments) -> Expression:
    """False for a new record."""
    (argument,) = _exactly("ISCHANGED", 1, arguments)
    field = names.own_field(sobject, _field_name("ISCHANGED", argument))

    def compare(record: Record) -> Value:
        prior = record.prior
        return prior is not None and names.value_of(field, prior) != names.value_of(field, record.row)

    return Expression(Kind.BOOLEAN, compare)


def _prior_value(sobject: SObject, arguments: Arguments) -> Expression:
    """Of a new record: the value that it has."""
    (argument,) = _exactly("PRIORVALUE", 1, arguments)
    field = names.own_field(sobject, _field_name("PRIORVALUE", argument))

    def read(record: Record) -> Value:
        return names.value_of(field, record.row if record.prior is None else record.prior)

    return Expression(argument.kind, read)


def _same_choice(one: Any, other: Any) -> bool:
    """Picklist values ignore case, unlike text."""
    return str(one or "").casefold() == str(other or "").casefold()


def _field_name(function: str, argument: Expression) -> str:
    if not argument.name or argument.name.startswith("$") or "." in argument.name:
        raise FormulaError(f"The {function} function may only refer to a field of the record itself")
    return argument.name


def _literal(function: str, argument: Expression) -> str:
    if not isinstance(argument.literal, str):
        raise FormulaError(f"Incorrect parameter type for function '{function}()'. Expected a text literal")
    return argument.literal


def _boolean(function: str, argument: Expression) -> Expression:
    if argument.kind not in (Kind.BOOLEAN, Kind.NULL):
        raise wrong_type(function, Kind.BOOLEAN.value, argument)
    return argument


def _no_boolean(function: str, argument: Expression) -> Expression:
    if argument.kind is Kind.BOOLEAN:
        raise FormulaError(f"Incorrect argument type for function '{function}()'.")
    return argument


def _common(function: str, one: Expression, other: Expression) -> Kind:
    return _fitting(function, one.kind, other)


def _fitting(function: str, kind: Kind, other: Expression) -> Kind:
    shared = common(kind, other.kind)
    if shared is None:
        raise wrong_type(function, kind.value, other)
    return shared


def _exactly(function: str, count: int, arguments: Arguments) -> Arguments:
    if len(arguments) != count:
        raise wrong_number(function, count, len(arguments))
    return arguments


def _at_least(function: str, count: int, arguments: Arguments) -> Arguments:
    if len(arguments) < count:
        raise wrong_number(function, count, len(arguments))
    return arguments


FUNCTIONS: dict[str, Special] = {
    "AND": _and,
    "OR": _or,
    "NOT": _not,
    "IF": _if,
    "CASE": _case,
    "ISBLANK": _is_blank,
    "ISNULL": _is_null,
    "BLANKVALUE": _blank_value,
    "NULLVALUE": _null_value,
    "ISPICKVAL": _is_pick_value,
    "INCLUDES": _includes,
    "PICKLISTCOUNT": _pick_list_count,
    "TEXT": _text,
    "ISNEW": _is_new,
    "ISCHANGED": _is_changed,
    "PRIORVALUE": _prior_value,
}
