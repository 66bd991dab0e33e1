"""How often, and for how long at a time, mailboxes and calendars are read."""

from datetime import timedelta

from django.conf import settings

SLICE = 20.0  # seconds that a worker stays with one before it takes its turn again
BROKEN = "Something unexpected happened while it was read; the server’s log says what."


class LeaseLost(Exception):
    """Another worker has it, or it was paused or taken away."""


def interval() -> timedelta:
    return timedelta(minutes=settings.MAIL_MINUTES)
