"""The versions of the API."""

import re
from typing import Any

from localorg.errors import not_found, refuse

FIRST, OLDEST, NEWEST = 7, 31, 67  # ever, still served, of today
SEASONS = ("Spring", "Summer", "Winter")

_SEGMENT = re.compile(r"v(\d{1,3})\.0\Z")


def served() -> list[dict[str, Any]]:
    """All that are served, oldest first."""
    return [
        {"label": _season(number), "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
        for number in range(OLDEST, NEWEST + 1)
    ]


def check(segment: str) -> str:
    """ "62.0" for the "v62.0" of a path. Raises Refused: 404 for what never was, 410 for what is no longer served."""
    match = _SEGMENT.match(segment)
    number = int(match[1]) if match else 0
    if not FIRST <= number <= NEWEST:
        raise not_found()
    if number < OLDEST:
        raise refuse("GONE", "This version of the API is retired.", 410)
    return f"{number}.0"


def _season(number: int) -> str:
    # three releases a year; v60 was Spring '24, and Winter is named for the year to come
    season = SEASONS[number % 3]
    return f"{season} '{24 + (number - 60) // 3 + (season == 'Winter'):02d}"
