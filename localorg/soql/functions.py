"""Functions of SOQL: aggregates, parts of dates, wrappers of a value, distances."""

from localorg.errors import Refused
from localorg.schema import Field
from localorg.soql import complaints
from localorg.soql.scope import Expression, Scope
from localorg.soql.tree import Function, Literal, Operand, Path

AGGREGATES = {"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"}
WRAPPERS = {"TOLABEL", "FORMAT", "CONVERTCURRENCY"}  # named after the field they wrap
ONLY_SHOWN = {"FORMAT", "CONVERTCURRENCY"}  # these may not be filtered or sorted by
NUMBER_TYPES = {"int", "double", "currency", "percent"}
INTEGER = Field("number", "int", "number")
DOUBLE = Field("number", "double", "number", precision=18, scale=2)
DAY = Field("day", "date", "day")
UNITS = ("'mi'", "'km'")
FARTHEST_NORTH, FARTHEST_EAST = 90, 180  # degrees

_MONTH = "CAST(substr({0}, 6, 2) AS INTEGER)"
_YEAR = "CAST(substr({0}, 1, 4) AS INTEGER)"
_QUARTER = f"(({_MONTH} + 2) / 3)"
_DAY_OF_MONTH = "CAST(substr({0}, 9, 2) AS INTEGER)"
_DAY_OF_YEAR = "CAST(strftime('%j', substr({0}, 1, 10)) AS INTEGER)"
DATE_PARTS = {
    "CALENDAR_YEAR": _YEAR,
    "CALENDAR_QUARTER": _QUARTER,
    "CALENDAR_MONTH": _MONTH,
    "FISCAL_YEAR": _YEAR,
    "FISCAL_QUARTER": _QUARTER,
    "FISCAL_MONTH": _MONTH,
    "DAY_IN_MONTH": _DAY_OF_MONTH,
    "DAY_IN_YEAR": _DAY_OF_YEAR,
    "DAY_IN_WEEK": "(CAST(strftime('%w', substr({0}, 1, 10)) AS INTEGER) + 1)",
    "WEEK_IN_MONTH": f"(({_DAY_OF_MONTH} + 6) / 7)",
    "WEEK_IN_YEAR": f"(({_DAY_OF_YEAR} + 6) / 7)",
    "HOUR_IN_DAY": "CAST(substr({0}, 12, 2) AS INTEGER)",
    "DAY_ONLY": "substr({0}, 1, 10)",
}
NEED_TIME = {"HOUR_IN_DAY", "DAY_ONLY"}


def is_aggregate(operand: object) -> bool:
    return isinstance(operand, Function) and operand.name.upper() in AGGREGATES


def expression(scope: Scope, operand: Operand) -> Expression:
    """SQL for a field or a function of one. Raises Refused for what is unknown."""
    if isinstance(operand, Path):
        return scope.resolve(operand)
    name = operand.name.upper()
    if name in AGGREGATES:
        return _aggregate(scope, operand, name)
    if name in WRAPPERS:
        return _wrapper(scope, operand, name)
    if name in DATE_PARTS:
        return _date_part(scope, operand, name)
    if name == "DISTANCE":
        return _distance(scope, operand)
    raise _unexpected(scope, operand)


def _unexpected(scope: Scope, operand: Operand | Literal) -> Refused:
    return complaints.at(scope.text, operand.position, "MALFORMED_QUERY", f"unexpected token: '{operand}'")


def _only(scope: Scope, function: Function) -> Expression:
    """The one argument of a function."""
    if len(function.arguments) != 1 or isinstance(function.arguments[0], Literal):
        raise _unexpected(scope, function)
    return expression(scope, function.arguments[0])


def _aggregate(scope: Scope, function: Function, name: str) -> Expression:
    if name == "COUNT" and not function.arguments:
        return Expression("count(*)", INTEGER, bare=False)
    inner = _only(scope, function)
    if not _is_aggregatable(name, inner.field) or is_aggregate(function.arguments[0]):
        message = f"field {inner.field.name} does not support aggregate operator {name}"
        raise complaints.at(scope.text, function.position, "MALFORMED_QUERY", message)
    if name == "COUNT_DISTINCT":
        return Expression(f"count(DISTINCT {inner.collated})", INTEGER, bare=False)
    if name == "COUNT":
        return Expression(f"count({inner.sql})", INTEGER, bare=False)
    if name in ("MIN", "MAX"):
        return Expression(f"{name.lower()}({inner.collated})", inner.field, bare=False)
    return Expression(f"{name.lower()}(CAST({inner.sql} AS REAL))", DOUBLE, bare=False)


def _is_aggregatable(name: str, field: Field) -> bool:
    if name in ("SUM", "AVG"):
        return field.type in NUMBER_TYPES
    return field.filterable and (field.type != "boolean" or name.startswith("COUNT"))


def _wrapper(scope: Scope, function: Function, name: str) -> Expression:
    """Labels are what values are called in this org, and there is one currency: only FORMAT changes anything."""
    inner = _only(scope, function)
    if name != "FORMAT":
        return inner
    field = inner.field
    zone = scope.context.calendar.zone.replace("'", "''")
    sql = f"shown({inner.sql}, '{field.type}', {field.scale}, '{zone}')"
    return Expression(sql, Field(field.name, "string", field.label, length=255), bare=False)


def _date_part(scope: Scope, function: Function, name: str) -> Expression:
    argument = function.arguments[0] if len(function.arguments) == 1 else None
    local = isinstance(argument, Function) and argument.name.upper() == "CONVERTTIMEZONE"
    inner = _only(scope, argument) if local and isinstance(argument, Function) else _only(scope, function)
    allowed = ("datetime",) if local or name in NEED_TIME else ("date", "datetime")
    if inner.field.type not in allowed:
        message = f"field {inner.field.name} does not support date function {name}"
        raise complaints.at(scope.text, function.position, "MALFORMED_QUERY", message)
    zone = scope.context.calendar.zone.replace("'", "''")
    moment = f"in_zone({inner.sql}, '{zone}')" if local else inner.sql
    return Expression(DATE_PARTS[name].format(moment), DAY if name == "DAY_ONLY" else INTEGER, bare=False)


def _distance(scope: Scope, function: Function) -> Expression:
    """DISTANCE(MailingAddress, GEOLOCATION(37.7, -122.4), 'mi')"""
    match function.arguments:
        case (Path() as place, Function() as geolocation, Literal("string", unit)) if unit.lower() in UNITS:
            latitude, longitude = (part.sql for part in scope.coordinates(place))
            there = ", ".join(repr(degrees) for degrees in _geolocation(scope, geolocation))
            return Expression(f"distance({latitude}, {longitude}, {there}, {unit.lower()})", DOUBLE, bare=False)
    raise _unexpected(scope, function)


def _geolocation(scope: Scope, function: Function) -> tuple[float, float]:
    match function.arguments:
        case (Literal("number", latitude), Literal("number", longitude)) if function.name.upper() == "GEOLOCATION":
            place = float(latitude), float(longitude)
            if abs(place[0]) <= FARTHEST_NORTH and abs(place[1]) <= FARTHEST_EAST:
                return place
    raise _unexpected(scope, function)
