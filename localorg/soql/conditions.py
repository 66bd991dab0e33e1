"""WHERE and HAVING -> SQL."""

from collections.abc import Callable
from typing import Any

from localorg.errors import Refused
from localorg.schema import SObject
from localorg.soql import complaints, literals
from localorg.soql.functions import ONLY_SHOWN, expression, is_aggregate
from localorg.soql.scope import Expression, Scope
from localorg.soql.tree import (
    Chain,
    Compare,
    Condition,
    Function,
    Literal,
    Negation,
    Operand,
    Path,
    Query,
    SemiJoin,
    Within,
)

RELATIONAL = {"<", "<=", ">", ">="}
UNORDERED = {"id", "reference", "boolean"}  # LIKE makes no sense on these

MOST_SEMI_JOINS = 2
LONGEST_CHAIN = 100

Subquery = Callable[[Query, SObject, Expression], tuple[str, list[Any]]]
ValueOf = Callable[[Operand], Expression]


class Conditions:
    """Collects the parameters while it writes the SQL; both come in the same order."""

    def __init__(self, scope: Scope, subquery: Subquery, value_of: ValueOf | None = None) -> None:
        """``value_of``: what an operand means in HAVING, where aggregates may stand; WHERE does without."""
        self.scope = scope
        self.params: list[Any] = []
        self._subquery = subquery
        self._value_of = value_of
        self._inside = ""  # the innermost OR or NOT around what is being written
        self._semi_joins = 0

    def sql(self, condition: Condition) -> str:
        match condition:
            case Chain("OR", parts):
                return _joined(" OR ", [self._inside_of("OR", part) for part in parts])
            case Chain(operator, parts):
                return _joined(f" {operator} ", [self.sql(part) for part in parts])
            case Negation(part):
                # two-valued logic: what is not known to match does not match
                return f"NOT coalesce({self._inside_of('NOT', part)}, 0)"
            case Compare():
                return self._compare(condition)
            case Within():
                return self._within(condition)
            case SemiJoin():
                return self._semi_join(condition)

    def _inside_of(self, operator: str, part: Condition) -> str:
        around, self._inside = self._inside, operator
        sql = self.sql(part)
        self._inside = around
        return sql

    def _compare(self, condition: Compare) -> str:
        left = self._operand(condition.operand)
        if condition.operator == "LIKE":
            return self._like(left, condition)
        if left.field.type == "multipicklist" and condition.operator in RELATIONAL:
            raise self._at(_position(condition.operand), "INVALID_QUERY_FILTER_OPERATOR", "invalid operator")
        if left.field.type == "boolean" and condition.operator in RELATIONAL:
            raise self._at(_position(condition.operand), "INVALID_QUERY_FILTER_OPERATOR", "invalid operator")
        span = self._days(left, condition.value)
        if span is not None:
            return self._span(left, condition.operator, span)
        value = self._scalar(left, condition.operand, condition.value)
        return self._against(left, condition, value)

    def _against(self, left: Expression, condition: Compare, value: Any) -> str:
        operator = condition.operator
        if left.field.type == "multipicklist" and isinstance(value, str):
            value = ";".join(sorted(value.split(";")))
        if value is None or value == "":
            if operator in RELATIONAL:
                return "0"
            return f"{left.sql} IS NULL" if operator == "=" else f"{left.sql} IS NOT NULL"
        if left.field.type == "boolean":
            self.params.append(value)
            return f"coalesce({left.sql}, 0) {operator} ?" if left.joined else f"{left.sql} {operator} ?"
        sql, mark = self._folded(left, value)
        return f"{sql} IS NOT {mark}" if operator == "!=" else f"{sql} {operator} {mark}"

    def _folded(self, left: Expression, value: Any) -> tuple[str, str]:
        """Both sides of a comparison; letters beyond ASCII need Python's idea of case."""
        self.params.append(value)
        if isinstance(value, str) and not value.isascii() and not left.field.case_sensitive:
            return f"fold({left.sql})", "fold(?)"
        return left.collated, "?"

    def _like(self, left: Expression, condition: Compare) -> str:
        position = _position(condition.operand)
        if left.field.type in UNORDERED - {"boolean"}:
            raise self._at(position, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator on id field")
        if not left.field.is_text:
            raise self._at(position, "INVALID_QUERY_FILTER_OPERATOR", "invalid operator")
        if literals.is_null(condition.value):
            return f"{left.sql} IS NULL"
        if condition.value.kind != "string":
            raise self._refuse(position, literals.mismatch(left.field, condition.value))
        pattern = literals.text_of(condition.value, like=True)
        self.params.append(pattern)
        if pattern.isascii():
            return f"{left.sql} LIKE ? ESCAPE '\\'"
        return f"fold({left.sql}) LIKE fold(?) ESCAPE '\\'"

    def _span(self, left: Expression, operator: str, span: tuple[str, str]) -> str:
        first, end = span
        if operator in ("=", "!="):
            self.params += [first, end]
            inside = f"({left.sql} >= ? AND {left.sql} < ?)"
            return inside if operator == "=" else f"NOT coalesce({inside}, 0)"
        self.params.append(first if operator in ("<", ">=") else end)
        return f"{left.sql} {'<' if operator in ('<', '<=') else '>='} ?"

    def _within(self, condition: Within) -> str:
        left = self._operand(condition.operand)
        if condition.operator in ("INCLUDES", "EXCLUDES"):
            return self._multi(left, condition)
        spans = [(value, self._days(left, value)) for value in condition.values]
        parts = [self._span(left, "=", span) for _, span in spans if span]
        scalars = [value for value, span in spans if not span]
        values = [self._scalar(left, condition.operand, value) for value in scalars]
        if any(value in (None, "") for value in values):
            parts.append(f"{left.sql} IS NULL")
        known = [value for value in values if value not in (None, "")]
        if known:
            parts.append(self._in_list(left, known))
        inside = "(" + " OR ".join(parts) + ")"
        return inside if condition.operator == "IN" else f"NOT coalesce({inside}, 0)"

    def _days(self, left: Expression, value: Literal) -> tuple[str, str] | None:
        return literals.days(left.field, value, self.scope.context.calendar)

    def _in_list(self, left: Expression, values: list[Any]) -> str:
        marks = ", ".join("?" * len(values))
        if all(not isinstance(value, str) or value.isascii() for value in values):
            self.params += values
            return f"{left.collated} IN ({marks})"
        self.params += [value.casefold() for value in values]
        return f"fold({left.sql}) IN ({marks})"

    def _multi(self, left: Expression, condition: Within) -> str:
        """Multi-select values are stored sorted, joined by semicolons: 'A;B' asks for A and B, the comma for or."""
        if left.field.type != "multipicklist":
            message = "includes or excludes operator only valid on multipicklist field"
            raise self._at(_position(condition.operand), "INVALID_QUERY_FILTER_OPERATOR", message)
        alternatives = []
        for literal in condition.values:
            wanted = str(self._scalar(left, condition.operand, literal)).split(";")
            self.params += [f";{value};" for value in wanted]
            alternatives.append(" AND ".join(f"instr(';' || {left.sql} || ';', ?) > 0" for _ in wanted))
        inside = "(" + " OR ".join(f"({a})" for a in alternatives) + ")"
        return inside if condition.operator == "INCLUDES" else f"NOT coalesce({inside}, 0)"

    def _semi_join(self, condition: SemiJoin) -> str:
        position = _position(condition.operand)
        self._semi_joins += 1
        if self._inside:
            message = f"Semi join sub-selects are not allowed with the '{self._inside}' operator"
            raise self._at(position, "MALFORMED_QUERY", message)
        if self._semi_joins > MOST_SEMI_JOINS:
            message = f"The maximum number of semi join sub-selects is {MOST_SEMI_JOINS}"
            raise self._at(position, "MALFORMED_QUERY", message)
        left = self._operand(condition.operand)
        if left.field.type not in ("id", "reference"):
            message = "Semi join sub-selects can only query id fields, cannot use"
            raise self._at(position, "MALFORMED_QUERY", f"{message}: '{left.field.name}'")
        sql, params = self._subquery(condition.query, self.scope.base.sobject, left)
        self.params += params
        if condition.negated:
            return f"({left.sql} IS NULL OR {left.sql} NOT IN ({sql}))"
        return f"{left.sql} IN ({sql})"

    def _operand(self, operand: Operand) -> Expression:
        if self._value_of is not None:
            return self._value_of(operand)
        if is_aggregate(operand) or (isinstance(operand, Function) and operand.name.upper() in ONLY_SHOWN):
            raise self._at(operand.position, "MALFORMED_QUERY", f"unexpected token: '{operand}'")
        left = expression(self.scope, operand)
        if not left.field.filterable:
            message = f"field '{left.field.name}' can not be filtered in a query call"
            raise self._at(_position(operand), "INVALID_FIELD", message)
        return left

    def _scalar(self, left: Expression, operand: Operand, literal: Literal) -> Any:
        try:
            return literals.scalar(left.field, literal)
        except Refused as refused:
            raise self._refuse(_position(operand), refused) from None

    def _refuse(self, position: int, refused: Refused) -> Refused:
        problem = refused.problems[0]
        return self._at(position, problem.code, problem.message)

    def _at(self, position: int, code: str, message: str) -> Refused:
        return complaints.at(self.scope.text, position, code, message)


def _joined(operator: str, parts: list[str]) -> str:
    """In parentheses, halved again and again: a chain of a thousand parts would be too deep a tree for SQLite."""
    if len(parts) <= LONGEST_CHAIN:
        return f"({operator.join(parts)})"
    middle = len(parts) // 2
    return f"({_joined(operator, parts[:middle])}{operator}{_joined(operator, parts[middle:])})"


def _position(operand: Path | Function) -> int:
    return operand.position
