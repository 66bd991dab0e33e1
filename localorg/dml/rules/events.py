"""Events: start, end and duration are three views of the same two moments."""

from datetime import UTC, datetime, time, timedelta

from localorg import clock
from localorg.dml.rules import invitees
from localorg.dml.rules.base import Rules, merged
from localorg.dml.rules.tasks import check_activity, derive_account, note_on
from localorg.dml.work import Row, Work
from localorg.errors import RecordRefused, refuse_record

LONGEST = timedelta(days=14)
DAY = 1440  # minutes
TOO_LONG = "Event duration can not be negative or longer than 14 days"
TIMES = {"StartDateTime", "EndDateTime", "ActivityDateTime", "ActivityDate", "DurationInMinutes", "IsAllDayEvent"}


def check(work: Work, row: Row, old: Row | None) -> None:
    check_activity(work, row, old)
    if TIMES & row.keys() or old is None:
        _set_times(row, old)


def _set_times(row: Row, old: Row | None) -> None:
    try:
        if merged(row, old).get("IsAllDayEvent"):
            _all_day(row, old)
        else:
            _timed(row, old)
    except OverflowError:  # beyond the year 9999
        raise _wrong_duration(TOO_LONG) from None


def _all_day(row: Row, old: Row | None) -> None:
    now = merged(row, old)
    day = row.get("ActivityDate") or _day(row.get("StartDateTime")) or now.get("ActivityDate")
    if day is None:
        raise refuse_record("REQUIRED_FIELD_MISSING", "Required fields are missing: [ActivityDate]", "ActivityDate")
    start = datetime.combine(datetime.fromisoformat(day), time(), UTC)
    end = _last_day(row, start)
    if end < start or end - start >= LONGEST:
        raise _wrong_duration(TOO_LONG)
    minutes = int((end - start).total_seconds() // 60) + DAY
    row |= {"ActivityDate": day, "ActivityDateTime": None, "StartDateTime": clock.stored(start)}
    row |= {"EndDateTime": clock.stored(end), "DurationInMinutes": minutes, "EndDate": end.date().isoformat()}


def _last_day(row: Row, start: datetime) -> datetime:
    """Midnight of the last day: given, or told by the length in minutes of whole days."""
    if row.get("EndDateTime"):
        return datetime.combine(clock.read(row["EndDateTime"]), time(), UTC)
    days = max(1, -(-int(row.get("DurationInMinutes") or DAY) // DAY))
    return start + timedelta(days=days - 1)


def _day(moment: str | None) -> str | None:
    return moment[:10] if moment else None


def _timed(row: Row, old: Row | None) -> None:
    start = _start(row, old)
    end = _end(row, old, start)
    if end < start or end - start > LONGEST:
        raise _wrong_duration(TOO_LONG)
    row |= {
        "StartDateTime": clock.stored(start),
        "ActivityDateTime": clock.stored(start),
        "ActivityDate": start.date().isoformat(),
        "EndDateTime": clock.stored(end),
        "EndDate": end.date().isoformat(),
        "DurationInMinutes": int((end - start).total_seconds() // 60),
    }


def _start(row: Row, old: Row | None) -> datetime:
    now = merged(row, old)
    both = row.get("StartDateTime"), row.get("ActivityDateTime")
    if all(both) and both[0] != both[1]:
        message = "Start and due date time of an event must be the same"
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", message, "StartDateTime")
    given = row.get("StartDateTime") or row.get("ActivityDateTime") or now.get("StartDateTime")
    if given is None:
        message = "Required fields are missing: [ActivityDateTime, DurationInMinutes]"
        raise refuse_record("REQUIRED_FIELD_MISSING", message, "ActivityDateTime", "DurationInMinutes")
    return clock.read(given)


def _end(row: Row, old: Row | None, start: datetime) -> datetime:
    duration, end = row.get("DurationInMinutes"), row.get("EndDateTime")
    if duration is None and end is None and old:
        duration = old["DurationInMinutes"]
    if duration is None and end is None:
        raise refuse_record(
            "REQUIRED_FIELD_MISSING", "Required fields are missing: [DurationInMinutes]", "DurationInMinutes"
        )
    if duration is None:
        return clock.read(str(end))
    by_duration = start + timedelta(minutes=duration)
    if end is not None and clock.read(end) != by_duration:
        raise _wrong_duration("Duration: start, end and duration do not agree")
    return by_duration


def _wrong_duration(message: str) -> RecordRefused:
    return refuse_record("FIELD_INTEGRITY_EXCEPTION", message, "DurationInMinutes")


def follow(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """A past event shows on its people and accounts; a changed one in the calendars of those who go."""
    if old is not None:
        invitees.tell(work, record_id, row)
    now = merged(row, old)
    if now["EndDateTime"] and now["EndDateTime"] <= work.now:
        note_on(work, now, now["ActivityDate"])


EVENT = Rules(check=check, derive=derive_account, after=follow)
