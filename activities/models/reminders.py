"""That somebody was reminded of an activity: in the app until they say that they know, and once by e-mail."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities.models.activity import Activity


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def unseen(self) -> Self:
        """Of what is still to do or to come."""
        is_over = Q(activity__kind=Activity.Kind.MEETING, activity__happened_at__lt=timezone.now())
        return self.filter(seen_at=None, activity__completed_at=None).exclude(is_over)

    def unmailed(self) -> Self:
        return self.filter(mailed_at=None)


class Reminder(models.Model):
    """``at``: the time that was chosen. ``claimed_until``: a worker is mailing it."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="reminders")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-at"], condition=Q(seen_at=None), name="reminders_unseen"),
            models.Index(fields=["at"], condition=Q(mailed_at=None), name="reminders_unmailed"),
        ]

    def __str__(self) -> str:
        return str(self.activity)
