"""Functions of SOQL: aggregates, parts of dates, and wrappers that leave the value alone."""

from localorg.schema import Field
from localorg.soql import complaints
from localorg.soql.scope import Expression, Scope
from localorg.soql.tree import Function, Operand, Path

AGGREGATES = {"COUNT", "COUNT_DISTINCT", "SUM", "AVG", "MIN", "MAX"}
TRANSPARENT = {"TOLABEL", "FORMAT", "CONVERTCURRENCY", "CONVERTTIMEZONE"}
NUMBER_TYPES = {"int", "double", "currency", "percent"}
INTEGER = Field("number", "int", "number")
DOUBLE = Field("number", "double", "number", precision=18, scale=2)
DAY = Field("day", "date", "day")

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


def is_aggregate(operand: object) -> bool:
    return isinstance(operand, Function) and operand.name.upper() in AGGREGATES


def expression(scope: Scope, operand: Operand) -> Expression:
    """SQL for a field or a function of one. Raises Refused for what is unknown."""
    if isinstance(operand, Path):
        return scope.resolve(operand)
    name = operand.name.upper()
    if name in AGGREGATES:
        return _aggregate(scope, operand, name)
    if name in TRANSPARENT and operand.arguments:
        return expression(scope, operand.arguments[0])
    if name in DATE_PARTS and len(operand.arguments) == 1:
        inner = expression(scope, operand.arguments[0])
        return Expression(DATE_PARTS[name].format(inner.sql), DAY if name == "DAY_ONLY" else INTEGER, bare=False)
    raise complaints.at(scope.text, operand.position, "MALFORMED_QUERY", f"unexpected token: '{operand.name}'")


def _aggregate(scope: Scope, function: Function, name: str) -> Expression:
    if name == "COUNT" and not function.arguments:
        return Expression("count(*)", INTEGER, bare=False)
    if len(function.arguments) != 1:
        raise complaints.at(scope.text, function.position, "MALFORMED_QUERY", f"unexpected token: '{function.name}'")
    inner = expression(scope, function.arguments[0])
    _check(scope, function, name, inner.field)
    if name == "COUNT_DISTINCT":
        return Expression(f"count(DISTINCT {inner.collated})", INTEGER, bare=False)
    if name == "COUNT":
        return Expression(f"count({inner.sql})", INTEGER, bare=False)
    if name in ("MIN", "MAX"):
        return Expression(f"{name.lower()}({inner.collated})", inner.field, bare=False)
    return Expression(f"{name.lower()}(CAST({inner.sql} AS REAL))", DOUBLE, bare=False)


def _check(scope: Scope, function: Function, name: str, field: Field) -> None:
    numeric = field.type in NUMBER_TYPES
    allowed = (
        numeric if name in ("SUM", "AVG") else field.filterable and (field.type != "boolean" or name[:5] == "COUNT")
    )
    if not allowed:
        message = f"field {field.name} does not support aggregate operator {name}"
        raise complaints.at(scope.text, function.position, "MALFORMED_QUERY", message)
