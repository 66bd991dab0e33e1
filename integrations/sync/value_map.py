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
    """What is not in it is called the same on both sides."""

    out: Mapping[str, str] = field(default_factory=dict)
    back: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, str]]) -> "ValueMap":
        """Rows of ``ours``, ``theirs`` and the ``way`` that they hold."""
        rows = list(rows)
        return cls(
            {row["ours"]: row["theirs"] for row in rows if row["way"] != Way.IN},
            {row["theirs"]: row["ours"] for row in rows if row["way"] != Way.OUT},
        )

    def __bool__(self) -> bool:
        return bool(self.out or self.back)

    def said(self, value: Any) -> Any:
        """A value of ours, or a list of them, in their words."""
        return _each(value, self.out.get) if self.out else value

    def meant(self, value: Any) -> Any:
        """A value of theirs, several joined by semicolons, in ours."""
        return _joined(value, self.back) if self.back else value


UNMAPPED = ValueMap()


def _each(value: Any, find: Callable[[str, Any], Any]) -> Any:
    if isinstance(value, list):
        return [find(str(one).strip(), one) for one in value]
    return find(value.strip(), value) if isinstance(value, str) else value


def _joined(value: Any, words: Mapping[str, str]) -> Any:
    text = str(value)
    return words[text] if text in words else ";".join(words.get(one, one) for one in text.split(";"))
