"""What stands in iCalendar data: bytes in, meetings out. What can't be read is left out."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import recurring_ical_events
from icalendar import Calendar
from icalendar.prop import vDDDTypes, vRecur

from activities.mail.messages import fitted
from activities.mail.parsing import LONGEST_ADDRESS, LONGEST_NAME, LONGEST_SUBJECT, Address, plain
from activities.models.activity import midnight

logger = logging.getLogger(__name__)

BEFORE, AFTER = timedelta(days=30), timedelta(days=90)  # of now: what is looked at
MOST = 5_000  # meetings in that time
OLDEST = 1970  # year in which a series began
PEOPLE = 200  # of one meeting
LONGEST_TEXT = 20_000
TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY")
TIMES_OF_DAY = ("BYHOUR", "BYMINUTE", "BYSECOND")
HIDDEN = ("PRIVATE", "CONFIDENTIAL")


class NoCalendar(ValueError):
    """The data are none of a calendar."""


@dataclass(frozen=True)
class Meeting:
    uid: str
    recurrence: str  # which of a series; "" for one that stands alone
    sequence: int
    starts_at: datetime
    ends_at: datetime | None
    is_all_day: bool
    subject: str
    location: str
    text: str
    people: tuple[Address, ...]
    declined: frozenset[str]
    is_cancelled: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.uid, self.recurrence

    @property
    def organizer(self) -> str:
        return next((one.address for one in self.people if one.role == "organizer"), "")

    @property
    def fingerprint(self) -> str:
        facts = astuple(replace(self, declined=frozenset(), sequence=0))
        return hashlib.sha256(repr((*facts, sorted(self.declined))).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True)
class Content:
    method: str
    meetings: tuple[Meeting, ...]


def parse(data: bytes, now: datetime, zone: tzinfo) -> Content:
    """The meetings around now; times without a zone are in ``zone``. Raises NoCalendar."""
    calendar = _calendar(data)
    _drop_what_recurs_too_often(calendar)
    series = {
        str(one.get("UID", ""))
        for one in calendar.walk("VEVENT")
        if any(name in one for name in ("RRULE", "RDATE", "RECURRENCE-ID"))
    }
    found = _readable(_occurrences(calendar.walk("VEVENT"), now)[:MOST], series, zone)
    return Content(plain(str(calendar.get("METHOD", ""))).upper(), tuple(found))


def parse_message(data: bytes, zone: tzinfo) -> Content:
    """The events as they stand there, whenever they are: of a cancellation or an answer. Raises NoCalendar."""
    calendar = _calendar(data)
    events = calendar.walk("VEVENT")
    series = {str(one.get("UID", "")) for one in events if "RECURRENCE-ID" in one}
    return Content(plain(str(calendar.get("METHOD", ""))).upper(), tuple(_readable(events, series, zone)))


def _occurrences(events: Sequence[Any], now: datetime) -> list[Any]:
    """Of all events; where the library breaks at one, of the others."""
    try:
        return _between(events, now)
    except Exception:  # whatever somebody else's program has written
        by_uid = defaultdict(list)
        for event in events:
            by_uid[str(event.get("UID", ""))].append(event)
    if len(by_uid) == 1:
        return []
    return [one for own in by_uid.values() for one in _occurrences(own, now)]


def _between(events: Sequence[Any], now: datetime) -> list[Any]:
    calendar = Calendar()
    calendar.subcomponents = list(events)
    query = recurring_ical_events.of(calendar, components=["VEVENT"], skip_bad_series=True)
    return list(query.between(now - BEFORE, now + AFTER))


def _calendar(data: bytes) -> Any:
    try:
        return Calendar.from_ical(data)
    except Exception as error:  # whatever somebody else's program has written
        raise NoCalendar(str(error)) from error


def _drop_what_recurs_too_often(calendar: Any) -> None:
    """Nobody meets every second, or every zero days, or since the year 1: such a rule only keeps us busy."""
    for component in [calendar, *calendar.walk("VCALENDAR")]:
        component.subcomponents = [one for one in component.subcomponents if not _recurs_too_often(one)]


def _recurs_too_often(component: Any) -> bool:
    rules = component.get("RRULE", [])
    return any(
        any(str(frequency).upper() in TOO_OFTEN for frequency in rule.get("FREQ", []))
        or any(len(rule.get(name, [])) > 1 for name in TIMES_OF_DAY)
        or any(int(every) < 1 for every in rule.get("INTERVAL", []))
        or _year(component) < OLDEST
        for rule in (rules if isinstance(rules, list) else [rules])
        if isinstance(rule, vRecur)
    )


def _year(event: Any) -> int:
    start = event.get("DTSTART")
    return start.dt.year if isinstance(start, vDDDTypes) and isinstance(start.dt, date) else OLDEST


def _readable(events: Iterable[Any], series: set[str], zone: tzinfo) -> Iterator[Meeting]:
    for event in events:
        try:
            if event.get("UID") and plain(str(event.get("CLASS", ""))).upper() not in HIDDEN:
                yield _meeting(event, is_of_series=str(event["UID"]) in series, zone=zone)
        except Exception:
            logger.info("A meeting of a calendar can't be read.", exc_info=True)


def _meeting(event: Any, *, is_of_series: bool, zone: tzinfo) -> Meeting:
    start = event["DTSTART"].dt
    end = event["DTEND"].dt if "DTEND" in event else None
    if end is None and "DURATION" in event:
        end = start + event["DURATION"].dt
    starts_at = _moment(start, zone)
    ends_at = _moment(end, zone) if end is not None else None
    organizers = [_person("organizer", one) for one in _listed(event.get("ORGANIZER", []))[:1]]
    attendees = _listed(event.get("ATTENDEE", []))[:PEOPLE]
    guests = [_person("attendee", one) for one in attendees]
    people = {one.address: one for one in [*guests, *organizers] if one.address}
    return Meeting(
        uid=fitted(plain(str(event["UID"]))),
        recurrence=_recurrence(event["RECURRENCE-ID"].dt) if is_of_series and "RECURRENCE-ID" in event else "",
        sequence=max(0, min(int(event.get("SEQUENCE", 0)), 2**31 - 1)),
        starts_at=starts_at,
        ends_at=ends_at if ends_at is not None and ends_at >= starts_at else None,
        is_all_day=not isinstance(start, datetime),
        subject=plain(_said(event, "SUMMARY"))[:LONGEST_SUBJECT],
        location=plain(_said(event, "LOCATION"))[:LONGEST_SUBJECT],
        text=_lines(_said(event, "DESCRIPTION"))[:LONGEST_TEXT],
        people=tuple(people.values()),
        declined=frozenset(_address(one) for one in attendees if one.params.get("PARTSTAT", "").upper() == "DECLINED"),
        is_cancelled=str(event.get("STATUS", "")).upper() == "CANCELLED",
    )


def _recurrence(value: date | datetime) -> str:
    """Which of a series: the same in everybody's calendar, wherever they live."""
    if not isinstance(value, datetime):
        return f"{value:%Y%m%d}"
    return f"{value.astimezone(UTC):%Y%m%dT%H%M%SZ}" if value.tzinfo else f"{value:%Y%m%dT%H%M%S}"


def _moment(value: date | datetime, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        return midnight(value)
    return value if value.tzinfo else value.replace(tzinfo=zone)


def _said(event: Any, name: str) -> str:
    return str(next(iter(_listed(event.get(name, ""))), ""))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _person(role: str, value: Any) -> Address:
    return Address(role, _address(value), plain(str(value.params.get("CN", "")))[:LONGEST_NAME])


def _address(value: Any) -> str:
    address = plain(str(value)).lower().removeprefix("mailto:")
    return address if "@" in address and len(address) <= LONGEST_ADDRESS else ""


def _lines(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").encode("utf-8", "replace").decode().strip()
