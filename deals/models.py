"""Opportunities in a pipeline."""

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, Sum
from django.db.models.functions import Coalesce

from common.currency import FALLBACK, validate_currency
from common.folding import sort_field
from common.history import track_changes
from common.models import Record, TimestampedModel, list_index, record_constraints, record_indexes
from common.search import search_field
from common.visibility import RecordQuerySet, seen_by
from common.words import money

if TYPE_CHECKING:
    from users.models import User


class PipelineQuerySet(models.QuerySet["Pipeline"]):
    def are_stages_closed(self) -> bool:
        """While a pipeline follows the CRM, no stages are made here: the CRM would know none of them."""
        return self.filter(is_locked=True).exists()


class Pipeline(TimestampedModel):
    name = models.CharField(max_length=120, unique=True)
    is_default = models.BooleanField(default=False)
    is_locked = models.BooleanField(default=False, help_text="Its stages follow the CRM and are not edited here.")

    objects = PipelineQuerySet.as_manager()

    class Meta:
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint("is_default", condition=models.Q(is_default=True), name="one_default_pipeline")
        ]

    def __str__(self) -> str:
        return self.name


class StageQuerySet(models.QuerySet["Stage"]):
    def choosable(self) -> Self:
        return self.filter(is_active=True).select_related("pipeline")

    def first_open(self) -> "Stage | None":
        """Where a new deal starts: the first step of the default pipeline."""
        return self.choosable().filter(is_closed=False).order_by("-pipeline__is_default", "position", "id").first()


class Stage(models.Model):
    """A step of a pipeline. ``crm_value`` is what a connected CRM knows it by; empty: it knows none such.

    One that the CRM has no more, or has not told of yet, is inactive: deals that are at it stay there.
    """

    pipeline = models.ForeignKey(Pipeline, models.CASCADE, related_name="stages")
    name = models.CharField(max_length=120)
    position = models.PositiveSmallIntegerField(default=0)
    probability = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(100)])
    forecast_category = models.CharField(max_length=40, blank=True, default="")
    crm_value = models.CharField("CRM value", max_length=255, blank=True, default="", editable=False)
    is_closed = models.BooleanField(default=False)
    is_won = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)

    objects = StageQuerySet.as_manager()

    class Meta:
        ordering = ["pipeline", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline", "name"], name="stage_name_unique_in_pipeline"),
            models.UniqueConstraint(
                fields=["crm_value"], condition=~models.Q(crm_value=""), name="one_stage_for_a_crm_value"
            ),
            models.CheckConstraint(
                condition=models.Q(is_won=False) | models.Q(is_closed=True), name="won_stage_is_closed"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name_in_choices(self) -> str:
        """Tells stages of several pipelines apart."""
        return self.name if self.pipeline.is_default else f"{self.pipeline}: {self.name}"


class DealQuerySet(RecordQuerySet["Deal"]):
    def open(self) -> Self:
        return self.filter(stage__is_closed=False)

    def totals_by_stage(self) -> "models.QuerySet[Deal, Any]":
        """How many deals a stage has in each currency, and how much together."""
        sums = self.order_by().values("stage_id", "currency").annotate(deals=Count("id"), total=Sum("amount"))
        return sums.order_by("stage_id", "-total", "currency")


@track_changes("sort_close_on")
class Deal(Record):
    name = models.CharField(max_length=255)
    account = models.ForeignKey(
        "accounts.Account", models.SET_NULL, null=True, blank=True, related_name="deals", db_index=False
    )
    contacts = models.ManyToManyField("contacts.Contact", through="DealContact", related_name="deals", blank=True)
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, default=FALLBACK, validators=[validate_currency])
    probability = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(100))],
        help_text="Percent; empty: the stage's.",
    )
    close_on = models.DateField("close date", null=True, blank=True)
    forecast_category = models.CharField(
        max_length=40, blank=True, default="", db_default="", help_text="Empty: the stage's."
    )
    type = models.CharField(max_length=255, blank=True, default="", db_default="")
    source = models.CharField(max_length=255, blank=True, default="", db_default="")
    next_step = models.CharField(max_length=255, blank=True, default="")
    description = models.TextField(blank=True, default="")

    search = search_field("name", "next_step")
    sort_name = sort_field("name", 255)

    # Deals without a close date come last, and have a place in the order.
    sort_close_on = models.GeneratedField(
        expression=Coalesce("close_on", models.Value(date.max)), output_field=models.DateField(), db_persist=True
    )

    objects = DealQuerySet.as_manager()

    HINT_NEEDS = ("stage",)

    class Meta:
        constraints = [
            *record_constraints("deal"),
            models.CheckConstraint(condition=~models.Q(name=""), name="deal_has_name"),
        ]
        indexes = [
            *record_indexes("deal"),
            models.Index(fields=["account", "-id"], name="deal_by_account"),
            list_index("sort_close_on", "id", name="deal_by_close_date", also=["stage"]),
            # The board and the forecast: columns in their order, and totals without reading a row.
            models.Index(
                fields=["stage", "sort_close_on", "id"],
                include=["amount", "currency", "probability", "is_hidden", "origin", "owner"],
                name="deal_on_board",
            ),
            models.Index(fields=["owner", "stage", "sort_close_on", "id"], name="deal_on_board_of_owner"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hint(self) -> str:
        return " · ".join(filter(None, [str(self.stage), money(self.amount, self.currency)]))

    def people(self, user: "User | None") -> "DealContactQuerySet":
        """Who takes part, as far as ``user`` sees them; the primary one first."""
        return self.roles.visible_to(user).select_related("contact").order_by("-is_primary", "id")


class DealContactQuerySet(models.QuerySet["DealContact"]):
    def visible_to(self, user: "User | None") -> Self:
        """Those whose contacts the user sees; None is a job, which sees all."""
        return self if user is None or user.sees_everything else self.filter(seen_by(user, "contact__"))


class DealContact(models.Model):
    """Who takes part in a deal, and as what."""

    deal = models.ForeignKey(Deal, models.CASCADE, related_name="roles")
    contact = models.ForeignKey("contacts.Contact", models.CASCADE, related_name="deal_roles")
    role = models.CharField(max_length=255, blank=True, default="")
    is_primary = models.BooleanField(default=False)

    objects = DealContactQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["deal", "contact"], name="contact_once_in_deal")]

    def __str__(self) -> str:
        return f"{self.contact} ({self.role or 'no role'})"
