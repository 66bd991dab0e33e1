"""What every record of the CRM has, whichever app it lives in."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from common.currency import FALLBACK, validate_currency
from common.history import track_settings


class TimestampedModel(models.Model):
    created_at = models.DateTimeField(auto_now_add=True, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_default=Now(), editable=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "updated_at"}
        super().save(*args, **kwargs)


@track_settings("pulled_seen_by", "currency")
class Workspace(TimestampedModel):
    """What counts for the whole team: one row, or none while all is as at first."""

    class SeenBy(models.TextChoices):
        EVERYONE = "everyone", "Everyone"
        OWNERS = "owners", "Each their own, admins all"

    pulled_seen_by = models.CharField(
        "who sees pulled records", max_length=12, choices=SeenBy, default=SeenBy.EVERYONE, db_default=SeenBy.EVERYONE
    )
    currency = models.CharField(
        max_length=3,
        blank=True,
        default="",
        db_default="",
        validators=[validate_currency],
        help_text="Of new deals. Deals that are there keep theirs.",
    )

    class Meta:
        verbose_name_plural = "workspace"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_workspace")]

    def __str__(self) -> str:
        return "Workspace"

    @classmethod
    def load(cls) -> "Workspace":
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def currency_of_deals(self) -> str:
        return self.currency or FALLBACK


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
        return f"{_pages_of(self._meta.app_label)}{self.pk}/"

    @property
    def hint(self) -> str:
        """What tells the record from others of its name, where there is room for a few words."""
        return ""

    def derive(self) -> None:
        """Bring what follows from other columns up to date."""
        for name, (source, follow) in self.DERIVED.items():
            setattr(self, name, follow(getattr(self, source)))


@cache
def _pages_of(app: str) -> str:
    """Where the pages of an app's records are. A list has a hundred addresses, and ``reverse`` looks for each anew."""
    return reverse(f"{app}:detail", args=[0]).removesuffix("0/")


def record_constraints(label: str) -> list[models.BaseConstraint]:
    """A CRM id belongs to one record of its kind."""
    return [
        models.UniqueConstraint(fields=["crm_id"], condition=~models.Q(crm_id=""), name=f"{label}_crm_id_unique"),
    ]


LISTED_BY = ("is_hidden", "origin", "owner")


def record_indexes(label: str) -> list[models.Index]:
    """What lists filter and sort by: owner, stage, CRM id missing; by name, newest, changed last; words; custom values.

    Whether somebody sees a row stands in each index that is walked: pages and counts are found without reading rows.
    """
    made_here, unsynced = ~models.Q(origin=Origin.CRM_PULL), models.Q(crm_id="")
    return [
        list_index("sort_name", "id", name=f"{label}_by_name", also=["crm_id"]),
        list_index("-created_at", "-id", name=f"{label}_newest"),
        list_index("-updated_at", "-id", name=f"{label}_changed"),
        list_index("owner", "sort_name", "id", name=f"{label}_by_owner", also=["stage", "crm_id"]),
        list_index("owner", "-created_at", "-id", name=f"{label}_newest_of_owner"),
        list_index("owner", "-updated_at", "-id", name=f"{label}_changed_of_owner"),
        list_index("stage", "sort_name", "id", name=f"{label}_by_stage"),
        list_index("sort_name", "id", name=f"{label}_unsynced", condition=unsynced),
        list_index("sort_name", "id", name=f"{label}_hidden", condition=models.Q(is_hidden=True)),
        # Beside the one by owner: what somebody sees of records that are kept to their owners.
        list_index("sort_name", "id", name=f"{label}_made_here", condition=made_here),
        list_index("sort_name", "id", name=f"{label}_pushed", condition=made_here & ~unsynced),
        GinIndex(fields=["search"], name=f"{label}_search"),
        GinIndex(fields=["custom"], name=f"{label}_custom", opclasses=["jsonb_path_ops"]),
    ]


def list_index(*columns: str, name: str, also: Sequence[str] = (), condition: models.Q | None = None) -> models.Index:
    """An index in an order, that carries what decides whether a row is listed, and what is ``also`` filtered by."""
    beside = [column for column in (*LISTED_BY, *also) if column not in columns]
    return models.Index(fields=columns, include=beside, name=name, condition=condition)


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
