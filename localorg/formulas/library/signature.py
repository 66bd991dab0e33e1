"""What a function takes and gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localorg.formulas.kinds import Kind

BOOLEAN, DATE, DATETIME, NUMBER, TEXT = Kind.BOOLEAN, Kind.DATE, Kind.DATETIME, Kind.NUMBER, Kind.TEXT


@dataclass(frozen=True, slots=True)
class Signature:
    """``optional``: how many of the last parameters may be left out; ``rest``: the last may be repeated;
    ``blanks``: ``run`` deals with blanks itself, where otherwise any blank makes the result blank;
    ``at_now``: no parameters, ``run`` gets the moment of saving as it is stored.
    """

    parameters: tuple[Kind, ...]
    result: Kind
    run: Callable[..., Any]
    optional: int = 0
    rest: bool = False
    blanks: bool = False
    at_now: bool = False

    def takes(self, count: int) -> bool:
        most = count if self.rest else len(self.parameters)
        return len(self.parameters) - self.optional <= count <= most

    def kind_at(self, position: int) -> Kind:
        return self.parameters[min(position, len(self.parameters) - 1)]


Signatures = dict[str, tuple[Signature, ...]]
