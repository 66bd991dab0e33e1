"""Date literals: TODAY, LAST_N_DAYS:3 … -> the half-open range of days they mean.

Days are those of the org's default time zone (GMT); weeks begin on Sunday, as in the en_US locale.
"""

from datetime import date, timedelta

DAY = timedelta(days=1)
UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")

Range = tuple[date, date]


def resolve(text: str, today: date) -> Range | None:
    """First day and the day after the last; None if ``text`` is no date literal."""
    name, _, count = text.upper().partition(":")
    name = name.replace("FISCAL_", "")
    if not count:
        return _plain(name, today)
    return _counted(name, int(count), today)


def _plain(name: str, today: date) -> Range | None:
    match name:
        case "TODAY":
            return today, today + DAY
        case "YESTERDAY":
            return today - DAY, today
        case "TOMORROW":
            return today + DAY, today + 2 * DAY
        case "LAST_90_DAYS":
            return today - 90 * DAY, today + DAY
        case "NEXT_90_DAYS":
            return today + DAY, today + 91 * DAY
    which, _, unit = name.partition("_")
    if unit not in UNITS[1:] or which not in ("LAST", "THIS", "NEXT"):
        return None
    start = _start(unit, today)
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[which]
    return _move(unit, start, shift), _move(unit, start, shift + 1)


def _counted(name: str, count: int, today: date) -> Range | None:
    if name.endswith("S_AGO") and name.startswith("N_"):
        unit = name[2:-5]
        return _units(unit, today, -count, -count + 1)
    which, _, plural = name.partition("_N_")
    unit = plural.removesuffix("S")
    if unit == "DAY" and which == "LAST":
        return today - count * DAY, today + DAY
    if which == "LAST":
        return _units(unit, today, -count, 0)
    return _units(unit, today, 1, count + 1) if which == "NEXT" else None


def _units(unit: str, today: date, first: int, end: int) -> Range | None:
    if unit not in UNITS:
        return None
    start = _start(unit, today)
    return _move(unit, start, first), _move(unit, start, end)


def _start(unit: str, day: date) -> date:
    match unit:
        case "WEEK":
            return day - timedelta(days=(day.weekday() + 1) % 7)
        case "MONTH":
            return day.replace(day=1)
        case "QUARTER":
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case "YEAR":
            return day.replace(month=1, day=1)
    return day


def _move(unit: str, start: date, count: int) -> date:
    if unit in ("DAY", "WEEK"):
        return start + count * (7 if unit == "WEEK" else 1) * DAY
    months = start.year * 12 + start.month - 1 + count * {"MONTH": 1, "QUARTER": 3, "YEAR": 12}[unit]
    return date(months // 12, months % 12 + 1, 1)
