"""Named places in pages that another app may fill: a page says where, an app says what, neither imports the other.

A filler takes the request and a sequence of records and returns one piece of HTML for each, so that a list costs the
queries that one record costs. The places:

    record.badges    beside a record's name, and in the last column of lists
    activity.badges  the same, of activities
    directory.badges the same, of people and companies of the directory
    directory.actions  buttons in the head of their pages
    job_change.badges  what can be made of a job change
    record.actions   buttons in the head of a record's page
    record.panels    cards (``<section class="card">``) below a record's first fields
    record.activity  cards above its timeline; activities puts its own there
    record.related   cards with other records, after those
    home.panels      cards on top of the home page; the record is the user
    job.panels       cards below a job's own
    menu.foot        buttons beside the user's name, on every page; the record is the user
    deleted.links    lines above the list of deleted records; the record is the user
    you.panels       cards of the user's own settings; the record is the user

Saving a line of a record's page, or an activity, triggers the event ``record-saved`` on the body. Entries of the
timeline come in through ``common.timeline.source``, menu items through ``common.menus.add``.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Sequence

from django.db.models import Model
from django.utils.safestring import SafeString, mark_safe

from common.http import Request

logger = logging.getLogger(__name__)

Filler = Callable[[Request, Sequence[Model]], Sequence[str]]
_fillers: dict[str, list[Filler]] = defaultdict(list)


def fill(slot: str) -> Callable[[Filler], Filler]:
    """Register a filler for ``slot``."""

    def register(filler: Filler) -> Filler:
        _fillers[slot].append(filler)
        return filler

    return register


def render(slot: str, request: Request, records: Sequence[Model]) -> list[SafeString]:
    """One piece of HTML a record. A filler that fails is logged and left out: a page stands without its guests."""
    pieces: list[list[str]] = [[] for _ in records]
    for filler in _fillers[slot] if records else ():
        try:
            filled = filler(request, records)
        except Exception:
            logger.exception("%s could not fill %s", filler.__qualname__, slot)
            continue
        for piece, html in zip(pieces, filled, strict=True):
            piece.append(html)
    # Fillers answer rendered templates.
    return [mark_safe("".join(piece)) for piece in pieces]  # noqa: S308
