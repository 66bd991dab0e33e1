"""What happened: runs, events of a record, refusals."""

import logging
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from common.logs import about

from .connection import Connection, Credential
from .kinds import SyncedKind

logger = logging.getLogger(__name__)


class Run(models.Model):
    """A pull or a push from its start to its end. What it looked at is the sum of what became of it.

    A push is of one object, with one login, for one person or nobody. A one-time push counts again what the pushes
    that work it off count. A preview changes nothing: its counts are of what it planned, ``found`` says the rest of it.
    """

    class Kind(models.TextChoices):
        PULL = "pull", "Pull"
        PUSH = "push", "Push"
        EVERYTHING = "push_all", "One-time push"
        ALIGN = "align", "Mapping applied"
        PREVIEW = "preview", "Preview"
        CARRIED = "carried", "Carried-out preview"
        TRIAL = "trial", "Trial"
        MERGE = "merge", "Merge"
        UNDO = "undo", "Undo"

    class State(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        INCOMPLETE = "incomplete", "Incomplete"
        CANCELLED = "cancelled", "Cancelled"

    OUTCOMES = ("created", "updated", "unchanged", "skipped", "failed", "deleted")

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=8, choices=Kind)
    remote_object = models.CharField(max_length=80, blank=True, default="")
    state = models.CharField(max_length=12, choices=State, default=State.RUNNING)
    is_first = models.BooleanField(default=False, help_text="Pulls everything there is.")
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    credential = models.ForeignKey(
        Credential, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="login"
    )
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now, help_text="When a worker was last at it.")
    finished_at = models.DateTimeField(null=True, blank=True)
    total = models.PositiveIntegerField(default=0, help_text="Records expected.")
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    deleted = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0, help_text="Fields that both sides had changed.")
    enriched = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Records that took over something from the directory."
    )
    api_calls = models.PositiveIntegerField(default=0)
    waited = models.FloatField(default=0, help_text="Seconds from save to Salesforce, of all that it pushed together.")
    sampled = models.JSONField(default=dict, blank=True, help_text="What of its counts is in the samples already.")
    message = models.TextField(blank=True, default="")
    reasons = models.JSONField(default=dict, blank=True, help_text="Why records were skipped, and how many.")
    preview = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="carried_out",
        help_text="The preview that it carries out.",
    )
    request = models.JSONField(default=dict, blank=True, help_text="What a preview is of.")
    found = models.JSONField(default=dict, blank=True, help_text="What a preview found, by object and direction.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["kind", "remote_object", "-id"], name="run_newest"),
            models.Index(fields=["seen_at"], name="run_seen"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.remote_object} {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def looked_at(self) -> int:
        return sum(getattr(self, outcome) for outcome in self.OUTCOMES)

    @property
    def percent(self) -> int:
        return min(100, self.looked_at * 100 // self.total) if self.total else 0

    @property
    def moved(self) -> int:
        """Records that it really changed, on whichever side."""
        return self.created + self.updated + self.deleted

    def count(self, **outcomes: float) -> None:
        """Add to the counts, here and in the database at once; a worker that counts is alive."""
        changed = {name: number for name, number in outcomes.items() if number}
        sums: dict[str, Any] = {name: F(name) + number for name, number in changed.items()}
        sums |= {"reasons": self.reasons} if self.reasons else {}
        Run.objects.filter(pk=self.pk).update(seen_at=timezone.now(), **sums)
        for name, number in changed.items():
            setattr(self, name, getattr(self, name) + number)

    def finish(self, state: State, message: str = "") -> None:
        self.state, self.message, self.finished_at = state, message, timezone.now()
        self.save(update_fields=["state", "message", "finished_at"])
        counts = ", ".join(f"{count} {name}" for name in self.OUTCOMES if (count := getattr(self, name)))
        with about(run_id=self.pk):
            logger.info("%s of %s is %s: %s", self.kind, self.remote_object or "all", state, counts or "nothing to do")


class ApiUsage(models.Model):
    """How many API calls Tandem made on one day (UTC), and what for."""

    class Purpose(models.TextChoices):
        """The lanes of the queue by their own names, and what else asks the org."""

        PEOPLE = "people", "Pushes by people"
        REAL_TIME = "real_time", "Edits"
        ACTIVITIES = "activities", "Activities"
        BACKGROUND = "background", "Background pushes"
        PULLS = "pulls", "Pulls"
        METADATA = "metadata", "Users, fields and picklists"
        OTHER = "other", "Other"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="api_usage")
    day = models.DateField()
    purpose = models.CharField(max_length=12, choices=Purpose)
    calls = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "API usage"
        ordering = ["-day", "purpose"]
        constraints = [models.UniqueConstraint(fields=["connection", "day", "purpose"], name="api_usage_once")]

    def __str__(self) -> str:
        return f"{self.day}: {self.calls} for {self.get_purpose_display()}"


class HeldDeletions(models.Model):
    """Deletions that a run stopped before, because there were so many: an admin lets them through, or refuses them."""

    class Side(models.TextChoices):
        HERE = "here", "In Tandem"
        THERE = "there", "In Salesforce"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="held_deletions")
    remote_object = models.CharField(max_length=80)
    side = models.CharField(max_length=8, choices=Side, help_text="Where they would be deleted.")
    count = models.PositiveIntegerField()
    linked = models.PositiveIntegerField(help_text="Linked records of the object at that time.")
    held_at = models.DateTimeField(default=timezone.now)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    is_confirmed = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "held deletions"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "remote_object", "side"],
                condition=models.Q(decided_at=None),
                name="one_open_hold",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.count} of {self.linked} linked {self.remote_object} records, {self.get_side_display()}"


