"""What happened with a record, newest first, told by any app.

    @timeline.source(group="sync")
    def pushes(record: Model, until: datetime | None, limit: int) -> Iterable[Entry]:
        ...  # at most ``limit`` entries, newest first, none later than ``until``

Entries may share a moment: a place in the timeline is that moment and how many of its entries were seen. People look
at all of it or at one of its groups.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

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
    """``run``: the piece of work that it was part of; ``rule``: why it was done, when nobody did it by hand.

    ``day``: of what lasts all day, said instead of the moment.
    ``is_folded``: its changes are told elsewhere as well, and wait to be asked for.
    """

    at: datetime
    icon: str  # of Tabler's outline icons
    title: str
    detail: str = ""
    who: str = ""
    changes: Sequence[Change] = ()
    url: str = ""
    run: str = ""
    run_url: str = ""
    rule: str = ""
    is_folded: bool = False
    day: date | None = None


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
GROUPS = {"": "All", "activities": "Activities", "changes": "Changes", "sync": "Sync"}
_sources: list[tuple[str, Source]] = []


def source(function: Source | None = None, *, group: str = "") -> Any:
    """Register a teller of entries, in one of the groups or in none."""

    def register(function: Source) -> Source:
        _sources.append((group, function))
        return function

    return register(function) if function else register


def groups() -> dict[str, str]:
    """What people may choose to see: groups of which somebody tells, by their labels."""
    told = {"", *(group for group, _ in _sources)}
    return {group: label for group, label in GROUPS.items() if group in told}


def entries(
    record: Model, place: Place | None = None, size: int = PAGE_SIZE, group: str = ""
) -> tuple[list[Entry], Place | None]:
    """A page of the timeline, or of a group of it, from ``place`` on, and where the next one begins."""
    seen = place.seen if place else 0
    found: list[Entry] = []
    for tell in (tell for name, tell in _sources if group in ("", name)):
        try:
            found += tell(record, place.until if place else None, size + seen + 1)
        except Exception:
            logger.exception("%s could not tell of %r", tell.__qualname__, record)
    found.sort(key=lambda entry: entry.at, reverse=True)  # stable: sources keep their own order within a moment
    page, rest = found[seen : seen + size], found[seen + size :]
    return page, _place_after(page, place) if rest else None


def opening() -> dict[str, Any]:
    """What the template shows before there are entries: a record is read at once, and what happened a moment later."""
    return {"show": "", "groups": groups(), "is_coming": True}


def page(record: Model, group: str = "", place: Place | None = None) -> dict[str, Any]:
    """What templates/common/_timeline.html shows."""
    group = group if group in groups() else ""
    found, after = entries(record, place, group=group)
    return {"entries": found, "place": after, "show": group, "groups": groups()}


def _place_after(page: Sequence[Entry], place: Place | None) -> Place:
    last = page[-1].at
    seen = sum(entry.at == last for entry in page)
    return Place(last, seen + (place.seen if place and place.until == last else 0))
