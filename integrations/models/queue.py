"""What is due: the outbox of records to push and the cursors of objects to pull."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from common.bulk import any_of

from .connection import Connection, Credential
from .kinds import SyncedKind


class Lane(models.TextChoices):
    """Who waits for it. The first lane waits behind nothing; the last one stops first."""

    PEOPLE = "people", "A person waits for it"
    REAL_TIME = "real_time", "Edits"
    ACTIVITIES = "activities", "Activities"
    BACKGROUND = "background", "Background"


class LaneCall(models.Model):
    """A worker that is called to a lane: ``called_at`` until it begins there, ``begun_at`` when one last began."""

    lane = models.CharField(primary_key=True, max_length=10, choices=Lane.choices)
    called_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.get_lane_display()


class OutboxQuerySet(models.QuerySet["Outbox"]):
    def of(self, kind: str, record_ids: list[int]) -> Self:
        return self.filter(record_kind=kind, record_id__in=any_of(record_ids, "bigint"))

    def due(self) -> Self:
        return self.filter(next_attempt_at__lte=timezone.now())


class IngestJob(models.Model):
    """Many changes of one object that the other side works off by itself; its rows wait until it is over.

    It is stored before anything is handed over, so that a killed worker's job is found again. ``looks``: how often it
    was asked for how it is getting on.
    """

    remote_id = models.CharField(max_length=18, unique=True)
    connection = models.ForeignKey(Connection, models.CASCADE, related_name="ingest_jobs")
    credential = models.ForeignKey(Credential, models.SET_NULL, null=True, blank=True, related_name="+")
    lane = models.CharField(max_length=12, choices=Lane)
    remote_object = models.CharField(max_length=80)
    key = models.CharField(max_length=80, help_text="The remote field by which its rows are told apart.")
    begun_at = models.DateTimeField(default=timezone.now)
    looks = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    leased_until = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.remote_object} {self.remote_id}"


class Outbox(models.Model):
    """A record that is due to be pushed; one row a record, gone when settled.

    ``revision`` is raised by every edit: a row is done only when the revision that was claimed is still the present
    one. ``sent`` was sent, and no answer is known: of a change, whatever the other side holds of it is agreed.
    ``sent_at`` says, in the remote side's clock, that it was a create, or a delete, and when.
    """

    class Operation(models.TextChoices):
        CREATE = "create", "Create"
        UPDATE = "update", "Update"
        DELETE = "delete", "Delete"

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="outbox")
    record_kind = models.CharField(max_length=12, choices=SyncedKind)
    record_id = models.BigIntegerField()
    lane = models.CharField(max_length=12, choices=Lane, default=Lane.REAL_TIME)
    run = models.ForeignKey(
        "Run",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text="The one-time push that it belongs to.",
    )
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    credential = models.ForeignKey(Credential, models.SET_NULL, null=True, blank=True, related_name="+")
    remote_object = models.CharField(max_length=80)
    operation = models.CharField(max_length=8, choices=Operation)
    is_manual = models.BooleanField(default=False, help_text="Asked for by a person: filters do not apply.")
    is_automatic = models.BooleanField(default=False, help_text="Queued because another record needs it.")
    create_anyway = models.BooleanField(default=False, help_text="A person decided that it is nobody's twin.")

    revision = models.PositiveIntegerField(default=1, db_default=1)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    queued_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    wait_reason = models.TextField(blank=True, default="", db_default="")
    parent_kind = models.CharField(max_length=12, blank=True, default="", db_default="")
    parent_id = models.BigIntegerField(null=True, blank=True)

    batch_limit = models.PositiveSmallIntegerField(
        default=200, db_default=200, help_text="Records that it may travel with; halved when its batch spoils a call."
    )
    lone_failures = models.PositiveSmallIntegerField(default=0, db_default=0)

    claim_token = models.UUIDField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    external_id = models.UUIDField(null=True, blank=True, help_text="Under which a create was sent.")
    sent = models.JSONField(null=True, blank=True, help_text="What a write of unknown outcome carried.")
    parts_sent_at = models.DateTimeField(
        null=True, blank=True, help_text="When, by the remote clock, parts of it were sent of which no answer came."
    )
    job = models.ForeignKey(
        IngestJob, models.SET_NULL, null=True, blank=True, related_name="rows", db_index=False, help_text="It is in it."
    )

    objects = OutboxQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "outbox"
        constraints = [models.UniqueConstraint(fields=["record_kind", "record_id"], name="record_due_once")]
        indexes = [
            models.Index(fields=["lane", "next_attempt_at", "id"], name="outbox_due"),
            models.Index(fields=["claim_token"], condition=models.Q(claim_token__isnull=False), name="outbox_claimed"),
            models.Index(fields=["run"], condition=models.Q(run__isnull=False), name="outbox_of_run"),
            models.Index(fields=["job"], condition=models.Q(job__isnull=False), name="outbox_of_job"),
            models.Index(
                fields=["parent_kind", "parent_id"],
                condition=models.Q(parent_id__isnull=False),
                name="outbox_by_parent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.record_kind} {self.record_id}"


class Cursor(models.Model):
    """How far an object has been pulled, and who is pulling it now.

    ``position`` is where the next run starts (less an overlap). Where the run that is under way, or was cut off, goes
    on: ``page_at`` and ``page_id`` when it reads page by page; ``export_id`` and ``export_part`` when the other side
    works off one large query, as of ``export_at`` by our clock and ``export_position`` by its.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, related_name="cursors")
    remote_object = models.CharField(max_length=80)
    position = models.DateTimeField(null=True, blank=True)
    page_at = models.DateTimeField(null=True, blank=True)
    page_id = models.CharField(max_length=18, blank=True, default="")
    is_full = models.BooleanField(default=False, help_text="Everything is read again, not only what changed.")
    is_refused = models.BooleanField(default=False, help_text="The team's login may not read it: the run says why.")
    is_held = models.BooleanField(default=False, help_text="A person holds the pull back.")
    export_id = models.CharField(max_length=40, blank=True, default="")
    export_part = models.CharField(max_length=255, blank=True, default="")
    export_at = models.DateTimeField(null=True, blank=True)
    export_position = models.DateTimeField(null=True, blank=True)
    run = models.ForeignKey("Run", models.SET_NULL, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField(default=timezone.now)
    is_asked_for = models.BooleanField(default=False, help_text="A person waits for it: no ceiling holds it back.")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+")
    lease_token = models.UUIDField(null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "remote_object"], name="cursor_once")]

    def __str__(self) -> str:
        return self.remote_object

    @property
    def is_under_way(self) -> bool:
        """Whether a run has begun and not ended."""
        return bool(self.page_at or self.export_id)

    def start_over(self) -> None:
        """Forget where the present run is; what was pulled stays."""
        self.page_at, self.page_id = None, ""
        self.export_id, self.export_part, self.export_at, self.export_position = "", "", None, None
