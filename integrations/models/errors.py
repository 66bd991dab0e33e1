"""What was refused, and what waits for a person's answer."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from common.bulk import any_of

from .connection import Connection, Credential
from .kinds import SyncedKind


class ErrorEntryQuerySet(models.QuerySet["ErrorEntry"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)

    def refusals(self) -> Self:
        """Without those that ask a person something: these have pages of their own."""
        return self.exclude(code__in=ErrorEntry.QUESTIONS)

    def matching(
        self, *, remote_object: str = "", code: str = "", field: str = "", state: str = "", words: str = ""
    ) -> Self:
        """Those that fit all of these; an empty one says nothing. ``state``: "open", "closed" or "" for both."""
        found = self.filter(closed_at__isnull=state == "open") if state else self
        found = found.filter(remote_object=remote_object) if remote_object else found
        found = found.filter(code=code) if code else found
        found = found.filter(fields__0=field) if field else found
        if words:
            found = found.filter(
                Q(record_name__icontains=words) | Q(message__icontains=words) | Q(code__icontains=words)
            )
        return found

    def of_cause(self, remote_object: str, code: str, field: str) -> Self:
        """Those of one cause; ``field`` is the first one named, or empty where none is."""
        named = Q(fields__0=field) if field else Q(fields__0__isnull=True)
        return self.filter(named, remote_object=remote_object, code=code)

    def of(self, kind: str, record_ids: list[int]) -> Self:
        return self.filter(record_kind=kind, record_id__in=any_of(record_ids, "bigint"))

    def of_pulls(self, connection: Connection, remote_object: str) -> Self:
        return self.filter(connection=connection, remote_object=remote_object, operation=ErrorEntry.PULL)


class ErrorEntry(models.Model):
    """A push that was refused, by Salesforce or by our own check, or a record that a pull could not store here.

    A record has one open entry at most, a record of theirs that could not be stored another one (of the operation
    ``PULL``, without ``record_id``).
    """

    PULL = "pull"
    MEMBER = "member"  # the kind of those of people who were not taken into a campaign: ``record_id`` is the member's
    QUESTIONS = ("SEVERAL_MATCHES", "OUTCOME_UNKNOWN")  # codes of what only a person can answer

    class By(models.TextChoices):
        REMOTE = "remote", "Salesforce"
        TANDEM = "tandem", "Tandem, before sending"
        STORE = "store", "Tandem, when storing it"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="errors")
    record_kind = models.CharField(max_length=12, choices=[*SyncedKind.choices, (MEMBER, "Campaign member")])
    record_id = models.BigIntegerField(null=True, blank=True)
    record_name = models.CharField(max_length=255, blank=True, default="")
    operation = models.CharField(max_length=8, blank=True, default="")
    remote_object = models.CharField(max_length=80)
    remote_id = models.CharField(max_length=18, blank=True, default="")
    by = models.CharField(max_length=8, choices=By, default=By.REMOTE)
    code = models.CharField(max_length=80, db_index=True)
    message = models.TextField()
    fields = models.JSONField(default=list, blank=True)
    details = models.JSONField(default=dict, blank=True, help_text="What helps to mend it: allowed values, candidates.")
    payload = models.JSONField(default=dict, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    credential = models.ForeignKey(Credential, models.SET_NULL, null=True, blank=True, related_name="+")
    credential_reason = models.CharField(max_length=200, blank=True, default="", help_text="Why this login was used.")
    attempts = models.PositiveSmallIntegerField(default=1)
    first_at = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_reason = models.CharField(max_length=200, blank=True, default="")

    objects = ErrorEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "error entries"
        ordering = ["-last_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["record_kind", "record_id"], condition=models.Q(closed_at=None), name="one_open_error_a_record"
            ),
            models.UniqueConstraint(
                fields=["connection", "remote_object", "remote_id"],
                condition=models.Q(closed_at=None, operation="pull"),
                name="one_open_error_a_pulled_record",
            ),
        ]
        indexes = [
            models.Index(fields=["-last_at", "-id"], condition=models.Q(closed_at=None), name="errors_open"),
            models.Index(fields=["record_kind", "record_id"], name="error_by_record"),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.record_name or self.record_id}"

    @property
    def first_field(self) -> str:
        """The field that tells causes of one code apart."""
        return str(self.fields[0]) if self.fields else ""
