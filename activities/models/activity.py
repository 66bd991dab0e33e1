"""What happened with people and companies, and what is to do."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Exists, Func, OuterRef, Q
from django.db.models.functions import Coalesce
from django.urls import reverse

from common.history import track_fields
from common.models import Origin, Record, RecordKind, TimestampedModel
from common.records import kind_of
from common.search import matching, search_field
from common.visibility import seen_by

if TYPE_CHECKING:
    from users.models import User


class ActivityQuerySet(models.QuerySet["Activity"]):
    def of(self, record: Record) -> Self:
        """Those about a record; of a contact also those in which it takes part beside others."""
        if kind_of(record) != RecordKind.CONTACT:
            return self.filter(**{kind_of(record): record})
        first = self.model._base_manager.filter(contact=record.pk).order_by().values("pk")
        return self.filter(
            pk__in=first.union(self._participants().filter(contact=record.pk).values("activity"), all=True)
        )

    def first_of(self, record: Record, order: tuple[str, ...], count: int) -> list["Activity"]:
        """The first ones about a record, without collecting all: a contact's are two short slices, put together."""
        direct = self.filter(**{kind_of(record): record}).order_by(*order)[:count]
        if kind_of(record) != RecordKind.CONTACT:
            return list(direct)
        # An array, as of a join PostgreSQL thinks that walking all activities in their order finds some soon.
        beside = ArraySubquery(self._participants().filter(contact=record.pk).values("activity"))
        others = self.filter(pk__in=Func(beside, function="SELECT unnest")).order_by(*order)[:count]
        first = direct.values("pk").union(others.values("pk"), all=True)
        return in_order(self.filter(pk__in=first), order)[:count]

    def visible_to(self, user: "User | None") -> Self:
        """Those of whatever they are about that the user sees; their own, and those they take part in.

        A deal decides by itself. Of several contacts it is enough to see one. None is a job, which sees all.
        """
        if user is None or user.sees_everything:
            return self
        people = self._participants().filter(activity=OuterRef("pk"))
        of_deal = Q(deal__isnull=False) & seen_by(user, "deal__")
        of_contact = Q(deal=None, contact__isnull=False) & seen_by(user, "contact__")
        of_account = Q(deal=None, contact=None) & seen_by(user, "account__")
        of_others = Q(deal=None) & Exists(people.filter(seen_by(user, "contact__"), contact__isnull=False))
        takes_part = Q(owner=user.pk) | Exists(people.filter(user=user.pk))
        return self.filter(of_deal | of_contact | of_account | takes_part | of_others)

    def _participants(self) -> models.QuerySet[Any]:
        participants: Any = self.model._meta.get_field("participants").related_model
        return participants._base_manager.all()

    def matching(self, text: str) -> Self:
        return self.filter(matching(text))

    def open_tasks(self) -> Self:
        return self.filter(kind=Activity.Kind.TASK, completed_at=None)

    def newest_first(self) -> Self:
        return self.order_by(*NEWEST)


def midnight(day: date) -> datetime:
    """When a whole day begins."""
    return datetime.combine(day, time(), UTC)


NEWEST = ("-happened_at", "-id")
BY_DUE_DATE = ("due_on", "id")


def in_order(rows: Iterable["Activity"], order: tuple[str, ...]) -> list["Activity"]:
    """Rows as PostgreSQL puts them: in a rising order those come last that say nothing."""
    found = list(rows)
    for name in reversed(order):
        column = name.removeprefix("-")
        found.sort(key=lambda row: _place(getattr(row, column)), reverse=name.startswith("-"))
    return found


def _place(value: Any) -> tuple[bool, Any]:
    return value is None, value if value is not None else 0


# Whom it is about is left out: a merge moves thousands at once.
@track_fields(
    "subject", "body", "owner", "happened_at", "due_on", "completed_at", "task_type", "priority", "direction",
    "duration", "outcome", "ends_at", "is_all_day", "location",
)  # fmt: skip
class Activity(TimestampedModel):
    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        NOTE = "note", "Note"
        TASK = "task", "Task"
        CALL = "call", "Call"
        MEETING = "meeting", "Meeting"
        CONVERSATION = "conversation", "Conversation"

    class TaskType(models.TextChoices):
        """What is to be done."""

        TODO = "", "To do"
        EMAIL = "email", "E-mail"
        CALL = "call", "Call"
        MEETING = "meeting", "Meeting"

    class Priority(models.TextChoices):
        HIGH = "high", "High"
        NORMAL = "normal", "Normal"
        LOW = "low", "Low"

    class Direction(models.TextChoices):
        """Of e-mails and calls, seen from the team."""

        IN = "in", "Incoming"
        OUT = "out", "Outgoing"

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
    task_type = models.CharField(
        "to do", max_length=8, choices=TaskType, blank=True, default=TaskType.TODO, db_default=TaskType.TODO
    )
    priority = models.CharField(max_length=6, choices=Priority, default=Priority.NORMAL, db_default=Priority.NORMAL)
    remind_at = models.DateTimeField(
        "reminder", null=True, blank=True, help_text="Of a task or a meeting; empty once its owner was reminded."
    )
    direction = models.CharField(max_length=3, choices=Direction, blank=True, default="", db_default="")
    duration = models.PositiveIntegerField(null=True, blank=True, help_text="Of a call, in seconds.")
    outcome = models.CharField(max_length=120, blank=True, default="", db_default="", help_text="Of a call.")
    ends_at = models.DateTimeField(
        "ends", null=True, blank=True, help_text="Of a meeting, which begins when it happens."
    )
    is_all_day = models.BooleanField(
        "all day",
        default=False,
        db_default=False,
        help_text="Of a meeting: it begins and ends at midnight UTC, for a day is the same wherever people live.",
    )
    location = models.CharField(max_length=255, blank=True, default="", db_default="")
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
            models.CheckConstraint(
                condition=models.Q(ends_at=None) | models.Q(ends_at__gte=models.F("happened_at")),
                name="activity_ends_after_it_began",
                violation_error_message="It can’t end before it begins.",
            ),
        ]
        indexes = [
            models.Index(fields=["contact", "-happened_at", "-id"], name="activity_by_contact"),
            models.Index(fields=["account", "-happened_at", "-id"], name="activity_by_account"),
            models.Index(fields=["deal", "-happened_at", "-id"], name="activity_by_deal"),
            models.Index(fields=["-happened_at", "-id"], name="activity_newest"),
            models.Index(fields=["-happened_at", "-id"], condition=models.Q(crm_id=""), name="activity_not_in_crm"),
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
            models.Index(fields=["remind_at"], condition=models.Q(remind_at__isnull=False), name="activity_reminders"),
        ]

    def __str__(self) -> str:
        return self.subject or self.get_kind_display()

    @property
    def about(self) -> Record:
        """The record whose page it was made on, or the nearest to it."""
        record = self.deal or self.contact or self.account
        assert record is not None  # the database sees to it
        return record

    @property
    def first_day(self) -> date:
        """Of a meeting that lasts all day."""
        return self.happened_at.astimezone(UTC).date()

    @property
    def last_day(self) -> date:
        """The end is the midnight after it."""
        end = (self.ends_at or self.happened_at) - timedelta(microseconds=1)
        return max(self.first_day, end.astimezone(UTC).date())

    def get_absolute_url(self) -> str:
        return reverse("activities:detail", args=[self.pk])
