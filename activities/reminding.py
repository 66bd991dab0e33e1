"""Reminding people of tasks and meetings at the time that they chose: in the app, and once by e-mail.

A reminder becomes a row of its own in the transaction that takes its time off the activity: however often a worker
dies, there is one. Its mail is claimed before it is sent and noted after; what a killed worker had claimed goes later
under the same Message-ID, by which mail programs drop a second.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format

from activities.mail.messages import new_id
from activities.models import Activity, Reminder
from common.lines import as_text
from users.models import User

logger = logging.getLogger(__name__)

CHUNK = 200
LEASE = timedelta(minutes=10)  # longer than sending a mail may take
TOO_LATE = timedelta(days=1)  # a mail server was away so long: nobody wants that mail any more
KEPT = timedelta(days=30)


def remind() -> None:
    """Once a minute. May run twice at once."""
    while _bring_up():
        pass
    while reminder := _claim():
        if not _mail(reminder):
            return
    Reminder.objects.filter(at__lt=timezone.now() - KEPT).delete()


@transaction.atomic
def _bring_up() -> bool:
    """Make the reminders that are due; answers whether there may be more."""
    due = Activity.objects.filter(remind_at__lte=timezone.now()).order_by("remind_at")
    found = list(due.select_for_update(of=("self",), skip_locked=True).select_related("owner")[:CHUNK])
    Reminder.objects.bulk_create(
        Reminder(activity=one, user=one.owner, at=one.remind_at or timezone.now()) for one in found if _is_wanted(one)
    )
    Activity.objects.filter(pk__in=[one.pk for one in found]).update(remind_at=None)
    return len(found) == CHUNK


def _is_wanted(activity: Activity) -> bool:
    """Nobody is reminded of what is done."""
    return bool(activity.owner and activity.owner.is_active and activity.completed_at is None)


@transaction.atomic
def _claim() -> Reminder | None:
    now = timezone.now()
    free = Q(claimed_until=None) | Q(claimed_until__lt=now)
    rows = Reminder.objects.unmailed().filter(free, at__gt=now - TOO_LATE, activity__completed_at=None)
    rows = rows.select_related("activity__contact", "activity__account", "activity__deal", "user").order_by("at", "pk")
    reminder = rows.select_for_update(of=("self",), skip_locked=True).first()
    if reminder:
        Reminder.objects.filter(pk=reminder.pk).update(claimed_until=now + LEASE)
    return reminder


def _mail(reminder: Reminder) -> bool:
    """Answers whether the mail server takes more."""
    try:
        _message(reminder, reminder.user).send()
    except OSError:
        logger.warning("The reminder %s could not be mailed; it is tried again.", reminder.pk, exc_info=True)
        return False
    Reminder.objects.filter(pk=reminder.pk).update(mailed_at=timezone.now(), claimed_until=None)
    return True


def _message(reminder: Reminder, user: User) -> EmailMessage:
    activity = reminder.activity
    with timezone.override(user.time_zone):
        lines = [f"{activity.get_kind_display()}: {activity}", f"About: {activity.about}", *_when(activity)]
    lines += ["", activity.body[:1_000], "", settings.SITE_URL + activity.get_absolute_url()]
    return EmailMessage(
        subject=" ".join(f"Reminder: {activity}".split()),
        body="\n".join(lines),
        to=[user.email],
        headers={"Message-ID": f"<{new_id(f'reminder.{reminder.pk}')}>", "Auto-Submitted": "auto-generated"},
    )


def _when(activity: Activity) -> list[str]:
    if activity.kind == Activity.Kind.MEETING:
        starts = activity.first_day if activity.is_all_day else activity.happened_at
        lines = [f"Starts: {as_text(starts)}"]
        return lines + ([f"Where: {activity.location}"] if activity.location else [])
    return [f"Due: {date_format(activity.due_on, 'j M Y')}"] if activity.due_on else []


def mark_seen(reminder_id: int, user: User) -> None:
    Reminder.objects.filter(pk=reminder_id, user=user, seen_at=None).update(seen_at=timezone.now())


@transaction.atomic
def snooze(reminder_id: int, user: User, until: timedelta) -> None:
    """Remind again later; what is done meanwhile is not told of again."""
    reminder = Reminder.objects.select_for_update().filter(pk=reminder_id, user=user, seen_at=None).first()
    if reminder:
        now = timezone.now()
        Reminder.objects.filter(pk=reminder.pk).update(seen_at=now)
        Activity.objects.filter(pk=reminder.activity_id, completed_at=None).update(remind_at=now + until)
