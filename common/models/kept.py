"""What is kept of deleted, merged and erased records, of those that look like one, and for how long."""

import json
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from common.history import track_settings
from common.search import search_field

from .records import RecordKind, TimestampedModel


class ExactEncoder(json.JSONEncoder):
    """Writes what JSON does not know as text, and loses nothing of it: every field reads its own text back."""

    def default(self, o: Any) -> str:
        return str(o)


class DeletedRecord(models.Model):
    """A record that was deleted, or merged into another one, as it was: it can be brought back for a while.

    ``values`` are its columns. ``lost`` are the rows that went with it, by model; ``loosened`` the ids of those that
    pointed at it, by relation. A merge also keeps ``moved``, the rows that it pointed at the record that stayed, and
    ``before`` and ``after``: what that one held in the columns that the merge changed.
    """

    record_kind = models.CharField(max_length=12, choices=RecordKind)
    record_id = models.BigIntegerField()
    name = models.CharField(max_length=511)
    values = models.JSONField(encoder=ExactEncoder)
    lost = models.JSONField(default=dict, encoder=ExactEncoder)
    loosened = models.JSONField(default=dict)
    merged_into = models.BigIntegerField(null=True, blank=True, help_text="The record of the same kind that stayed.")
    moved = models.JSONField(default=dict)
    before = models.JSONField(default=dict, encoder=ExactEncoder)
    after = models.JSONField(default=dict, encoder=ExactEncoder)
    deleted_at = models.DateTimeField(default=timezone.now)
    deleted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    search = search_field("name")

    class Meta:
        ordering = ["-deleted_at", "-id"]
        constraints = [models.UniqueConstraint(fields=["record_kind", "record_id"], name="deleted_once")]
        indexes = [
            models.Index(fields=["-deleted_at", "-id"], name="deleted_newest"),
            models.Index(
                fields=["record_kind", "merged_into"],
                condition=models.Q(merged_into__isnull=False),
                name="deleted_by_merge",
            ),
            GinIndex(fields=["search"], name="deleted_search"),
        ]

    def __str__(self) -> str:
        return self.name


class DuplicatePair(models.Model):
    """Two records of a kind that look like one. Once people said that they are two, they stay two."""

    record_kind = models.CharField(max_length=12, choices=RecordKind)
    first_id = models.BigIntegerField(help_text="The lower id.")
    second_id = models.BigIntegerField()
    reason = models.CharField(max_length=80)
    found_at = models.DateTimeField(default=timezone.now, db_default=Now())
    dismissed_at = models.DateTimeField(null=True, blank=True)
    dismissed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["record_kind", "first_id", "second_id"], name="pair_once"),
            models.CheckConstraint(condition=models.Q(first_id__lt=models.F("second_id")), name="pair_in_order"),
        ]
        indexes = [models.Index(fields=["record_kind", "second_id"], name="pair_by_second")]

    def __str__(self) -> str:
        return f"{self.record_kind} {self.first_id} and {self.second_id}: {self.reason}"


class Erasure(models.Model):
    """That a person was erased: nothing of whom it was."""

    record_kind = models.CharField(max_length=12, choices=RecordKind)
    record_id = models.BigIntegerField()
    erased_at = models.DateTimeField(default=timezone.now)
    erased_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    is_elsewhere = models.BooleanField("elsewhere as well", default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["record_kind", "record_id"], name="erased_once")]

    def __str__(self) -> str:
        return f"{self.record_kind} {self.record_id}"


@track_settings("history_months", "runs_months", "errors_months", "settings_months", "audit_months")
class Retention(TimestampedModel):
    """For how many months what happened is kept; empty: for ever. One row, or none while all is as at first."""

    history_months = models.PositiveSmallIntegerField("field history and timelines", null=True, blank=True)
    runs_months = models.PositiveSmallIntegerField("runs", null=True, blank=True)
    errors_months = models.PositiveSmallIntegerField("closed errors", null=True, blank=True)
    settings_months = models.PositiveSmallIntegerField("changes of settings", null=True, blank=True, default=24)
    audit_months = models.PositiveSmallIntegerField("audit log", null=True, blank=True, default=24)

    class Meta:
        verbose_name_plural = "retention"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_retention")]

    def __str__(self) -> str:
        return "Retention"

    @classmethod
    def load(cls) -> "Retention":
        return cls.objects.filter(pk=1).first() or cls(pk=1)
