"""What happened with people and companies, and what is to do."""

from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.urls import reverse

from common.models import Origin, Record, TimestampedModel
from common.records import kind_of
from common.search import matching, search_field
from common.visibility import seen_by

if TYPE_CHECKING:
    from users.models import User


class ActivityQuerySet(models.QuerySet["Activity"]):
    def of(self, record: Record) -> Self:
        return self.filter(**{kind_of(record): record})

    def visible_to(self, user: "User | None") -> Self:
        """Those of whatever they are about that the user sees, and their own; None is a job, which sees all."""
        if user is None or user.sees_everything:
            return self
        of_deal = Q(deal__isnull=False) & seen_by(user, "deal__")
        of_contact = Q(deal=None, contact__isnull=False) & seen_by(user, "contact__")
        of_account = Q(deal=None, contact=None) & seen_by(user, "account__")
        return self.filter(of_deal | of_contact | of_account | Q(owner=user.pk))

    def matching(self, text: str) -> Self:
        return self.filter(matching(text))

    def open_tasks(self) -> Self:
        return self.filter(kind=Activity.Kind.TASK, completed_at=None)

    def newest_first(self) -> Self:
        return self.order_by("-happened_at", "-id")


class Activity(TimestampedModel):
    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        NOTE = "note", "Note"
        TASK = "task", "Task"
        CALL = "call", "Call"
        MEETING = "meeting", "Meeting"
        CONVERSATION = "conversation", "Conversation"

    kind = models.CharField(max_length=12, choices=Kind)
    subject = models.CharField(max_length=255, blank=True, default="")
    body = models.TextField(blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    contact = models.ForeignKey("contacts.Contact", models.CASCADE, null=True, blank=True, related_name="activities")
    account = models.ForeignKey("accounts.Account", models.CASCADE, null=True, blank=True, related_name="activities")
    deal = models.ForeignKey("deals.Deal", models.CASCADE, null=True, blank=True, related_name="activities")
    origin = models.CharField(max_length=24, choices=Origin, default=Origin.MANUAL, db_default=Origin.MANUAL)
    happened_at = models.DateTimeField(help_text="When it took place; of a task, when it was made.")
    due_on = models.DateField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    crm_id = models.CharField("CRM ID", max_length=18, blank=True, default="", db_default="", editable=False)

    search = search_field("subject")
    # Tasks without a day come last, and have a place in the order.
    sort_due_on = models.GeneratedField(
        expression=Coalesce("due_on", models.Value(date.max)), output_field=models.DateField(), db_persist=True
    )

    objects = ActivityQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.UniqueConstraint(fields=["crm_id"], condition=~models.Q(crm_id=""), name="activity_crm_id_unique"),
            models.CheckConstraint(
                condition=models.Q(contact__isnull=False)
                | models.Q(account__isnull=False)
                | models.Q(deal__isnull=False),
                name="activity_is_about_something",
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "-happened_at", "-id"], name="activity_by_contact"),
            models.Index(fields=["account", "-happened_at", "-id"], name="activity_by_account"),
            models.Index(fields=["deal", "-happened_at", "-id"], name="activity_by_deal"),
            models.Index(fields=["-happened_at", "-id"], name="activity_newest"),
            models.Index(
                fields=["owner", "due_on"],
                condition=models.Q(kind="task", completed_at=None),
                name="activity_open_tasks",
            ),
            models.Index(
                fields=["sort_due_on", "id"],
                condition=models.Q(kind="task", completed_at=None),
                name="activity_by_due_date",
            ),
            models.Index(
                fields=["contact", "due_on", "id"],
                condition=models.Q(kind="task", completed_at=None),
                name="open_tasks_of_contact",
            ),
            models.Index(
                fields=["account", "due_on", "id"],
                condition=models.Q(kind="task", completed_at=None),
                name="open_tasks_of_account",
            ),
            models.Index(
                fields=["deal", "due_on", "id"],
                condition=models.Q(kind="task", completed_at=None),
                name="open_tasks_of_deal",
            ),
            models.Index(fields=["owner", "-happened_at", "-id"], name="activity_by_owner"),
            models.Index(fields=["kind", "-happened_at", "-id"], name="activity_by_kind"),
            GinIndex(fields=["search"], name="activity_search"),
        ]

    def __str__(self) -> str:
        return self.subject or self.get_kind_display()

    @property
    def about(self) -> Record:
        """The record whose page it was made on, or the nearest to it."""
        record = self.deal or self.contact or self.account
        assert record is not None  # the database sees to it
        return record

    def get_absolute_url(self) -> str:
        return reverse("activities:detail", args=[self.pk])
