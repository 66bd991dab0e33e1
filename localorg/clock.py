"""The org's clock: UTC, whole seconds, which is all that Salesforce stores."""

from datetime import UTC, date, datetime

STORED = "%Y-%m-%dT%H:%M:%S.000+0000"  # the form in JSON answers; of fixed width, so it sorts as time does


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def stored(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime(STORED)


def read(text: str) -> datetime:
    """The moment that a stored text means."""
    return datetime.strptime(text, STORED).replace(tzinfo=UTC)


def today() -> date:
    return now().date()
