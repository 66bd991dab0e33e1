"""The places where an object may have a rule of its own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from localorg.dml.work import Row, Work


def _nothing(work: Work, row: Row, old: Row | None) -> None:
    """No rule."""


def _nothing_after(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """No rule."""


def _nobody(work: Work, record_id: str) -> Iterable[tuple[str, str]]:
    return ()


def _nothing_about(work: Work, record_id: str, row: Row) -> None:
    """No rule."""


@dataclass(frozen=True, slots=True)
class Rules:
    """``row`` holds what is about to be written and may be changed; ``old`` the row before, None on create.

    ``check`` runs before system validation, ``derive`` after it, ``after`` when the row is written. ``before_delete``
    may refuse a delete that was asked for. ``removed`` and ``restored`` run when the row has gone into the recycle bin
    (or out of the world) and come back; ``along`` names what else goes then: objects and ids.
    """

    check: Callable[[Work, Row, Row | None], None] = _nothing
    derive: Callable[[Work, Row, Row | None], None] = _nothing
    after: Callable[[Work, str, Row, Row | None], None] = _nothing_after
    before_delete: Callable[[Work, str, Row], None] = _nothing_about
    removed: Callable[[Work, str, Row], None] = _nothing_about
    along: Callable[[Work, str], Iterable[tuple[str, str]]] = _nobody
    restored: Callable[[Work, str, Row], None] = _nothing_about


NOTHING = Rules()


def merged(row: Row, old: Row | None) -> Row:
    return {**(old or {}), **row}
