"""Waking workers for mailboxes and calendars. One that finds another at it goes to sleep again."""

from functools import partial

from django.db import transaction
from django_q.tasks import async_task

from activities.models import Calendar, Mailbox


def wake_mailbox(mailbox_id: int) -> None:
    async_task("activities.tasks.read_mailbox", mailbox_id)


def wake_calendar(calendar_id: int) -> None:
    async_task("activities.tasks.read_calendar", calendar_id)


def wake_when_done(source: Mailbox | Calendar) -> None:
    wake = wake_mailbox if isinstance(source, Mailbox) else wake_calendar
    transaction.on_commit(partial(wake, source.pk))
