"""Who changed which setting, when, and from what to what: read from the events that triggers keep.

Events of one transaction by one person are one moment, which is told by what it changed in the end: a table that was
replaced row by row says only which rows differ.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from sys import maxsize
from typing import Any
from uuid import UUID

import pgtrigger
from django.db.models import Q, QuerySet

from common.retention import delete_events
from integrations.settings_events import TRACKED, Row, Tracked
from integrations.settings_telling import Moment, Teller
from users.models import User

PAGE = 30  # moments


@dataclass(frozen=True)
class Asked:
    """What the log is narrowed to. ``user``: a person's id, 0 for everybody."""

    section: str = ""
    user: int = 0
    since: datetime | None = None

    def tracked(self) -> list[Tracked]:
        return [one for one in TRACKED if self.section in ("", one.section)]

    def events(self, one: Tracked) -> QuerySet[Any]:
        rows = one.events
        if self.user:
            rows = rows.filter(pgh_context__metadata__user=self.user)
        return rows.filter(pgh_created_at__gte=self.since) if self.since else rows


def moments(asked: Asked, page: int = 1, size: int = PAGE, most: int = maxsize) -> tuple[list[Moment], bool]:
    """The moments of a page, newest first, and whether there are more; a fixed number of queries.

    ``most``: how many differences of a part are told; the others are counted.
    """
    tracked = asked.tracked()
    first, *others = [asked.events(one).values_list("pgh_created_at", "pgh_context_id") for one in tracked]
    found = first.distinct().union(*others) if others else first.distinct()
    start = (page - 1) * size
    rows = list(found.order_by("-pgh_created_at", "pgh_context_id")[start : start + size + 1])
    chosen = rows[:size]
    if not chosen:
        return [], False
    return _told(asked, chosen, most), len(rows) > size


def moment(name: str) -> Moment | None:
    """One moment by its name; None where there is none."""
    at, _, context = name.partition("~")
    try:
        chosen = (datetime.fromisoformat(at), UUID(context) if context else None)
    except ValueError:
        return None
    return next(iter(_told(Asked(), [chosen])), None)


def prune(earlier: datetime, most: int) -> int:
    """Forget what is older, at most so many of each kind; the events refuse to be deleted in any other way."""
    count = 0
    for one in TRACKED:
        with pgtrigger.ignore(f"{one.events.model._meta.label}:append_only"):
            count += delete_events(one.events.model, earlier, most)
    return count


def _told(asked: Asked, chosen: list[tuple[datetime, Any]], most: int = maxsize) -> list[Moment]:
    events = {one: _events(asked.events(one), one.kept, chosen) for one in asked.tracked()}
    return Teller(events).moments(chosen, most)


def people(asked: Asked | None = None) -> list[User]:
    """Who has changed settings."""
    named = [one.events.values_list("pgh_context__metadata__user") for one in TRACKED]
    ids = {pk for (pk,) in named[0].union(*named[1:]) if isinstance(pk, int)}
    return list(User.objects.filter(pk__in=ids))


def _events(
    rows: QuerySet[Any], columns: list[str], chosen: Collection[tuple[datetime, Any]]
) -> dict[tuple[datetime, Any], list[Row]]:
    times, contexts = {at for at, _ in chosen}, {context for _, context in chosen}
    rows = rows.filter(Q(pgh_context_id__in=contexts - {None}) | Q(pgh_context_id=None))
    found: dict[tuple[datetime, Any], list[Row]] = {}
    for row in rows.filter(pgh_created_at__in=times).order_by("pgh_id").values_list(*columns, named=True):
        found.setdefault((row.pgh_created_at, row.pgh_context_id), []).append(row)
    return found
