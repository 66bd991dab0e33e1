"""Who took part in an activity besides the contact that it is about, and what makes an e-mail one."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activities.models.activity import Activity


class Participant(models.Model):
    """Somebody in an activity: an address of an e-mail, a guest of a meeting, one more contact of a call.

    ``contact`` and ``user`` are who that is here, where it is known.
    """

    class Role(models.TextChoices):
        FROM = "from", "From"
        TO = "to", "To"
        CC = "cc", "Cc"
        BCC = "bcc", "Bcc"
        ORGANIZER = "organizer", "Organizer"
        ATTENDEE = "attendee", "Attendee"
        WITH = "with", "With"

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="participants", db_index=False)
    role = models.CharField(max_length=9, choices=Role)
    address = models.EmailField(blank=True, default="")
    name = models.CharField(max_length=255, blank=True, default="")
    contact = models.ForeignKey(
        "contacts.Contact", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["activity", "id"], name="participants_of_activity"),
            models.Index(fields=["contact", "activity"], condition=Q(contact__isnull=False), name="takes_part_in"),
            models.Index(fields=["address"], name="participants_by_address"),
        ]

    def __str__(self) -> str:
        return self.name or self.address or str(self.contact or self.user or "")


class Message(models.Model):
    """What an activity of the kind e-mail has besides: once for the team, in however many mailboxes it lies.

    ``message_id``: as in its header, without the angle brackets. ``thread``: the ``message_id`` with which the
    conversation began, as far as is known.
    """

    activity = models.OneToOneField(Activity, models.CASCADE, primary_key=True, related_name="message")
    message_id = models.CharField(max_length=255, unique=True)
    in_reply_to = models.CharField(max_length=255, blank=True, default="")
    thread = models.CharField(max_length=255, db_index=True)
    html = models.TextField(blank=True, default="", help_text="Sanitised.")
    is_sent_here = models.BooleanField("sent in Tandem", default=False)
    is_reply = models.BooleanField("answers an e-mail sent in Tandem", default=False)
    is_internal = models.BooleanField("among the team", default=False)

    def __str__(self) -> str:
        return self.message_id


class DeletedEmail(models.Model):
    """One that somebody deleted here: in whose mailbox ever it is found again, it stays away."""

    message_id = models.CharField(max_length=255, unique=True)
    deleted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = "deleted e-mail"

    def __str__(self) -> str:
        return self.message_id
