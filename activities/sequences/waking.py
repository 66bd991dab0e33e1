"""Waking a worker for the sequences. One that finds nothing due goes to sleep again."""

from django.db import connection as database
from django.db import transaction
from django_q.tasks import async_task


def wake() -> None:
    async_task("activities.tasks.run_sequences")


def wake_when_done() -> None:
    """Once the transaction is through, and once for each."""
    if not any(waiting == wake for _, waiting, *_ in database.run_on_commit):
        transaction.on_commit(wake)
