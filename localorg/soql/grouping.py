"""Aggregate queries: GROUP BY with its totals by ROLLUP and CUBE, HAVING, and what may be selected and sorted by."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

from localorg.errors import Refused, refuse
from localorg.soql import complaints
from localorg.soql.compiled import Groups
from localorg.soql.conditions import Conditions, Subquery
from localorg.soql.functions import INTEGER, expression, is_aggregate
from localorg.soql.scope import Expression, Scope
from localorg.soql.tree import Column, Function, Literal, Operand, Path, Query, key

SUBTOTALS = ("ROLLUP", "CUBE")
MOST_SUBTOTALED = 3  # fields in ROLLUP or CUBE

Absent = frozenset[str]  # keys of the groupings that a subtotal sums over


def is_grouped(query: Query) -> bool:
    return bool(query.group) or any(isinstance(c, Column) and is_aggregate(c.operand) for c in query.columns)


def is_count(query: Query) -> bool:
    """Whether the query asks for COUNT() and so for a number alone."""
    first = query.columns[0]
    if not (isinstance(first, Column) and isinstance(first.operand, Function) and not first.operand.arguments):
        return False
    if first.operand.name.upper() != "COUNT":
        return False
    if query.order or len(query.columns) > 1 or query.group:
        message = "Count() query cannot be used with other select columns, order by or group by"
        raise refuse("MALFORMED_QUERY", message)
    return True


class Grouping:
    """Compiles one aggregate query. Subtotals are further statements, joined by UNION ALL."""

    def __init__(self, query: Query, scope: Scope, subquery: Subquery) -> None:
        self.query = query
        self.scope = scope
        self.subquery = subquery
        self.operands, self.subtotals = self._groupings()
        self.grouped = {key(operand) for operand in self.operands}
        self.names, self.booleans = self._names()

    def compile(self, where: str, where_params: list[Any]) -> Groups:
        parts = [(self._selects(absent), *self._tail(absent)) for absent in self.subtotals]
        order = self._order(len(self.names))
        source = self.scope.from_sql  # complete only now that all names were looked up
        statements = [f"SELECT {', '.join(selects)} FROM {source} WHERE {where}{tail}" for selects, tail, _ in parts]
        params = [param for _, _, having in parts for param in (*where_params, *having)]
        return Groups(" UNION ALL ".join(statements) + order, params, self.names, self.booleans)

    def _groupings(self) -> tuple[tuple[Operand, ...], list[Absent]]:
        group = self.query.group
        if not any(isinstance(g, Function) and g.name.upper() in SUBTOTALS for g in group):
            return group, [frozenset()]
        (total, *others) = group
        operands = tuple(argument for argument in total.arguments if not isinstance(argument, Literal))  # type: ignore[union-attr]
        if others or not operands or len(operands) != len(total.arguments):  # type: ignore[union-attr]
            raise self._at(total, f"unexpected token: '{total}'")
        if len(operands) > MOST_SUBTOTALED:
            raise self._at(total, f"{total} supports at most {MOST_SUBTOTALED} fields")
        keys = [key(operand) for operand in operands]
        return operands, list(_rolled_up(keys) if str(total).upper() == "ROLLUP" else _cube(keys))

    def _names(self) -> tuple[list[str], frozenset[str]]:
        names: list[str] = []
        booleans: set[str] = set()
        for column in self.query.columns:
            if not isinstance(column, Column):
                raise refuse("MALFORMED_QUERY", "Aggregate queries cannot have relationships in the SELECT clause")
            found = self._value(column.operand, frozenset())
            unnamed = sum(name.startswith("expr") for name in names)
            names.append(column.alias or (found.field.name if isinstance(column.operand, Path) else f"expr{unnamed}"))
            if names.count(names[-1]) > 1:
                raise self._at(column.operand, f"duplicate alias: {names[-1]}")
            if found.field.type == "boolean":
                booleans.add(names[-1])
        return names, frozenset(booleans)

    def _selects(self, absent: Absent) -> list[str]:
        """The columns asked for, then those to sort by: a union sorts by what it selects."""
        columns = [c.operand for c in self.query.columns if isinstance(c, Column)]
        wanted = [*columns, *(order.operand for order in self.query.order)]
        found = [self._value(operand, absent).sql for operand in wanted]
        return found + [sql for operand in self._sorted_anyway() for sql in self._flagged(operand, absent)]

    def _tail(self, absent: Absent) -> tuple[str, list[Any]]:
        group = [self._group(operand) for operand in self.operands if key(operand) not in absent]
        having = Conditions(self.scope, self.subquery, lambda operand: self._value(operand, absent))
        # the grand total is a group, too: of no rows there is none
        tail = f" GROUP BY {', '.join(group) or 'NULL'}" if self.operands else ""
        return tail + (f" HAVING {having.sql(self.query.having)}" if self.query.having else ""), having.params

    def _order(self, columns: int) -> str:
        parts = []
        for number, order in enumerate(self.query.order, columns + 1):
            collation = " COLLATE NOCASE" if self._value(order.operand, frozenset()).field.is_text else ""
            nulls = " NULLS LAST" if order.nulls_last else " NULLS FIRST"
            parts.append(f"{number}{collation}{' DESC' if order.descending else ''}{nulls}")
        first = columns + len(self.query.order) + 1
        parts += [str(number) for number in range(first, first + 2 * len(self._sorted_anyway()))]
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _sorted_anyway(self) -> tuple[Operand, ...]:
        """Subtotals follow what they sum up, unless the caller wants another order."""
        return self.operands if len(self.subtotals) > 1 and not self.query.order else ()

    def _flagged(self, operand: Operand, absent: Absent) -> Iterator[str]:
        yield "1" if key(operand) in absent else "0"
        yield self._value(operand, absent).sql

    def _value(self, operand: Operand, absent: Absent) -> Expression:
        """What an operand means in a row of groups. Raises Refused unless it is grouped or aggregated."""
        if isinstance(operand, Function) and operand.name.upper() == "GROUPING":
            return self._grouping_of(operand, absent)
        if not is_aggregate(operand) and key(operand) not in self.grouped:
            expression(self.scope, operand)  # a name that is unknown is the bigger mistake
            name = operand.names[-1] if isinstance(operand, Path) else str(operand)
            raise self._at(operand, f"Field must be grouped or aggregated: {name}")
        found = expression(self.scope, operand)
        return replace(found, sql="NULL", bare=False, joined=True) if key(operand) in absent else found

    def _grouping_of(self, function: Function, absent: Absent) -> Expression:
        """GROUPING(field): 1 in a subtotal over the field, 0 elsewhere."""
        name = key(function.arguments[0]) if len(function.arguments) == 1 else ""
        if name not in self.grouped:
            raise self._at(function, f"unexpected token: '{function}'")
        return Expression("1" if name in absent else "0", INTEGER, bare=False)

    def _group(self, operand: Operand) -> str:
        found = expression(self.scope, operand)
        if not found.field.groupable or is_aggregate(operand):
            raise self._at(operand, f"field '{found.field.name}' can not be grouped in a query call")
        return found.collated

    def _at(self, operand: Operand, message: str) -> Refused:
        return complaints.at(self.scope.text, operand.position, "MALFORMED_QUERY", message)


def _rolled_up(keys: list[str]) -> Iterator[Absent]:
    """(a, b, c), (a, b), (a), ()"""
    return (frozenset(keys[kept:]) for kept in range(len(keys), -1, -1))


def _cube(keys: list[str]) -> Iterator[Absent]:
    return (frozenset(absent) for size in range(len(keys) + 1) for absent in combinations(keys, size))
