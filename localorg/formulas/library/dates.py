"""Functions of dates and moments, all in GMT."""

import calendar
from datetime import UTC, date, datetime
from decimal import Decimal

from localorg import clock
from localorg.formulas.errors import EvaluationError
from localorg.formulas.library.operators import DAY, days_between
from localorg.formulas.library.signature import DATE, DATETIME, NUMBER, TEXT, Signature, Signatures

ONE = (DATE,)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _date(year: Decimal, month: Decimal, day: Decimal) -> date:
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        raise EvaluationError("Invalid date") from None


def _date_value(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no time zone
    except ValueError:
        raise EvaluationError(f"Invalid date: {text}") from None


def _datetime_value(text: str) -> datetime:
    try:
        return datetime.strptime(text.removesuffix("Z"), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        raise EvaluationError(f"Invalid date/time: {text}") from None


def _add_months(day: date, months: Decimal) -> date:
    """The last day of a month stays the last day."""
    count = day.year * 12 + day.month - 1 + int(months)
    year, month = count // 12, count % 12 + 1
    if not 1 <= year <= date.max.year:
        raise EvaluationError("Date out of range")
    last = calendar.monthrange(year, month)[1]
    was_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month, last if was_last else min(day.day, last))


def _unix_time(moment: datetime) -> Decimal:
    return Decimal(int(days_between(moment, EPOCH) * DAY))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


FUNCTIONS: Signatures = {
    "ADDMONTHS": (Signature((DATE, NUMBER), DATE, _add_months),),
    "DATE": (Signature((NUMBER, NUMBER, NUMBER), DATE, _date),),
    "DATEVALUE": (
        Signature((TEXT,), DATE, _date_value),
        Signature((DATETIME,), DATE, datetime.date),
    ),
    "DATETIMEVALUE": (
        Signature((TEXT,), DATETIME, _datetime_value),
        Signature((DATE,), DATETIME, _midnight),
    ),
    "DAY": (Signature(ONE, NUMBER, lambda day: Decimal(day.day)),),
    "DAYOFYEAR": (Signature(ONE, NUMBER, lambda day: Decimal(day.timetuple().tm_yday)),),
    "ISOWEEK": (Signature(ONE, NUMBER, lambda day: Decimal(day.isocalendar().week)),),
    "ISOYEAR": (Signature(ONE, NUMBER, lambda day: Decimal(day.isocalendar().year)),),
    "MONTH": (Signature(ONE, NUMBER, lambda day: Decimal(day.month)),),
    "NOW": (Signature((), DATETIME, clock.read, at_now=True),),
    "TODAY": (Signature((), DATE, lambda now: clock.read(now).date(), at_now=True),),
    "UNIXTIMESTAMP": (Signature((DATETIME,), NUMBER, _unix_time),),
    "WEEKDAY": (Signature(ONE, NUMBER, lambda day: Decimal(day.isoweekday() % 7 + 1)),),
    "YEAR": (Signature(ONE, NUMBER, lambda day: Decimal(day.year)),),
}
