"""What workers do that are there to be killed; each of them is a process of its own (tests/workers.py)."""

import time
from datetime import timedelta

from integrations import tasks
from integrations.models import Lane
from integrations.sync import own, pull


def pull_and_push_for_ever() -> None:
    """As workers do that are woken all the time; what became of an unanswered create is looked for at once."""
    own.patience = timedelta
    while True:
        for name in tasks.PULL_ORDER:
            tasks.pull_due(10, only=name, is_forced=True)
        for lane in Lane:
            tasks.push_lane(lane, 10)
        time.sleep(0.02)


def pull_contacts(page: int) -> None:
    """Pull with pages of so many records."""
    pull.PAGE = page
    tasks.pull_due(60, only="Contact", is_forced=True)
