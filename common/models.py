"""What every record of the CRM has, whichever app it lives in."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone

from common.history import track_settings
from common.search import search_field

if TYPE_CHECKING:
    from users.models import User


class TimestampedModel(models.Model):
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now(), editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "updated_at"}
        super().save(*args, **kwargs)


@track_settings("pulled_seen_by")
class Workspace(TimestampedModel):
    """What counts for the whole team: one row, or none while all is as at first."""

    class SeenBy(models.TextChoices):
        EVERYONE = "everyone", "Everyone"
        OWNERS = "owners", "Each their own, admins all"

    pulled_seen_by = models.CharField(
        "who sees pulled records", max_length=12, choices=SeenBy, default=SeenBy.EVERYONE, db_default=SeenBy.EVERYONE
    )

    class Meta:
        verbose_name_plural = "workspace"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_workspace")]

    def __str__(self) -> str:
        return "Workspace"

    @classmethod
    def load(cls) -> "Workspace":
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class RecordKind(models.TextChoices):
    """The kinds of records that people keep, that have stages, custom fields and an owner."""

    ACCOUNT = "account", "Account"
    CONTACT = "contact", "Contact"
    DEAL = "deal", "Deal"


class Origin(models.TextChoices):
    """How a record was made."""

    MANUAL = "manual", "Made by hand"
    CSV_UPLOAD = "csv_upload", "CSV import"
    EXTENSION_GMAIL = "extension_gmail", "Gmail extension"
    EXTENSION_LINKEDIN = "extension_linkedin", "LinkedIn extension"
    PROSPECTING = "prospecting", "Prospecting"
    JOB_CHANGE_ENRICHMENT = "job_change_enrichment", "Job change"
    CRM_PULL = "crm_pull", "Pulled from the CRM"
    EMAIL = "email", "E-mail"
    API = "api", "API"


class Record(TimestampedModel):
    """A person, company or deal: somebody's, made somehow, perhaps known to a CRM beside ours.

    ``custom`` holds the values of the custom fields by their keys: str, number, bool, ISO date or list of str.
    """

    # The index that lists use begins with it; one of its own would only slow down writing.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    origin = models.CharField(max_length=24, choices=Origin, default=Origin.MANUAL, db_default=Origin.MANUAL)
    crm_id = models.CharField("CRM ID", max_length=18, blank=True, default="", db_default="", editable=False)
    is_hidden = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="Counts for de-duplication, not shown in lists."
    )
    custom = models.JSONField(default=dict, blank=True, db_default=models.Value({}, models.JSONField()))

    # Columns that follow from another one: by name, which one and how. Whoever writes in bulk brings them up to date.
    DERIVED: ClassVar[Mapping[str, tuple[str, Callable[[str], str]]]] = {}

    HINT_NEEDS: ClassVar[Sequence[str]] = ()  # the relations that ``hint`` reads

    class Meta:
        abstract = True

    def get_absolute_url(self) -> str:
        raise NotImplementedError

    @property
    def hint(self) -> str:
        """What tells the record from others of its name, where there is room for a few words."""
        return ""

    def derive(self) -> None:
        """Bring what follows from other columns up to date."""
        for name, (source, follow) in self.DERIVED.items():
            setattr(self, name, follow(getattr(self, source)))


def record_constraints(label: str) -> list[models.BaseConstraint]:
    """A CRM id belongs to one record of its kind."""
    return [
        models.UniqueConstraint(fields=["crm_id"], condition=~models.Q(crm_id=""), name=f"{label}_crm_id_unique"),
    ]


def record_indexes(label: str) -> list[models.Index]:
    """What lists filter by: owner, stage, CRM id missing; newest first; words; custom values."""
    return [
        models.Index(fields=["owner", "-id"], name=f"{label}_owner"),
        models.Index(fields=["stage", "-id"], name=f"{label}_stage"),
        models.Index(fields=["-created_at", "-id"], name=f"{label}_newest"),
        models.Index(fields=["-updated_at", "-id"], name=f"{label}_changed"),
        models.Index(fields=["id"], condition=models.Q(crm_id=""), name=f"{label}_unsynced"),
        models.Index(fields=["id"], condition=models.Q(is_hidden=True), name=f"{label}_hidden"),
        # Beside the one by owner: what somebody sees of records that are kept to their owners.
        models.Index(fields=["id"], condition=~models.Q(origin=Origin.CRM_PULL), name=f"{label}_made_here"),
        GinIndex(fields=["search"], name=f"{label}_search"),
        GinIndex(fields=["custom"], name=f"{label}_custom", opclasses=["jsonb_path_ops"]),
    ]


class Stage(models.Model):
    """A step that a record is at; the order is the team's."""

    name = models.CharField(max_length=120, unique=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return self.name


@track_settings("record_kind", "key", "label", "type", "decimals", "choices")
class CustomField(TimestampedModel):
    """A field that the team added to a kind of record. Its type never changes; values live in ``Record.custom``."""

    class Type(models.TextChoices):
        TEXT = "text", "Text"
        LONG_TEXT = "long_text", "Long text"
        NUMBER = "number", "Number"
        DATE = "date", "Date"
        DATETIME = "datetime", "Date and time"
        BOOLEAN = "boolean", "Yes / no"
        PICKLIST = "picklist", "Picklist"
        MULTI_PICKLIST = "multi_picklist", "Multi-select picklist"
        URL = "url", "URL"
        EMAIL = "email", "E-mail"
        PHONE = "phone", "Phone"

    record_kind = models.CharField(max_length=12, choices=RecordKind)
    key = models.CharField(max_length=60, validators=[RegexValidator(r"^[a-z][a-z0-9_]*$")])
    label = models.CharField(max_length=120)
    type = models.CharField(max_length=16, choices=Type)
    decimals = models.PositiveSmallIntegerField(default=0, help_text="Decimal places of a number.")
    choices = models.JSONField(default=list, blank=True, help_text="The values of a picklist, in order.")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["record_kind", "position", "id"]
        constraints = [models.UniqueConstraint(fields=["record_kind", "key"], name="custom_field_key_unique")]

    def __str__(self) -> str:
        return self.label


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


class JobQuerySet(models.QuerySet["Job"]):
    def visible_to(self, user: "User") -> Self:
        """A person's own; admins open everybody's."""
        return self if user.is_admin else self.filter(user=user.pk)

    def runnable(self) -> Self:
        """That nobody works at: just begun, given back, or left by a worker that was killed."""
        is_free = models.Q(claimed_until=None) | models.Q(claimed_until__lt=timezone.now())
        return self.filter(is_free, state__in=Job.UNDER_WAY)


class Job(TimestampedModel):
    """A long piece of work that a person started; common/jobs.py carries it out.

    ``position`` is the bookmark that moves with each chunk of the work, in its transaction. ``counts`` tell what came
    of it, by words for people.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        STOPPED = "stopped", "Stopped"

    UNDER_WAY = (State.WAITING, State.RUNNING)

    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    params = models.JSONField(default=dict, encoder=ExactEncoder)
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    total = models.PositiveIntegerField(null=True, help_text="Unknown while it is empty.")
    done = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    position = models.JSONField(default=dict, encoder=ExactEncoder)
    message = models.TextField(blank=True, default="")
    result_name = models.CharField(max_length=120, blank=True, default="", help_text="What the result is saved as.")
    claim_token = models.UUIDField(null=True)
    claimed_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["user", "-id"], name="job_of_user"),
            models.Index(fields=["id"], condition=models.Q(state__in=["waiting", "running"]), name="job_under_way"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_under_way(self) -> bool:
        return self.state in self.UNDER_WAY

    @property
    def percent(self) -> int:
        return min(100 * self.done // self.total, 100) if self.total else 0


class JobChunk(models.Model):
    """A piece of a file that a job works off (``is_result`` false) or makes: any host has it, and backups do."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="chunks", db_index=False)
    is_result = models.BooleanField(default=False)
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "is_result", "number"], name="job_chunk_once")]

    def __str__(self) -> str:
        return f"Piece {self.number} of {self.job_id}"


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


@track_settings("history_months", "runs_months", "errors_months", "settings_months")
class Retention(TimestampedModel):
    """For how many months what happened is kept; empty: for ever. One row, or none while all is as at first."""

    history_months = models.PositiveSmallIntegerField("field history and timelines", null=True, blank=True)
    runs_months = models.PositiveSmallIntegerField("runs", null=True, blank=True)
    errors_months = models.PositiveSmallIntegerField("closed errors", null=True, blank=True)
    settings_months = models.PositiveSmallIntegerField("changes of settings", null=True, blank=True, default=24)

    class Meta:
        verbose_name_plural = "retention"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_retention")]

    def __str__(self) -> str:
        return "Retention"

    @classmethod
    def load(cls) -> "Retention":
        return cls.objects.filter(pk=1).first() or cls(pk=1)
