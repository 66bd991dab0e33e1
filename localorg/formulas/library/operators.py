"""Operators, by their signs. Two blanks are equal as texts and unknown as anything else."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from operator import eq, ge, gt, le, lt, ne, neg, pos
from typing import Any

from localorg.formulas.errors import EvaluationError
from localorg.formulas.library import numbers
from localorg.formulas.library.signature import BOOLEAN, DATE, DATETIME, NUMBER, TEXT, Signature, Signatures

DAY = Decimal(24 * 60 * 60)
MILLION = 1_000_000


def _joined(one: str | None, other: str | None) -> str:
    return (one or "") + (other or "")


def _days_later(day: date, days: Decimal) -> date:
    """Parts of a day are cut off."""
    return _moved(day, timedelta(days=int(days)))


def _later(moment: datetime, days: Decimal) -> datetime:
    return _moved(moment, timedelta(milliseconds=round(days * DAY * 1000)))


def _moved(moment: Any, by: timedelta) -> Any:
    try:
        return moment + by
    except OverflowError:
        raise EvaluationError("Date out of range") from None


def days_between(later: datetime, earlier: datetime) -> Decimal:
    gap = later - earlier
    seconds = Decimal(gap.days) * DAY + gap.seconds + Decimal(gap.microseconds) / MILLION
    return numbers.divide(seconds, DAY)


def _same_truth(one: bool | None, other: bool | None) -> bool:
    return bool(one) == bool(other)


def _comparing(compare: Any) -> tuple[Signature, ...]:
    return tuple(Signature((kind, kind), BOOLEAN, compare) for kind in (NUMBER, DATE, DATETIME, TEXT))


def _equality(compare: Any, truth: Any) -> tuple[Signature, ...]:
    texts = Signature((TEXT, TEXT), BOOLEAN, compare, blanks=True)
    others = tuple(Signature((kind, kind), BOOLEAN, compare) for kind in (NUMBER, DATE, DATETIME))
    return (texts, *others, Signature((BOOLEAN, BOOLEAN), BOOLEAN, truth, blanks=True))


FUNCTIONS: Signatures = {
    "+": (
        Signature((NUMBER, NUMBER), NUMBER, numbers.add),
        Signature((DATE, NUMBER), DATE, _days_later),
        Signature((NUMBER, DATE), DATE, lambda days, day: _days_later(day, days)),
        Signature((DATETIME, NUMBER), DATETIME, _later),
        Signature((NUMBER, DATETIME), DATETIME, lambda days, moment: _later(moment, days)),
        Signature((TEXT, TEXT), TEXT, _joined, blanks=True),
        Signature((NUMBER,), NUMBER, pos),
    ),
    "-": (
        Signature((NUMBER, NUMBER), NUMBER, numbers.subtract),
        Signature((DATE, DATE), NUMBER, lambda later, earlier: Decimal((later - earlier).days)),
        Signature((DATE, NUMBER), DATE, lambda day, days: _days_later(day, -days)),
        Signature((DATETIME, DATETIME), NUMBER, days_between),
        Signature((DATETIME, NUMBER), DATETIME, lambda moment, days: _later(moment, -days)),
        Signature((NUMBER,), NUMBER, neg),
    ),
    "&": (Signature((TEXT, TEXT), TEXT, _joined, blanks=True),),
    "*": (Signature((NUMBER, NUMBER), NUMBER, numbers.multiply),),
    "/": (Signature((NUMBER, NUMBER), NUMBER, numbers.divide),),
    "^": (Signature((NUMBER, NUMBER), NUMBER, numbers.power),),
    "=": _equality(eq, _same_truth),
    "<>": _equality(ne, lambda one, other: not _same_truth(one, other)),
    "<": _comparing(lt),
    "<=": _comparing(le),
    ">": _comparing(gt),
    ">=": _comparing(ge),
}
