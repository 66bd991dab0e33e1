"""Date literals: TODAY, LAST_N_DAYS:3 … -> the half-open range of days they mean. The fiscal year is the calendar's."""

from datetime import date, timedelta

from localorg.soql.calendar import Calendar

DAY = timedelta(days=1)
UNITS = ("DAY", "WEEK", "MONTH", "QUARTER", "YEAR")

Range = tuple[date, date]


def resolve(text: str, calendar: Calendar) -> Range | None:
    """First day and the day after the last; None if ``text`` is no date literal."""
    name, _, count = text.upper().partition(":")
    if "FISCAL_" in name:
        if "QUARTER" not in name and "YEAR" not in name:
            return None
        name = name.replace("FISCAL_", "", 1)
    return _counted(name, int(count), calendar) if count else _plain(name, calendar)


def _plain(name: str, calendar: Calendar) -> Range | None:
    today = calendar.today()
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
    start = _start(unit, calendar)
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[which]
    return _move(unit, start, shift), _move(unit, start, shift + 1)


def _counted(name: str, count: int, calendar: Calendar) -> Range | None:
    if name.endswith("S_AGO") and name.startswith("N_"):
        unit = name[2:-5]
        return _units(unit, calendar, -count, -count + 1)
    which, _, plural = name.partition("_N_")
    unit = plural.removesuffix("S")
    if unit == "DAY" and which == "LAST":
        today = calendar.today()
        return today - count * DAY, today + DAY
    if which == "LAST":
        return _units(unit, calendar, -count, 0)
    return _units(unit, calendar, 1, count + 1) if which == "NEXT" else None


def _units(unit: str, calendar: Calendar, first: int, end: int) -> Range | None:
    if unit not in UNITS:
        return None
    start = _start(unit, calendar)
    return _move(unit, start, first), _move(unit, start, end)


def _start(unit: str, calendar: Calendar) -> date:
    day = calendar.today()
    match unit:
        case "WEEK":
            return day - (day.weekday() - calendar.first_weekday) % 7 * DAY
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
