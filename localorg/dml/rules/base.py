"""The three places where an object may have a rule of its own."""

from collections.abc import Callable
from dataclasses import dataclass

from localorg.dml.work import Row, Work


def _nothing(work: Work, row: Row, old: Row | None) -> None:
    """No rule."""


def _nothing_after(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """No rule."""


@dataclass(frozen=True, slots=True)
class Rules:
    """``row`` holds what is about to be written and may be changed; ``old`` the row before, None on create.

    ``check`` runs before system validation, ``derive`` after it, ``after`` when the row is written.
    """

    check: Callable[[Work, Row, Row | None], None] = _nothing
    derive: Callable[[Work, Row, Row | None], None] = _nothing
    after: Callable[[Work, str, Row, Row | None], None] = _nothing_after


NOTHING = Rules()


def merged(row: Row, old: Row | None) -> Row:
    return {**(old or {}), **row}
