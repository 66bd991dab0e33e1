"""What the workers run for sequences, mail, calendars and reminders. A task may run twice and find its work done."""

from activities import reminding
from activities.calendars import feeds
from activities.mail import reading
from activities.mail.waking import wake_calendar, wake_mailbox
from activities.models import Calendar, Enrolment, Mailbox
from activities.sequences import executing
from activities.sequences.waking import wake


def tick() -> None:
    """Once a minute: give a time to whoever waited for a task, and wake workers for what is due."""
    executing.release_waiting()
    if Enrolment.objects.due().exists():
        wake()
    for pk in Mailbox.objects.due().values_list("pk", flat=True):
        wake_mailbox(pk)
    for pk in Calendar.objects.due().values_list("pk", flat=True):
        wake_calendar(pk)


def remind() -> None:
    reminding.remind()


def run_sequences() -> None:
    if executing.run():
        wake()


def read_mailbox(mailbox_id: int) -> None:
    if reading.read(mailbox_id):
        wake_mailbox(mailbox_id)


def read_calendar(calendar_id: int) -> None:
    feeds.read(calendar_id)
