"""What happened with a record, newest first, told by any app.

    @timeline.source
    def pushes(record: Model, until: datetime | None, limit: int) -> Iterable[Entry]:
        ...  # at most ``limit`` entries, newest first, none later than ``until``

Entries may share a moment: a place in the timeline is that moment and how many of its entries were seen.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Model
from django.utils.dateparse import parse_datetime

logger = logging.getLogger(__name__)

PAGE_SIZE = 20
LONGEST_COUNT = 6  # digits: so many entries share no moment


@dataclass(frozen=True)
class Change:
    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Entry:
    at: datetime
    icon: str  # of Tabler's outline icons
    title: str
    detail: str = ""
    who: str = ""
    changes: Sequence[Change] = ()
    url: str = ""


@dataclass(frozen=True)
class Place:
    until: datetime
    seen: int = 0

    def __str__(self) -> str:
        return f"{self.until.isoformat()},{self.seen}"

    @classmethod
    def read(cls, text: str) -> "Place | None":
        moment, _, seen = text.rpartition(",")
        try:
            until = parse_datetime(moment)
        except ValueError:
            return None
        is_place = until and until.tzinfo and seen.isdecimal() and len(seen) <= LONGEST_COUNT
        return cls(until, int(seen)) if until and is_place else None


Source = Callable[[Model, datetime | None, int], Iterable[Entry]]
_sources: list[Source] = []


def source(function: Source) -> Source:
    """Register a teller of entries."""
    _sources.append(function)
    return function


def entries(record: Model, place: Place | None = None, size: int = PAGE_SIZE) -> tuple[list[Entry], Place | None]:
    """A page of the timeline from ``place`` on, and where the next one begins."""
    seen = place.seen if place else 0
    found: list[Entry] = []
    for tell in _sources:
        try:
            found += tell(record, place.until if place else None, size + seen + 1)
        except Exception:
            logger.exception("%s could not tell of %r", tell.__qualname__, record)
    found.sort(key=lambda entry: entry.at, reverse=True)  # stable: sources keep their own order within a moment
    page, rest = found[seen : seen + size], found[seen + size :]
    return page, _place_after(page, place) if rest else None


def _place_after(page: Sequence[Entry], place: Place | None) -> Place:
    last = page[-1].at
    seen = sum(entry.at == last for entry in page)
    return Place(last, seen + (place.seen if place and place.until == last else 0))
