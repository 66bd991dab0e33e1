"""A formula as a tree. Operators are calls by their sign: ``1 + 2`` is Call("+", …)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Union


@dataclass(frozen=True, slots=True)
class Constant:
    value: str | Decimal | bool | None


@dataclass(frozen=True, slots=True)
class Name:
    """A field, perhaps of a parent or of the user: Amount, Account.Owner.Name, $User.Id."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    arguments: tuple["Node", ...]


Node = Union[Constant, Name, Call]  # noqa: UP007  # Call names Node before it is there
