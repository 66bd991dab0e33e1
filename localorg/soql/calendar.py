"""Whose days a query counts by: a time zone, and the day on which weeks begin."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from localorg import clock

SUNDAY, MONDAY = 6, 0  # as date.weekday() counts
SUNDAY_FIRST = {"US", "CA", "MX", "BR", "JP", "IN", "IL"}  # countries of locales


@dataclass(frozen=True)
class Calendar:
    zone: str = "GMT"
    first_weekday: int = SUNDAY

    def today(self) -> date:
        return clock.now().astimezone(zone(self.zone)).date()

    def midnight(self, day: date) -> str:
        """The moment at which a day begins, as stored."""
        return clock.stored(datetime.combine(day, time(), zone(self.zone)))


GMT = Calendar()


def of_user(time_zone: str | None, locale: str | None) -> Calendar:
    country = (locale or "en_US").rpartition("_")[2]
    return Calendar(time_zone or "GMT", SUNDAY if country in SUNDAY_FIRST else MONDAY)


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """UTC for a name that is unknown here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def in_zone(text: str | None, name: str) -> str | None:
    """A stored moment as clocks of a zone show it, of the same form."""
    if text is None:
        return None
    local = clock.read(text).astimezone(zone(name))
    return clock.stored(local.replace(tzinfo=UTC))