class SyncEventQuerySet(models.QuerySet["SyncEvent"]):
    def conflicts(self) -> Self:
        """Conflicts that nobody has settled yet."""
        return self.filter(kind=SyncEvent.Kind.CONFLICT, settled_at=None)


class SyncEvent(models.Model):
    """What the sync did with one record: shown in its timeline. ``changes`` maps a field to [before, after]."""

    class Kind(models.TextChoices):
        LINKED = "linked", "Linked"
        CREATED = "created", "Created in Salesforce"
        PUSHED = "pushed", "Pushed to Salesforce"
        PULLED = "pulled", "Pulled from Salesforce"
        IMPORTED = "imported", "Pulled into Tandem"
        CONFLICT = "conflict", "Changed on both sides"
        UNLINKED = "unlinked", "Unlinked"
        RELINKED = "relinked", "Linked to another record"
        REFUSED = "refused", "Refused"
        MERGED = "merged", "Merged"
        RESTORED = "restored", "Restored"
        UNDONE = "undone", "Undone"
        CAMPAIGN = "campaign", "Campaign"

    record_kind = models.CharField(max_length=12, choices=SyncedKind)
    record_id = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=12, choices=Kind)
    summary = models.TextField(blank=True, default="")
    changes = models.JSONField(default=dict, blank=True)
    run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="events")
    part_of = models.ForeignKey(
        Run,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="parts",
        db_index=False,
        help_text="The one-time push that the run works off.",
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    credential = models.ForeignKey(Credential, models.SET_NULL, null=True, blank=True, related_name="+")
    credential_reason = models.CharField(max_length=200, blank=True, default="")
    restored_at = models.DateTimeField(
        null=True, blank=True, help_text="When the value that lost a conflict was taken back."
    )
    restored_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody looked at a conflict: the value was taken back, or left."
    )

    objects = SyncEventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-id"], condition=models.Q(kind="conflict", settled_at=None), name="conflicts_open"),
            models.Index(fields=["record_kind", "record_id", "-at", "-id"], name="event_by_record"),
            models.Index(fields=["-id"], condition=models.Q(kind="conflict"), name="conflicts_newest"),
            models.Index(fields=["part_of"], condition=models.Q(part_of__isnull=False), name="event_part_of"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.record_kind} {self.record_id}"
