"""A query as a tree of its own, and its text."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

Path = tuple[str, ...]


@dataclass(frozen=True)
class Literal:
    """``text`` as it stands in the query; ``value``: what it means, days of a date literal as a half-open span."""

    text: str
    value: Any = None
    span: tuple[date, date] | None = None


@dataclass(frozen=True)
class Compare:
    operand: "Operand"
    operator: str  # = != < <= > >= LIKE
    literal: Literal

    def __str__(self) -> str:
        return f"{text(self.operand)} {self.operator} {self.literal.text}"


@dataclass(frozen=True)
class Among:
    operand: "Operand"
    operator: str  # IN, NOT IN, INCLUDES, EXCLUDES
    literals: tuple[Literal, ...]

    def __str__(self) -> str:
        return f"{text(self.operand)} {self.operator} ({', '.join(literal.text for literal in self.literals)})"


@dataclass(frozen=True)
class SemiJoin:
    path: Path
    negated: bool
    query: "Query"

    def __str__(self) -> str:
        return f"{text(self.path)} {'NOT IN' if self.negated else 'IN'} ({self.query})"


@dataclass(frozen=True)
class Chain:
    operator: str  # AND, OR
    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        return f" {self.operator} ".join(f"({part})" if isinstance(part, Chain) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Not:
    part: "Condition"

    def __str__(self) -> str:
        return f"NOT ({self.part})"


Condition = Compare | Among | SemiJoin | Chain | Not


@dataclass(frozen=True)
class Part:
    """A part of a date: CALENDAR_YEAR(CreatedDate)."""

    function: str
    path: Path


@dataclass(frozen=True)
class Aggregate:
    function: str
    path: Path | None = None  # None: COUNT()


@dataclass(frozen=True)
class Grouping:
    operand: "Path | Part"


Operand = Path | Part | Aggregate | Grouping


@dataclass(frozen=True)
class Item:
    """A column of SELECT."""

    operand: Operand
    alias: str | None = None

    def __str__(self) -> str:
        return f"{text(self.operand)} {self.alias}" if self.alias else text(self.operand)


@dataclass(frozen=True)
class Order:
    operand: Operand
    descending: bool = False
    nulls_last: bool = False

    def __str__(self) -> str:
        return f"{text(self.operand)}{' DESC' if self.descending else ''}{' NULLS LAST' if self.nulls_last else ''}"


@dataclass(frozen=True)
class Query:
    source: str  # an object, or in a sub-query of SELECT a relationship
    select: tuple["Item | Query", ...]
    where: Condition | None = None
    group: tuple[Path | Part, ...] = ()
    totals: str = ""  # ROLLUP or CUBE
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None

    def __str__(self) -> str:
        columns = ", ".join(f"({item})" if isinstance(item, Query) else str(item) for item in self.select)
        parts = [f"SELECT {columns} FROM {self.source}"]
        parts += [f"WHERE {self.where}"] if self.where else []
        if self.group:
            groups = ", ".join(map(text, self.group))
            parts.append(f"GROUP BY {self.totals}({groups})" if self.totals else f"GROUP BY {groups}")
        parts += [f"HAVING {self.having}"] if self.having else []
        parts += [f"ORDER BY {', '.join(map(str, self.order))}"] if self.order else []
        parts += [f"LIMIT {self.limit}"] if self.limit is not None else []
        parts += [f"OFFSET {self.offset}"] if self.offset is not None else []
        return " ".join(parts)

    def but(self, **changes: Any) -> "Query":
        return replace(self, **changes)


def text(operand: Operand) -> str:
    match operand:
        case Aggregate(function, path):
            return f"{function}({text(path) if path else ''})"
        case Part(function, path):
            return f"{function}({text(path)})"
        case Grouping(inner):
            return f"GROUPING({text(inner)})"
    return ".".join(operand)
