"""What a query means, by the documentation of SOQL alone: values of rows in, records out."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import cmp_to_key, partial
from itertools import combinations
from typing import Any

from tests.localorg.soql.query import (
    Aggregate,
    Among,
    Chain,
    Compare,
    Condition,
    Grouping,
    Item,
    Literal,
    Not,
    Operand,
    Order,
    Part,
    Path,
    Query,
    SemiJoin,
)
from tests.localorg.soql.world import Column, Row, Table, World

Values = Callable[[Operand], Any]

DATE_PARTS: dict[str, Callable[[date, str], Any]] = {
    "CALENDAR_YEAR": lambda day, _: day.year,
    "CALENDAR_QUARTER": lambda day, _: (day.month + 2) // 3,
    "CALENDAR_MONTH": lambda day, _: day.month,
    "FISCAL_YEAR": lambda day, _: day.year,
    "FISCAL_QUARTER": lambda day, _: (day.month + 2) // 3,
    "DAY_IN_MONTH": lambda day, _: day.day,
    "DAY_IN_WEEK": lambda day, _: day.isoweekday() % 7 + 1,
    "DAY_IN_YEAR": lambda day, _: day.timetuple().tm_yday,
    "WEEK_IN_MONTH": lambda day, _: (day.day + 6) // 7,
    "WEEK_IN_YEAR": lambda day, _: (day.timetuple().tm_yday + 6) // 7,
    "DAY_ONLY": lambda day, _: day.isoformat(),
    "HOUR_IN_DAY": lambda _, text: int(text[11:13]),
}


class Evaluator:
    def __init__(self, world: World) -> None:
        self.world = world

    def column(self, table: Table, path: Path) -> Column:
        """What the last name of a path is; of polymorphic parents it is text."""
        for name in path[:-1]:
            target = self.world.target(table.parents[name])
            if target is None:
                return Column(path[-1], "string", True, True, True, None, ())
            table = target
        return table.columns[path[-1]]

    def matching(self, table: Table, rows: Sequence[Row], where: Condition | None) -> list[Row]:
        return [row for row in rows if where is None or self.holds(where, table, partial(self.value, table, row))]

    def value(self, table: Table, row: Row, operand: Operand) -> Any:
        """Of one row; nothing beyond a lookup that is empty."""
        if isinstance(operand, Part):
            known = self.value(table, row, operand.path)
            return None if known is None else DATE_PARTS[operand.function](date.fromisoformat(known[:10]), known)
        assert isinstance(operand, tuple)
        (name, *rest) = operand
        if not rest:
            return row[name]
        found = self.world.find(row[table.parents[name].name] or "")
        if found is None:
            return None
        parent, record = found
        if rest == ["Type"] and len(table.parents[name].targets) > 1:
            return parent.name
        return self.value(parent, record, tuple(rest))

    def kind(self, table: Table, operand: Operand) -> str:
        """By what rules an operand compares."""
        match operand:
            case Aggregate("MIN" | "MAX", path) if path:
                return self.column(table, path).family
            case Aggregate() | Grouping():
                return "number"
            case Part("DAY_ONLY", _):
                return "date"
            case Part():
                return "number"
        return self.column(table, operand).family

    def holds(self, condition: Condition, table: Table, value_of: Values) -> bool:
        match condition:
            case Chain("AND", parts):
                return all(self.holds(part, table, value_of) for part in parts)
            case Chain(_, parts):
                return any(self.holds(part, table, value_of) for part in parts)
            case Not(part):
                return not self.holds(part, table, value_of)
            case Compare(operand, operator, literal):
                return compares(self.kind(table, operand), value_of(operand), operator, literal)
            case Among(operand, operator, literals):
                return _among(self.kind(table, operand), value_of(operand), operator, literals)
            case SemiJoin(path, negated, query):
                return (value_of(path) in self.joined(query)) != negated
        raise TypeError(condition)

    def joined(self, query: Query) -> set[str]:
        table = self.world[query.source]
        (item,) = query.select
        assert isinstance(item, Item)
        rows = self.matching(table, table.rows, query.where)
        return {found for row in rows if (found := self.value(table, row, item.operand)) is not None}

    def record(self, table: Table, row: Row, query: Query) -> Row:
        """As REST shows it."""
        url = f"/services/data/v{self.world.version}/sobjects/{table.name}/{row['Id']}"
        shown: Row = {"attributes": {"type": table.name, "url": url}}
        for item in query.select:
            if isinstance(item, Query):
                shown[item.source] = self.children(table, row, item)
            else:
                assert isinstance(item.operand, tuple)
                self._place(shown, table, row, item.operand)
        return shown

    def _place(self, shown: Row, table: Table, row: Row, path: Path) -> None:
        (name, *rest) = path
        if not rest:
            shown[name] = row[name]
            return
        found = self.world.find(row[table.parents[name].name] or "")
        if found is None:
            shown.setdefault(name, None)
            return
        parent, record = found
        url = f"/services/data/v{self.world.version}/sobjects/{parent.name}/{record['Id']}"
        inner = shown.setdefault(name, {"attributes": {"type": parent.name, "url": url}})
        if rest == ["Type"] and len(table.parents[name].targets) > 1:
            inner["Type"] = parent.name
        else:
            self._place(inner, parent, record, tuple(rest))

    def children(self, table: Table, row: Row, query: Query) -> Row | None:
        """The result of a sub-query, rows sorted; nothing if there are none."""
        name, key = table.children[query.source]
        child = self.world[name]
        own = [known for known in child.rows if known[key] == row["Id"]]
        rows = self.sorted(child, self.matching(child, own, query.where), query.order)
        records = [self.record(child, found, query) for found in cut(rows, query)]
        return {"totalSize": len(records), "done": True, "records": records} if records else None

    def sorted(self, table: Table, rows: Sequence[Row], orders: Sequence[Order]) -> list[Row]:
        return sorted(rows, key=cmp_to_key(lambda a, b: self._order(table, orders, a, b)))

    def _order(self, table: Table, orders: Sequence[Order], one: Row, other: Row) -> int:
        pairs = ((self.rank(table, one, o.operand), self.rank(table, other, o.operand), o) for o in orders)
        return next((found for a, b, order in pairs if (found := in_order(a, b, order))), 0)

    def rank(self, table: Table, row: Row, operand: Operand) -> Any:
        """What a row is sorted by: text without regard to case, anything else as it is."""
        value = self.value(table, row, operand)
        return folded(value) if self.kind(table, operand) == "text" else value

    def groups(self, query: Query) -> list[list[Any]]:
        """The rows of an aggregate query: a value for each column of SELECT, then one for each of ORDER BY."""
        table = self.world[query.source]
        rows = self.matching(table, table.rows, query.where)
        wanted = [*(i.operand for i in query.select if isinstance(i, Item)), *(o.operand for o in query.order)]
        found = []
        for absent in _subtotals(query):
            for group in self._grouped(table, rows, [g for g in query.group if g not in absent], bool(query.group)):
                value_of = partial(self._group_value, table, group, absent)
                if query.having is None or self.holds(query.having, table, value_of):
                    found.append([value_of(operand) for operand in wanted])
        return found

    def _grouped(self, table: Table, rows: list[Row], by: list[Any], is_grouped: bool) -> list[list[Row]]:
        if not is_grouped:
            return [rows]
        groups: dict[tuple[Any, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(tuple(folded(self.value(table, row, operand)) for operand in by), []).append(row)
        return list(groups.values())

    def _group_value(self, table: Table, rows: list[Row], absent: frozenset[Any], operand: Operand) -> Any:
        match operand:
            case Grouping(inner):
                return int(inner in absent)
            case Aggregate("COUNT", None):
                return len(rows)
            case Aggregate(function, path):
                values = [v for row in rows if (v := self.value(table, row, path or ())) is not None]
                return _aggregated(function, values)
        return None if operand in absent else self.value(table, rows[0], operand)


def cut(rows: list[Any], query: Query) -> list[Any]:
    start = query.offset or 0
    return rows[start:] if query.limit is None else rows[start : start + query.limit]


def folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def in_order(one: Any, other: Any, order: Order) -> int:
    """Of two ranks: below, at or above zero as a sort wants it; what is missing comes first unless said otherwise."""
    if one is None or other is None:
        first = (other is None) - (one is None)
        return -first if order.nulls_last else first
    found = (one > other) - (one < other)
    return -found if order.descending else found


def compares(kind: str, value: Any, operator: str, literal: Literal) -> bool:
    if literal.span is not None:
        return _in_span(kind, value, operator, literal.span)
    wanted = literal.value or None if kind in ("text", "id", "multipicklist") else literal.value
    if kind == "boolean":
        value, wanted = bool(value), bool(wanted)
    if operator == "LIKE":
        return value is not None and wanted is not None and _like(wanted).fullmatch(folded(value)) is not None
    if kind == "multipicklist" and value is not None and wanted is not None:
        return (set(value.split(";")) == set(wanted.split(";"))) == (operator == "=")
    if kind != "id":
        value, wanted = folded(value), folded(wanted)
    if operator in ("=", "!="):
        return (value == wanted) == (operator == "=")
    return value is not None and wanted is not None and _ordered(value, operator, wanted)


def _ordered(value: Any, operator: str, wanted: Any) -> bool:
    return {"<": value < wanted, "<=": value <= wanted, ">": value > wanted, ">=": value >= wanted}[operator]


def _in_span(kind: str, value: Any, operator: str, span: tuple[date, date]) -> bool:
    """The days of a date literal: equal means within, smaller before, greater after."""
    if value is None:
        return operator == "!="
    first, end = (day.isoformat() + ("" if kind == "date" else "T00:00:00.000+0000") for day in span)
    return {
        "=": first <= value < end,
        "!=": not first <= value < end,
        "<": value < first,
        "<=": value < end,
        ">": value >= end,
        ">=": value >= first,
    }[operator]


def _among(kind: str, value: Any, operator: str, literals: Sequence[Literal]) -> bool:
    if operator in ("INCLUDES", "EXCLUDES"):
        own = set((value or "").split(";"))
        return any(set(str(one.value).split(";")) <= own for one in literals) == (operator == "INCLUDES")
    return any(compares(kind, value, "=", literal) for literal in literals) == (operator == "IN")


def _like(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|.", pattern.casefold(), re.S)
    return re.compile("".join(".*" if p == "%" else "." if p == "_" else re.escape(p[-1]) for p in parts), re.S)


def _aggregated(function: str, values: list[Any]) -> Any:
    match function:
        case "COUNT":
            return len(values)
        case "COUNT_DISTINCT":
            return len({folded(value) for value in values})
        case "SUM":
            return float(sum(values)) if values else None
        case "AVG":
            return sum(values) / len(values) if values else None
        case "MIN":
            return min(values, key=folded, default=None)
        case "MAX":
            return max(values, key=folded, default=None)
    raise ValueError(function)


def _subtotals(query: Query) -> Iterator[frozenset[Any]]:
    """By which groupings each of the results does not group."""
    if query.totals == "CUBE":
        for size in range(len(query.group) + 1):
            yield from (frozenset(absent) for absent in combinations(query.group, size))
    elif query.totals == "ROLLUP":
        yield from (frozenset(query.group[kept:]) for kept in range(len(query.group), -1, -1))
    else:
        yield frozenset()
