"""Values of a field that the two sides call differently: pure, and equality included."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Way(StrEnum):
    """Of several values that mean one, the row that goes both ways says which is chosen on the way back."""

    BOTH = "both"
    OUT = "out"
    IN = "in"


@dataclass(frozen=True)
class ValueMap:
    """What is not in it is called the same on both sides; in a closed one, it has no name on the other."""

    out: Mapping[str, str] = field(default_factory=dict)
    back: Mapping[str, str] = field(default_factory=dict)
    is_closed: bool = False

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, str]], *, is_closed: bool = False) -> "ValueMap":
        """Rows of ``ours``, ``theirs`` and the ``way`` that they hold."""
        rows = list(rows)
        return cls(
            {row["ours"]: row["theirs"] for row in rows if row["way"] != Way.IN},
            {row["theirs"]: row["ours"] for row in rows if row["way"] != Way.OUT},
            is_closed,
        )

    def __bool__(self) -> bool:
        return bool(self.out or self.back or self.is_closed)

    def said(self, value: Any) -> Any:
        """A value of ours, or a list of them, in their words."""
        return _each(value, self.out.get) if self.out else value

    def meant(self, value: Any) -> Any:
        """A value of theirs, several joined by semicolons, in ours."""
        return _joined(value, self.back) if self.back else value

    def unsaid(self, value: Any) -> list[str]:
        """Which values of ours have no name over there."""
        return [one for one in _parts(value) if one not in self.out] if self.is_closed else []

    def has_meaning(self, value: Any) -> bool:
        """Whether a value of theirs has a name here."""
        return not self.is_closed or str(value) in self.back or all(one in self.back for one in str(value).split(";"))


UNMAPPED = ValueMap()


def _parts(value: Any) -> list[str]:
    values = value if isinstance(value, list) else [value] if value is not None else []
    return [text for one in values if (text := str(one).strip())]


def _each(value: Any, find: Callable[[str, Any], Any]) -> Any:
    if isinstance(value, list):
        return [find(str(one).strip(), one) for one in value]
    return find(value.strip(), value) if isinstance(value, str) else value


def _joined(value: Any, words: Mapping[str, str]) -> Any:
    text = str(value)
    return words[text] if text in words else ";".join(words.get(one, one) for one in text.split(";"))
