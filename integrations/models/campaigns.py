"""Campaigns of the org that people were added to from here, and who was to be added."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from common.bulk import any_of
from common.models import Job

from .connection import Connection, Credential
from .queue import Lane


class Campaign(models.Model):
    """A campaign that somebody chose, as it was then. ``statuses``: {"label", "is_default"}, in their order."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="campaigns")
    remote_id = models.CharField(max_length=18)
    name = models.CharField(max_length=255)
    statuses = models.JSONField(default=list)
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "remote_id"], name="campaign_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def labels(self) -> list[str]:
        return [status["label"] for status in self.statuses]

    @property
    def default_status(self) -> str:
        return next((status["label"] for status in self.statuses if status["is_default"]), "")


class CampaignMemberQuerySet(models.QuerySet["CampaignMember"]):
    def of(self, record_ids: Any) -> Self:
        return self.filter(record_id__in=any_of(record_ids, "bigint"))

    def waiting(self) -> Self:
        return self.filter(state=CampaignMember.State.WAITING)

    def there(self) -> Self:
        """Of whom it is known that they are in the campaign."""
        return self.filter(state__in=CampaignMember.THERE)


class CampaignMember(models.Model):
    """A contact that a person wants in a campaign, once for each time that they were chosen.

    It is the queue and the outcome in one: while it waits, workers claim it. ``sent_at`` says that a call was sent
    with it whose answer is not known.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        ADDED = "added", "Added"
        PRESENT = "present", "In it already"
        REFUSED = "refused", "Refused"
        GONE = "gone", "Not there any more"

    THERE = (State.ADDED, State.PRESENT)
    PERSON_NOT_SYNCED = "PERSON_NOT_SYNCED"  # the code of those whose person could not be pushed

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="members")
    record_id = models.BigIntegerField()
    status = models.CharField(max_length=765, help_text="What they are to be, or are, in the campaign.")
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    lane = models.CharField(max_length=12, choices=Lane, default=Lane.PEOPLE)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    code = models.CharField(max_length=80, blank=True, default="")
    message = models.TextField(blank=True, default="", help_text="Why it was refused, or waits.")
    remote_id = models.CharField(max_length=18, blank=True, default="")
    credential = models.ForeignKey(
        Credential, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="login"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True, blank=True)

    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    claim_token = models.UUIDField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    batch_limit = models.PositiveSmallIntegerField(
        default=200, help_text="People that it may travel with; halved when its batch spoils a call."
    )
    lone_failures = models.PositiveSmallIntegerField(default=0)

    objects = CampaignMemberQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "record_id"], name="member_once_a_job")]
        indexes = [
            models.Index(
                fields=["lane", "next_attempt_at", "id"], condition=models.Q(state="waiting"), name="members_due"
            ),
            models.Index(fields=["claim_token"], condition=models.Q(claim_token__isnull=False), name="members_claimed"),
            models.Index(fields=["record_id", "-id"], name="member_by_record"),
            models.Index(
                fields=["record_id"],
                condition=models.Q(state="refused", code="PERSON_NOT_SYNCED"),
                name="members_without_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} in {self.campaign_id}"
