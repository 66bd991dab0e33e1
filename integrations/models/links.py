"""Which record here is which record there, and what the two last agreed on."""

from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils import timezone

from common.bulk import any_of
from common.models import RecordKind, TimestampedModel

from .connection import Connection, Credential
from .kinds import SyncedKind


class RecordLinkQuerySet(models.QuerySet["RecordLink"]):
    def live(self) -> Self:
        return self.filter(dropped_at=None)

    def of(self, kind: str, record_ids: list[int]) -> Self:
        return self.filter(record_kind=kind, record_id__in=any_of(record_ids, "bigint"))

    def doubtful(self) -> Self:
        """Links that Tandem chose among several, or by a name alone, and that nobody has looked at."""
        return self.live().filter(to_check=True)

    def tombstones(self) -> Self:
        return self.filter(record_id=None)

    def departing(self) -> Self:
        """Links whose record is to be deleted here, or merged into another, because that happened there."""
        return self.live().filter(gone_at__isnull=False, record_id__isnull=False)

    def standing(self) -> Self:
        """Links that say what a remote record is here: one of ours, or one that we deleted."""
        return self.filter(models.Q(dropped_at=None) | models.Q(record_id=None))

    def tombstones_of(self, kind: str, record_ids: list[int]) -> Self:
        """Tombstones of records; of one that was linked, deleted and restored more than once, the last one stands."""
        found = self.filter(record_kind=kind, deleted_id__in=any_of(record_ids, "bigint"))
        return found.order_by(models.F("gone_at").asc(nulls_last=True), "pk")


class RecordLink(TimestampedModel):
    """A record that is, or once was, linked.

    ``base`` holds the last agreed values by remote field, in the remote side's normal form. Where the two sides
    agreed to differ (an owner without a user there, an e-mail withheld), ``base_ours`` holds ours.

    A record that is deleted here, or merged into another, leaves its link as a tombstone: ``record_id`` is empty,
    ``deleted_id`` says which it was. ``gone_at``: since when, by our clock, the other side is known not to have the
    record any more; a live link with it waits for its record to be deleted here, or to be merged into that of
    ``merged_into``.
    """

    # Indexes of their own would cost every pull time: the constraints and indexes below serve all look-ups. So would a
    # check for each row that the one connection is there.
    connection = models.ForeignKey(
        Connection, models.CASCADE, related_name="links", db_index=False, db_constraint=False
    )
    record_kind = models.CharField(max_length=12, choices=SyncedKind)
    record_id = models.BigIntegerField(null=True, blank=True, help_text="Empty: the record was deleted here.")
    remote_object = models.CharField(max_length=80)
    remote_id = models.CharField(max_length=18)
    also_lead_id = models.CharField(max_length=18, blank=True, default="")
    former_ids = ArrayField(
        models.CharField(max_length=18), default=list, blank=True, help_text="Lost to merges and conversion."
    )
    base = models.JSONField(default=dict)
    base_ours = models.JSONField(default=dict)
    enriched = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        help_text="By field, a fingerprint of the directory's value that a rule wrote last.",
    )
    remote_changed_at = models.DateTimeField(null=True, blank=True)
    external_id = models.UUIDField(
        null=True, blank=True, editable=False, help_text="Written with the record where the org has a field for it."
    )
    note = models.TextField(blank=True, default="", help_text="What people should know of this link.")
    to_check = models.BooleanField(
        default=False, db_default=False, help_text="It was chosen among several, or by a name alone: please check."
    )
    dropped_at = models.DateTimeField(null=True, blank=True)
    drop_reason = models.TextField(blank=True, default="")
    deleted_id = models.BigIntegerField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.CharField(max_length=18, blank=True, default="")
    pushed_at = models.DateTimeField(null=True, blank=True)
    pulled_at = models.DateTimeField(null=True, blank=True)
    credential = models.ForeignKey(Credential, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)

    objects = RecordLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_id"], name="remote_record_linked_once"),
            models.UniqueConstraint(
                fields=["record_kind", "record_id"], condition=models.Q(dropped_at=None), name="record_linked_once"
            ),
        ]
        indexes = [
            models.Index(fields=["record_kind", "record_id"], name="link_by_record"),
            models.Index(fields=["also_lead_id"], condition=~models.Q(also_lead_id=""), name="link_by_lead_beside"),
            GinIndex(fields=["former_ids"], condition=~models.Q(former_ids=[]), name="link_by_former_id"),
            models.Index(
                fields=["record_kind", "deleted_id"],
                condition=models.Q(deleted_id__isnull=False),
                name="link_by_deleted",
            ),
            models.Index(
                fields=["connection", "remote_object"],
                condition=models.Q(gone_at__isnull=False, dropped_at=None),
                name="link_departing",
            ),
            models.Index(fields=["-id"], condition=models.Q(to_check=True, dropped_at=None), name="link_to_check"),
            models.Index(
                fields=["credential"], condition=models.Q(credential__isnull=False), name="link_by_credential"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.record_kind} {self.record_id} ↔ {self.remote_object} {self.remote_id}"


class SkippedRecordQuerySet(models.QuerySet["SkippedRecord"]):
    def of(self, kind: str, record_ids: list[int]) -> Self:
        return self.filter(record_kind=kind, record_id__in=any_of(record_ids, "bigint"))


class SkippedRecord(models.Model):
    """A record that a person keeps out of the sync: neither pushed nor changed by a pull."""

    record_kind = models.CharField(max_length=12, choices=SyncedKind)
    record_id = models.BigIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    objects = SkippedRecordQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record_kind", "record_id"], name="record_skipped_once")]

    def __str__(self) -> str:
        return f"{self.record_kind} {self.record_id}"


class PendingReference(models.Model):
    """A reference to a remote record that has not been pulled yet; resolved when that record arrives."""

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+")
    record_kind = models.CharField(max_length=12, choices=RecordKind)
    record_id = models.BigIntegerField()
    field = models.CharField(max_length=80)
    remote_id = models.CharField(max_length=18, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record_kind", "record_id", "field"], name="pending_reference_once")
        ]

    def __str__(self) -> str:
        return f"{self.record_kind} {self.record_id}.{self.field} → {self.remote_id}"


class RemoteRole(models.Model):
    """A person's part in a deal as the other side has it: what the two sides compare their people of the deal with.

    Both are known by their remote ids, so that it makes no difference which of them comes first. ``is_agreed``: the
    person took part here as well, so that one who does no more was taken out by somebody.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="+", db_index=False)
    remote_id = models.CharField(max_length=18)
    remote_deal_id = models.CharField(max_length=18)
    remote_contact_id = models.CharField(max_length=18, db_index=True)
    role = models.CharField(max_length=255, blank=True, default="")
    is_primary = models.BooleanField(default=False)
    is_agreed = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "remote_id"], name="remote_role_once")]
        indexes = [
            models.Index(fields=["remote_deal_id", "remote_id"], name="remote_role_by_deal"),
            models.Index(fields=["remote_contact_id"], condition=models.Q(is_agreed=False), name="remote_role_open"),
        ]

    def __str__(self) -> str:
        return f"{self.remote_contact_id} in {self.remote_deal_id}"
