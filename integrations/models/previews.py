"""What a preview or a trial tells of single records."""

from django.db import models

from .journal import Run
from .kinds import SyncedKind


class RunLine(models.Model):
    """One record of a preview or a trial, and field by field what changes of it on which side.

    ``changes``: rows of ``{"side", "field", "before", "after"}``. A record that would be made here has no id yet.
    """

    class Outcome(models.TextChoices):
        CREATED = "created", "Created"
        UPDATED = "updated", "Updated"
        DELETED = "deleted", "Deleted"
        CONFLICT = "conflict", "Changed on both sides"
        FAILED = "failed", "Would be refused"
        SKIPPED = "skipped", "Skipped"

    class Side(models.TextChoices):
        HERE = "here", "In Tandem"
        THERE = "there", "In Salesforce"

    class Direction(models.TextChoices):
        PULL = "pull", "from Salesforce"
        PUSH = "push", "to Salesforce"
        HERE = "here", "only here"
        THEN = "then", "if it is applied to existing records"

    run = models.ForeignKey(Run, models.CASCADE, related_name="lines")
    outcome = models.CharField(max_length=8, choices=Outcome)
    direction = models.CharField(max_length=4, choices=Direction)
    remote_object = models.CharField(max_length=80)
    record_kind = models.CharField(max_length=12, choices=SyncedKind)
    record_id = models.BigIntegerField(null=True, blank=True)
    remote_id = models.CharField(max_length=18, blank=True, default="")
    name = models.CharField(max_length=511, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    changes = models.JSONField(default=list, blank=True)

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["run", "outcome", "id"], name="line_by_outcome")]

    def __str__(self) -> str:
        return f"{self.get_outcome_display()}: {self.name}"
