"""A query as the parser hands it on. Positions are offsets in the query's text, for the caret in error messages."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Path:
    """A field, perhaps through parents: Account.Owner.Name."""

    names: tuple[str, ...]
    position: int

    def __str__(self) -> str:
        return ".".join(self.names)


@dataclass(frozen=True, slots=True)
class Literal:
    """``kind``: string, number, datetime, date, name (null, true, a date literal), range (LAST_N_DAYS:3)."""

    kind: str
    text: str
    position: int

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Function:
    name: str
    arguments: tuple["Operand | Literal", ...]
    position: int

    def __str__(self) -> str:
        return self.name


Operand = Path | Function


def key(operand: Operand | Literal) -> str:
    """The same for two mentions of the same thing, however their case."""
    if isinstance(operand, Function):
        return f"{operand.name}({','.join(key(argument) for argument in operand.arguments)})".lower()
    return str(operand).lower()


@dataclass(frozen=True, slots=True)
class Word:
    """A name in a clause whose choices the grammar leaves open."""

    text: str
    position: int


@dataclass(frozen=True, slots=True)
class Column:
    operand: Operand
    alias: str | None


@dataclass(frozen=True, slots=True)
class Typeof:
    relationship: str
    branches: tuple[tuple[str, tuple[Path, ...]], ...]
    otherwise: tuple[Path, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Compare:
    operand: Operand
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Within:
    """IN, NOT IN, INCLUDES or EXCLUDES with a list."""

    operand: Operand
    operator: str
    values: tuple[Literal, ...]


@dataclass(frozen=True, slots=True)
class SemiJoin:
    operand: Operand
    negated: bool
    query: "Query"


@dataclass(frozen=True, slots=True)
class Chain:
    """``operator`` AND or OR between all parts."""

    operator: str
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    part: Any


Condition = Compare | Within | SemiJoin | Chain | Negation


@dataclass(frozen=True, slots=True)
class Order:
    operand: Operand
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, slots=True)
class Query:
    columns: tuple["Column | Query | Typeof", ...]
    source: str
    source_position: int
    alias: str | None = None
    joins: tuple[tuple[Path, str], ...] = ()  # parents with aliases: FROM Contact c, c.Account a
    scope: Word | None = None
    security: Word | None = None
    purpose: tuple[Word, ...] = ()
    where: Condition | None = None
    group: tuple[Operand, ...] = ()
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
