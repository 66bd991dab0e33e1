"""Mailboxes and calendars of people: how they are reached, how far they were read, and whether that works."""

from datetime import datetime, timedelta
from typing import Any, Self
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from activities.models.activity import Activity
from common.models import TimestampedModel
from common.vault import SecretField

LEASE = timedelta(minutes=5)  # longer than a worker lets one task run
LONGEST_WAIT = timedelta(hours=1)


class SourceQuerySet(models.QuerySet[Any]):
    def due(self) -> Self:
        """What a worker may read now: its time has come, and no other worker has it."""
        now = timezone.now()
        free = Q(claimed_until=None) | Q(claimed_until__lt=now)
        return self.filter(free, state=Source.State.WORKS, due_at__lte=now, user__is_active=True)


class Source(TimestampedModel):
    """What a worker reads for a person again and again, under a lease.

    ``problem`` says in plain words what is wrong: with the state "works" it is tried again by itself.
    """

    class State(models.TextChoices):
        WORKS = "works", "Works"
        ATTENTION = "attention", "Needs attention"
        PAUSED = "paused", "Paused"

    state = models.CharField(max_length=9, choices=State, default=State.WORKS)
    problem = models.TextField(blank=True, default="")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="That failed, since it last worked.")
    due_at = models.DateTimeField(default=timezone.now)
    fetched_at = models.DateTimeField("last read", null=True, blank=True)
    claim_token = models.UUIDField(null=True, blank=True, editable=False)
    claimed_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = SourceQuerySet.as_manager()

    class Meta:
        abstract = True

    @property
    def is_under_way(self) -> bool:
        """Whether it is read now, or in a moment."""
        return self.state == self.State.WORKS and (self.claim_token is not None or self.due_at <= timezone.now())

    def claim(self) -> bool:
        """Take it, unless another worker has it or it is not to be read now."""
        token, until = uuid4(), timezone.now() + LEASE
        if not type(self)._default_manager.due().filter(pk=self.pk).update(claim_token=token, claimed_until=until):
            return False
        self.refresh_from_db()
        return True

    def is_ours(self) -> bool:
        """Whether it is still this worker's, asked under a lock that holds to the end of the transaction."""
        rows = type(self)._default_manager.select_for_update(no_key=True)
        ours = rows.filter(pk=self.pk, claim_token=self.claim_token, state=self.State.WORKS)
        return self.claim_token is not None and ours.exists()

    def let_go(self, *, due_at: datetime, **values: Any) -> None:
        ours = type(self)._default_manager.filter(pk=self.pk, claim_token=self.claim_token)
        ours.update(claim_token=None, claimed_until=None, due_at=due_at, updated_at=timezone.now(), **values)

    def worked(self, interval: timedelta) -> None:
        now = timezone.now()
        self.let_go(due_at=now + interval, fetched_at=now, problem="", attempts=0)

    def failed(self, problem: str, interval: timedelta) -> None:
        """It is tried again, after longer and longer waits."""
        wait = min(interval * 2 ** min(self.attempts, 10), LONGEST_WAIT)
        self.let_go(due_at=timezone.now() + wait, problem=problem, attempts=F("attempts") + 1)

    def needs_attention(self, problem: str) -> None:
        """Nobody tries again before a person has done something."""
        self.let_go(due_at=timezone.now(), state=self.State.ATTENTION, problem=problem)


class Mailbox(Source):
    """Where a person's mail is read from by IMAP and sent through by SMTP."""

    class Security(models.TextChoices):
        TLS = "tls", "TLS"
        STARTTLS = "starttls", "STARTTLS"
        NONE = "none", "Not encrypted"

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="mailbox")
    address = models.EmailField("e-mail address")
    name = models.CharField("name", max_length=150, blank=True, default="", help_text="As others see you.")
    imap_host = models.CharField("IMAP server", max_length=253)
    imap_port = models.PositiveIntegerField("IMAP port", default=993)
    imap_security = models.CharField("IMAP encryption", max_length=8, choices=Security, default=Security.TLS)
    imap_login = models.CharField("IMAP user name", max_length=254)
    smtp_host = models.CharField("SMTP server", max_length=253)
    smtp_port = models.PositiveIntegerField("SMTP port", default=465)
    smtp_security = models.CharField("SMTP encryption", max_length=8, choices=Security, default=Security.TLS)
    smtp_login = models.CharField("SMTP user name", max_length=254)
    password = SecretField()
    read_since = models.DateField(help_text="Mail that came before this day is not read.")

    class Meta:
        verbose_name_plural = "mailboxes"
        constraints = [
            models.UniqueConstraint(
                Lower("address"),
                name="mailbox_address_unique",
                violation_error_message="This mailbox is connected by somebody else already.",
            )
        ]

    def __str__(self) -> str:
        return self.address


class MailFolder(models.Model):
    """How far a folder of a mailbox was read: up to ``last_uid``, as long as the server's UIDVALIDITY is the same."""

    class Role(models.TextChoices):
        SENT = "sent", "Sent"
        INBOX = "inbox", "Inbox"

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="folders", db_index=False)
    role = models.CharField(max_length=5, choices=Role)
    name = models.CharField(max_length=255)
    uid_validity = models.BigIntegerField(default=0)
    last_uid = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["mailbox", "role"], name="mail_folder_once")]

    def __str__(self) -> str:
        return self.name


class SentCopy(models.Model):
    """An e-mail that went out through a mailbox and belongs into its Sent folder, unless the server put it there."""

    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="sent_copies")
    message_id = models.CharField(max_length=255)
    data = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "sent copies"

    def __str__(self) -> str:
        return self.message_id


class Calendar(Source):
    """A calendar that a person subscribed to: the secret address of an iCalendar feed."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendars")
    name = models.CharField(max_length=150)
    url = SecretField("address")
    etag = models.CharField(max_length=255, blank=True, default="")
    last_modified = models.CharField(max_length=255, blank=True, default="")
    whole_at = models.DateTimeField(null=True, blank=True, help_text="When it was last read although nothing changed.")

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Meeting(models.Model):
    """What an activity of the kind meeting is in people's calendars; ``recurrence`` tells those of a series apart.

    Without an activity it was cancelled, or somebody deleted it here: then it is not made again.
    """

    activity = models.OneToOneField(Activity, models.SET_NULL, null=True, blank=True, related_name="meeting")
    uid = models.CharField(max_length=255)
    recurrence = models.CharField(max_length=32, blank=True, default="", help_text="When it was to begin, in UTC.")
    sequence = models.PositiveIntegerField(default=0, help_text="A later one replaces an earlier one.")
    fingerprint = models.CharField(max_length=64, blank=True, default="", help_text="Of what it was when last read.")
    is_cancelled = models.BooleanField(default=False)
    calendars = models.ManyToManyField(Calendar, related_name="meetings", help_text="Of which feeds it is part.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["uid", "recurrence"], name="meeting_once")]

    def __str__(self) -> str:
        return self.uid
