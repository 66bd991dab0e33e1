"""What people are told of by the sync itself: one notice a cause, with a count, and each person's own copy of it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from .connection import Connection


class NoticeQuerySet(models.QuerySet["Notice"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)


class Notice(models.Model):
    """Something that a person must know of, as long as it lasts. ``subject`` tells causes of one kind apart."""

    class Kind(models.TextChoices):
        LOGIN = "login", "A login must be connected again"
        ERRORS = "errors", "Records are refused"
        API = "api", "The API calls run short"
        BRAKE = "brake", "Deletions wait for a decision"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=8, choices=Kind)
    subject = models.CharField(max_length=200)
    title = models.CharField(max_length=255)
    text = models.TextField(blank=True, default="")
    count = models.PositiveIntegerField(default=1)
    begun_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        ordering = ["-begun_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "subject"],
                condition=models.Q(closed_at=None),
                name="one_open_notice_a_cause",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class NoticeCopyQuerySet(models.QuerySet["NoticeCopy"]):
    def unseen_by(self, user_id: int) -> Self:
        """What a person has not seen yet of what still lasts."""
        return self.lasting(user_id).filter(seen_at=None)

    def lasting(self, user_id: int) -> Self:
        """A person's copies of what still lasts, seen or not."""
        return self.filter(user_id=user_id, notice__closed_at=None)


class NoticeCopy(models.Model):
    """A person's copy of a notice: whether they have seen it, and whether its mail has gone.

    ``claimed_at``: since when a worker has been sending it. One that was killed meanwhile leaves it to the next.
    """

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="copies")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    mailed_at = models.DateTimeField(null=True, blank=True)

    objects = NoticeCopyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "notice copies"
        constraints = [models.UniqueConstraint(fields=["notice", "user"], name="one_copy_a_person")]

    def __str__(self) -> str:
        return f"{self.notice} for {self.user}"


class NoticeChoice(models.Model):
    """How somebody hears of notices by e-mail; at once where there is no row. The app shows them in any case."""

    class Mail(models.TextChoices):
        AT_ONCE = "at_once", "At once"
        DAILY = "daily", "Once a day, in the morning"
        NEVER = "never", "Never"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notice_choice")
    mail = models.CharField("e-mails about Salesforce", max_length=8, choices=Mail, default=Mail.AT_ONCE)
    digest_on = models.DateField(null=True, blank=True, help_text="Their day of the last daily mail.")

    def __str__(self) -> str:
        return f"{self.user}: {self.get_mail_display()}"
