"""Random queries of the whole grammar, about what a world really holds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property, partial
from typing import Any

from hypothesis import strategies as st

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
    Order,
    Part,
    Path,
    Query,
    SemiJoin,
)
from tests.localorg.soql.world import Column, Table, World

Draw = Any
FROM = ("Account", "Contact", "Opportunity", "Lead", "Task", "Campaign")
SEMI_JOINED = {
    "Account": (("Contact", "AccountId"), ("Opportunity", "AccountId")),
    "Contact": (("Account", "OwnerId"),),
}
DAY_PARTS = ("CALENDAR_YEAR", "CALENDAR_QUARTER", "CALENDAR_MONTH", "FISCAL_YEAR", "FISCAL_QUARTER", "DAY_IN_MONTH")
DAY_PARTS += ("DAY_IN_WEEK", "DAY_IN_YEAR", "WEEK_IN_MONTH", "WEEK_IN_YEAR")
MOMENT_PARTS = (*DAY_PARTS, "DAY_ONLY", "HOUR_IN_DAY")
RELATIONAL = ("=", "!=", "<", "<=", ">", ">=")
DAY = timedelta(days=1)
NAME = Column("Name", "string", True, True, True, None, ())  # what every polymorphic parent shows
SAMPLED = 40  # rows whose values conditions are made of


class Grammar:
    """Strategies for one world; each is made once, since making them takes longer than drawing from them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.paths = {name: dict(self._paths(world[name])) for name in FROM}
        self.conditions = {name: self._conditions(name) for name in FROM}
        self.orders = {name: self._orders(name) for name in FROM}
        self.filters = {name: self._filters(name) for name in FROM}

    def queries(self) -> st.SearchStrategy[Query]:
        return st.one_of(plain(self), plain(self), grouped(self))

    def chosen(self, name: str, wanted: Callable[[Column], bool]) -> list[Path]:
        return [path for path, column in self.paths[name].items() if wanted(column)]

    def parts(self, name: str) -> list[Part]:
        """Parts of all the dates in reach."""
        functions = {"date": DAY_PARTS, "datetime": MOMENT_PARTS}
        paths = self.paths[name].items()
        return [Part(f, path) for path, c in paths for f in functions.get(c.type, ())]

    def aggregates(self, name: str) -> list[Aggregate]:
        own = [column for column in self.world[name].columns.values() if column.filterable]
        found = [Aggregate(f, (c.name,)) for c in own if c.family == "number" for f in ("SUM", "AVG")]
        plain = [c for c in own if c.family in ("text", "number", "date", "datetime")]
        found += [Aggregate(f, (c.name,)) for c in plain for f in ("MIN", "MAX", "COUNT", "COUNT_DISTINCT")]
        return found + [Aggregate("COUNT", (c.name,)) for c in own if c.family == "id"]

    def _paths(self, table: Table, depth: int = 2) -> Iterator[tuple[Path, Column]]:
        """Every field of a record, of its parents, and of theirs."""
        yield from (((name,), column) for name, column in table.columns.items())
        for name, lookup in table.parents.items() if depth else ():
            target = self.world.target(lookup)
            if target is not None:
                yield from (((name, *path), column) for path, column in self._paths(target, depth - 1))
            elif depth == 2 and set(lookup.targets) <= set(self.world.tables):  # of the record itself
                yield from (((name, shown), replace(NAME, name=shown)) for shown in ("Name", "Type"))

    def near_and_far(self, name: str, wanted: Callable[[Column], bool]) -> st.SearchStrategy[Path]:
        """The record's own fields as often as all those of parents."""
        found = self.chosen(name, wanted)
        near, far = [p for p in found if len(p) == 1], [p for p in found if len(p) > 1]
        return st.sampled_from(near) | st.sampled_from(far)

    def _orders(self, name: str) -> st.SearchStrategy[tuple[Order, ...]]:
        order = st.builds(Order, self.near_and_far(name, lambda c: c.sortable), st.booleans(), st.booleans())
        return st.lists(order, max_size=3, unique_by=lambda o: o.operand).map(tuple)

    def _conditions(self, name: str) -> st.SearchStrategy[Condition]:
        operands = st.one_of(self.near_and_far(name, _filters), st.sampled_from(self.parts(name)))
        return st.recursive(
            operands.flatmap(partial(self.comparison, name)),
            lambda inner: st.one_of(
                inner.map(Not),
                st.builds(Chain, st.sampled_from(("AND", "OR")), st.lists(inner, min_size=2, max_size=3).map(tuple)),
            ),
            max_leaves=5,
        )

    def _filters(self, name: str) -> st.SearchStrategy[Condition | None]:
        """With semi-joins where they are allowed: at the top, joined by AND."""
        simple = self.conditions[name]
        joins = [self._semi_join(*one) for one in SEMI_JOINED.get(name, ())]
        if not joins:
            return st.none() | simple
        both = st.tuples(st.one_of(joins), simple).map(lambda parts: Chain("AND", parts))
        return st.one_of(st.none(), simple, simple, both, st.tuples(*joins).map(lambda parts: Chain("AND", parts)))

    def _semi_join(self, name: str, key: str) -> st.SearchStrategy[SemiJoin]:
        inner = st.builds(Query, st.just(name), st.just((Item((key,)),)), st.none() | self.conditions[name])
        return st.builds(SemiJoin, st.just(("OwnerId",) if key == "OwnerId" else ("Id",)), st.booleans(), inner)

    @cached_property
    def comparison(self) -> Callable[[str, Path | Part], st.SearchStrategy[Condition]]:
        """A comparison of an operand of a table: one strategy for each."""
        return cache(self._comparison)

    def _comparison(self, name: str, operand: Path | Part) -> st.SearchStrategy[Condition]:
        if isinstance(operand, Part):
            return _of_part(operand)
        column = self.paths[name][operand]
        if column.family == "multipicklist":
            return _multi(operand)
        values = self._values(name, operand, column)
        equal = column.family in ("boolean", "id")
        compare = st.builds(Compare, st.just(operand), st.sampled_from(RELATIONAL[:2] if equal else RELATIONAL), values)
        if column.family == "boolean":
            return compare
        several = st.lists(values, min_size=1, max_size=4).map(tuple)
        among = st.builds(Among, st.just(operand), st.sampled_from(("IN", "NOT IN")), several)
        like = st.builds(Compare, st.just(operand), st.just("LIKE"), _patterns(values))
        return st.one_of(compare, among, like) if column.family == "text" else compare | among

    def _values(self, name: str, path: Path, column: Column) -> st.SearchStrategy[Literal]:
        """Mostly what is really there, sometimes its neighbours, sometimes nothing."""
        null = st.just(Literal("null", None))
        found = self._found(self.world[name], path)
        match column.family:
            case "boolean":
                return st.sampled_from((Literal("true", True), Literal("FALSE", False))) | null
            case "number":
                near = [_number(n) for value in found or [0] for n in (value, value + 1, value / 2, -value)]
                return st.sampled_from(near) | null
            case "date" | "datetime":
                known = [_moment(text, column.family) for text in found or ["2026-01-02T03:04:05.000+0000"]]
                return st.one_of(_days(column.family), null, st.sampled_from(known))
            case "id":
                known = [Literal(quoted(text), value) for value in found for text in (value, value[:15])]
                return st.sampled_from(known or [Literal("'003000000000001'", "003000000000001AAA")]) | null
        words = [w for v in map(str, found or ["x"]) for w in (v, v.upper(), v[: len(v) // 2], f"{v}x")]
        return st.one_of(st.sampled_from([Literal(quoted(w), w) for w in words]), null, st.just(Literal("''", "")))

    def _found(self, table: Table, path: Path) -> list[Any]:
        for name in path[:-1]:
            target = self.world.target(table.parents[name])
            if target is None:
                return ["Account", "Contact"] if path[-1] == "Type" else ["Acme"]
            table = target
        return list(dict.fromkeys(row[path[-1]] for row in table.rows[:SAMPLED] if row[path[-1]] is not None))


@st.composite
def plain(draw: Draw, grammar: Grammar) -> Query:
    name = draw(st.sampled_from(FROM))
    table = grammar.world[name]
    paths = draw(st.lists(grammar.near_and_far(name, lambda _: True), min_size=1, max_size=5, unique=True))
    items: list[Item | Query] = [Item(one) for one in paths]
    known = sorted(relation for relation, (child, _) in table.children.items() if child in FROM)
    chosen = draw(st.lists(st.sampled_from(known), max_size=2, unique=True)) if known else []
    items += [draw(children(grammar, relation, table.children[relation][0])) for relation in chosen]
    return Query(
        name,
        tuple(draw(st.permutations(items))),
        where=draw(grammar.filters[name]),
        order=draw(grammar.orders[name]),
        limit=draw(st.none() | st.integers(0, 30)),
        offset=draw(st.none() | st.none() | st.integers(0, 20)),
    )


@st.composite
def children(draw: Draw, grammar: Grammar, relation: str, name: str) -> Query:
    paths = draw(st.lists(grammar.near_and_far(name, lambda _: True), min_size=1, max_size=3, unique=True))
    where = draw(st.none() | grammar.conditions[name])
    limit = draw(st.none() | st.integers(1, 3))
    return Query(relation, tuple(map(Item, paths)), where, order=draw(grammar.orders[name]), limit=limit)


@st.composite
def grouped(draw: Draw, grammar: Grammar) -> Query:
    name = draw(st.sampled_from(FROM))
    by = grammar.near_and_far(name, lambda c: c.groupable) | st.sampled_from(grammar.parts(name))
    aggregates = st.sampled_from(grammar.aggregates(name))
    groups = draw(st.lists(by, max_size=3, unique_by=_shown))
    totals = draw(st.sampled_from(("", "", "ROLLUP", "CUBE"))) if groups else ""
    items = [Item(group) for group in groups]
    items += [Item(a) for a in draw(st.lists(aggregates, min_size=not groups, max_size=3))]
    items += [Item(Grouping(group)) for group in groups] if totals else []
    named = [Item(item.operand, f"a{n}") if draw(st.booleans()) else item for n, item in enumerate(items)]
    query = Query(name, tuple(named), where=draw(grammar.filters[name]), group=tuple(groups), totals=totals)
    if not groups:
        return query
    sorting = draw(st.lists(st.sampled_from([item.operand for item in items]), max_size=2, unique=True))
    order = tuple(Order(operand, draw(st.booleans()), draw(st.booleans())) for operand in sorting)
    having = draw(st.none() | _having(grammar, name, groups))
    return query.but(having=having, order=order, limit=draw(st.none() | st.integers(1, 10)))


def _shown(operand: Path | Part) -> str:
    """Under what name a group stands in the answer: two of one name would need aliases."""
    return operand[-1] if isinstance(operand, tuple) else str(operand)


@st.composite
def _having(draw: Draw, grammar: Grammar, name: str, groups: list[Path | Part]) -> Condition:
    path = (draw(st.sampled_from(grammar.aggregates(name))).path) or ("Id",)
    number = draw(st.integers(0, 20))
    aggregate = Aggregate(draw(st.sampled_from(("COUNT", "COUNT_DISTINCT"))), path)
    first = Compare(aggregate, draw(st.sampled_from(RELATIONAL)), Literal(str(number), number))
    if draw(st.booleans()):
        return first
    second = draw(grammar.comparison(name, draw(st.sampled_from(groups))))
    return Chain(draw(st.sampled_from(("AND", "OR"))), (first, second))


def _filters(column: Column) -> bool:
    return column.filterable and column.type not in ("address", "base64", "location")


def _of_part(part: Part) -> st.SearchStrategy[Condition]:
    if part.function == "DAY_ONLY":
        return st.builds(Compare, st.just(part), st.sampled_from(RELATIONAL), _days("date"))
    numbers = (st.integers(0, 60) | st.integers(2015, 2027)).map(_number)
    return st.builds(Compare, st.just(part), st.sampled_from(RELATIONAL), numbers)


def _patterns(values: st.SearchStrategy[Literal]) -> st.SearchStrategy[Literal]:
    """Words with wildcards put in; their own are escaped."""

    def made(word: Literal, start: int, wild: str) -> Literal:
        own = str(word.value or "")
        escaped = "".join(f"\\{c}" if c in "%_\\" else c for c in own[start:])
        # a wildcard in a literal is told from a letter by its backslash, which quoting must not double
        shown = "".join(f"\\{c}" if c in "%_" else quoted(c)[1:-1] for c in own[start:])
        return Literal(f"'{wild}{shown}%'", f"{wild}{escaped}%")

    return st.builds(made, values, st.integers(0, 3), st.sampled_from(("%", "_", "", "%_")))


@st.composite
def _multi(draw: Draw, operand: Path) -> Condition:
    words = st.lists(st.sampled_from(("Art", "Biking", "Chess", "Dance")), min_size=1, max_size=3, unique=True)
    literals = draw(st.lists(words.map(";".join), min_size=1, max_size=3))
    made = tuple(Literal(quoted(word), word) for word in literals)
    if draw(st.booleans()):
        return Compare(operand, draw(st.sampled_from(("=", "!="))), draw(st.sampled_from((*made, Literal("null")))))
    return Among(operand, draw(st.sampled_from(("INCLUDES", "EXCLUDES"))), made)


def _number(value: float) -> Literal:
    return Literal(repr(value), value)


def _moment(text: str, kind: str) -> Literal:
    if kind == "date":
        return Literal(text[:10], text[:10])
    moment = datetime.fromisoformat(text).astimezone(UTC)
    return Literal(moment.isoformat().replace("+00:00", "Z"), text)


@st.composite
def _days(draw: Draw, kind: str) -> Literal:
    """A date literal, or a day near today."""
    today = datetime.now(UTC).date()
    name, span = draw(st.sampled_from(spans(today, draw(st.integers(1, 40)))))
    day = today - draw(st.integers(0, 900)) * DAY
    fixed = _moment(day.isoformat() + ("" if kind == "date" else "T00:00:00.000+0000"), kind)
    return draw(st.sampled_from((Literal(name, span=span), fixed)))


def spans(today: date, n: int) -> list[tuple[str, tuple[date, date]]]:
    """Date literals with their first day and the day after their last."""
    week = today - (today.isoweekday() % 7) * DAY
    month, quarter, year = (
        today.replace(day=1),
        date(today.year, (today.month - 1) // 3 * 3 + 1, 1),
        date(today.year, 1, 1),
    )
    days: dict[str, tuple[date, date]] = {
        "TODAY": (today, today + DAY),
        "YESTERDAY": (today - DAY, today),
        "TOMORROW": (today + DAY, today + 2 * DAY),
        "LAST_90_DAYS": (today - 90 * DAY, today + DAY),
        "NEXT_90_DAYS": (today + DAY, today + 91 * DAY),
        f"LAST_N_DAYS:{n}": (today - n * DAY, today + DAY),
        f"NEXT_N_DAYS:{n}": (today + DAY, today + (n + 1) * DAY),
        f"N_DAYS_AGO:{n}": (today - n * DAY, today - (n - 1) * DAY),
    }
    for unit, start, move in (
        ("WEEK", week, lambda d, k: d + 7 * k * DAY),
        ("MONTH", month, months),
        ("QUARTER", quarter, lambda d, k: months(d, 3 * k)),
        ("YEAR", year, lambda d, k: months(d, 12 * k)),
    ):
        names = (unit, f"FISCAL_{unit}") if unit in ("QUARTER", "YEAR") else (unit,)
        for name in names:
            days[f"LAST_{name}"] = move(start, -1), start
            days[f"THIS_{name}"] = start, move(start, 1)
            days[f"NEXT_{name}"] = move(start, 1), move(start, 2)
            days[f"LAST_N_{name}S:{n}"] = move(start, -n), start
            days[f"NEXT_N_{name}S:{n}"] = move(start, 1), move(start, n + 1)
            days[f"N_{name}S_AGO:{n}"] = move(start, -n), move(start, 1 - n)
    return list(days.items())


def months(day: date, count: int) -> date:
    number = day.year * 12 + day.month - 1 + count
    return date(number // 12, number % 12 + 1, 1)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return "'" + escaped.replace("\n", "\\n").replace("\r", "\\r") + "'"


@st.composite
def spoilt(draw: Draw, grammar: Grammar) -> tuple[str, str]:
    """A query with one mistake, and the code that it is refused with."""
    query = draw(plain(grammar))
    table = grammar.world[query.source]
    long_text = next((c.name for c in table.columns.values() if c.type == "textarea" and not c.filterable), None)
    whole = str(query.but(limit=None, offset=None))
    bare = str(query.but(where=None, order=(), limit=None, offset=None))
    filtered = (c.name for c in table.columns.values() if c.family == "text" and c.filterable)
    name = draw(st.sampled_from(sorted(filtered)))
    choices = [
        (str(query).replace("SELECT ", "SELECT Missing__x, ", 1), "INVALID_FIELD"),
        (str(query).replace("SELECT ", "SELECT Missing.Name, ", 1), "INVALID_FIELD"),
        (str(query).replace("SELECT ", "SELECT (SELECT Id FROM Missings), ", 1), "INVALID_TYPE"),
        (str(query.but(source="Missing")), "INVALID_TYPE"),
        (f"{bare} WHERE {name} = 5", "INVALID_FIELD"),
        (f"{bare} WHERE CreatedDate = '2026-01-02'", "INVALID_FIELD"),
        (f"{bare} WHERE CreatedDate = 2026-01-02", "INVALID_FIELD"),
        (f"{bare} WHERE CreatedDate > SOME_DAY", "INVALID_FIELD"),
        (f"{bare} WHERE IsDeleted = 'true'", "INVALID_FIELD"),
        (f"{bare} WHERE IsDeleted > false", "INVALID_QUERY_FILTER_OPERATOR"),
        (f"{bare} WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        (f"{bare} WHERE Id LIKE '001%'", "INVALID_QUERY_FILTER_OPERATOR"),
        (f"{bare} WHERE CreatedDate LIKE '2026%'", "INVALID_QUERY_FILTER_OPERATOR"),
        (f"{bare} WHERE {name} INCLUDES ('a')", "INVALID_QUERY_FILTER_OPERATOR"),
        (f"{bare} WHERE Id = null AND Id = null OR Id = null", "MALFORMED_QUERY"),
        (f"{bare} WHERE {name} IN ()", "MALFORMED_QUERY"),
        (f"{bare} WHERE {name} = 'a\\q'", "MALFORMED_QUERY"),
        (f"{bare} WHERE {name} = 'open", "MALFORMED_QUERY"),
        (f"{bare} WHERE COUNT(Id) > 1", "MALFORMED_QUERY"),
        (f"{bare} WHERE Id IN (SELECT OwnerId FROM User)", "INVALID_FIELD"),
        (f"{bare} ORDER BY COUNT(Id)", "MALFORMED_QUERY"),
        (f"{bare} GROUP BY CreatedDate", "MALFORMED_QUERY"),
        (f"{bare} HAVING COUNT(Id) > 1", "MALFORMED_QUERY"),
        (f"{whole} LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        (f"{whole} LIMIT x", "MALFORMED_QUERY"),
        (f"{whole} LIMIT 1 LIMIT 1", "MALFORMED_QUERY"),
        (f"{whole},", "MALFORMED_QUERY"),
        (str(query).replace("SELECT", "SELEKT", 1), "MALFORMED_QUERY"),
        (str(query).replace(" FROM ", " FORM ", 1), "MALFORMED_QUERY"),
    ]
    first = next(item for item in query.select if isinstance(item, Item))
    choices.append((str(query).replace("SELECT ", f"SELECT {first}, ", 1), "INVALID_FIELD"))
    if long_text:
        choices.append((f"{bare} WHERE {long_text} = 'x'", "INVALID_FIELD"))
        choices.append((f"{bare} ORDER BY {long_text}", "MALFORMED_QUERY"))
    return draw(st.sampled_from(choices))
