"""The org's clock: UTC, whole seconds, which is all that Salesforce stores."""

import time as real
from datetime import UTC, date, datetime

STORED = "%Y-%m-%dT%H:%M:%S.000+0000"  # the form in JSON answers; of fixed width, so it sorts as time does
TO_THE_SECOND = len("2026-01-02T03:04:05")

_ahead = 0.0  # seconds that the org's clock was put forward


def time() -> float:
    """Seconds since 1970 by the org's clock."""
    return real.time() + _ahead


def now() -> datetime:
    return datetime.fromtimestamp(int(time()), UTC)


def ahead() -> float:
    return _ahead


def set_ahead(seconds: float) -> None:
    """Put the org's clock this far ahead of the machine's: what should expire, does."""
    global _ahead  # noqa: PLW0603  # one process is one org, and its clock is asked everywhere
    _ahead = seconds


def stored(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")[:TO_THE_SECOND] + ".000+0000"


def read(text: str) -> datetime:
    """The moment that a stored text means."""
    return datetime.strptime(text, STORED).replace(tzinfo=UTC)


def today() -> date:
    return now().date()
