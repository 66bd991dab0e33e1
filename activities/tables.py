"""How activities are listed, and what is done with many of them."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import Truncator

from accounts.models import Account
from activities import services
from activities.fields import clock
from activities.models import Activity
from common import search
from common.actions import Batch, Counts, register
from common.bulk import update_rows
from common.bulk_actions import GONE
from common.filters import PageFilter, SeenFilter, YesNoFilter
from common.lines import as_html, as_text
from common.models import Origin
from common.paging import Order
from common.tables import Cell, Column, RecordTable, field_cell, plain
from common.tables import register as register_table
from common.widgets import DateInput
from contacts.models import Contact
from deals.models import Deal

KIND = "activity"
NOTHING = "todo"  # how an address says that a task is of no kind
TASK = Activity.Kind.TASK
IS_OPEN = Q(kind=TASK, completed_at=None)
ORDERS: dict[str, Order] = {"newest": ("-happened_at", "-id"), "due": ("sort_due_on", "id")}


def is_overdue() -> Q:
    return IS_OPEN & Q(due_on__lt=timezone.localdate())


class TakesPartFilter(SeenFilter):
    """By a contact, whoever else takes part."""

    def filter(self, qs: Any, value: Contact | None) -> Any:
        return qs.of(value) if value else qs


class ActivityPageFilter(PageFilter):
    """``sort=due`` is about what is still to do: everything else has no day on which it is due."""

    kind = KIND
    first = ("type", "owner", "open", "overdue")
    apart = ("q", "contact", "account", "deal")

    type = django_filters.ChoiceFilter(
        field_name="kind", choices=Activity.Kind.choices, label="Type", empty_label="Any type"
    )
    open = YesNoFilter(when=IS_OPEN, label="Open tasks", empty_label="To do?")
    overdue = YesNoFilter(when=is_overdue, label="Overdue", empty_label="Overdue?")
    task_type = django_filters.ChoiceFilter(
        choices=[(value or NOTHING, label) for value, label in Activity.TaskType.choices],
        method="filter_task_type",
        label="What is to do",
        empty_label="Any kind of task",
    )
    priority = django_filters.ChoiceFilter(
        choices=Activity.Priority.choices, label="Priority", empty_label="Any priority"
    )
    direction = django_filters.ChoiceFilter(
        choices=Activity.Direction.choices, label="Direction", empty_label="Any direction"
    )
    due_from = django_filters.DateFilter("due_on", "gte", label="Due from", widget=DateInput)
    due_to = django_filters.DateFilter("due_on", "lte", label="Due until", widget=DateInput)
    contact = TakesPartFilter(Contact)
    account = SeenFilter(Account)
    deal = SeenFilter(Deal)
    origin = django_filters.ChoiceFilter(choices=Origin.choices, label="Origin", empty_label="Any origin")

    class Meta:
        model = Activity
        fields: list[str] = []

    def filter_task_type(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(kind=Activity.Kind.TASK, task_type=value.removeprefix(NOTHING))

    def filter_queryset(self, queryset: QuerySet) -> Any:
        return super().filter_queryset(queryset.filter(IS_OPEN) if self.data.get("sort") == "due" else queryset)

    def best_found(self, words: str) -> list[int]:
        """The newest."""
        return list(self.qs.order_by("-happened_at", "-id").values_list("pk", flat=True)[: search.FOUND + 1])


def _columns() -> list[Column]:
    def column(name: str, label: str, shown: Any, order: str = "") -> Column:
        return Column(name, label, shown, (field_cell(Activity, name),), order)

    return [
        Column("about", "About", lambda row: as_html(row.about), (Cell("About", lambda row: plain(row.about)),)),
        column("kind", "Type", lambda row: row.get_kind_display()),
        column("contact", "Contact", lambda row: as_html(row.contact)),
        column("account", "Account", lambda row: as_html(row.account)),
        column("deal", "Deal", lambda row: as_html(row.deal)),
        column("owner", "Owner", lambda row: as_text(row.owner)),
        column("happened_at", "When", _begins, "newest"),
        column("due_on", "Due", lambda row: as_text(row.due_on), "due"),
        column("completed_at", "Done", lambda row: as_text(row.completed_at)),
        column("task_type", "What is to do", lambda row: row.get_task_type_display() if row.kind == TASK else ""),
        column("priority", "Priority", lambda row: row.get_priority_display() if row.kind == TASK else ""),
        column("remind_at", "Reminder", lambda row: as_text(row.remind_at)),
        column("direction", "Direction", lambda row: row.get_direction_display()),
        column("outcome", "Outcome", lambda row: as_text(row.outcome)),
        column("duration", "Duration", lambda row: clock(row.duration) if row.duration else ""),
        column("ends_at", "Ends", _ends),
        column("is_all_day", "All day", lambda row: as_text(row.is_all_day) if row.is_all_day else ""),
        column("location", "Place", lambda row: as_text(row.location)),
        column("origin", "Origin", lambda row: row.get_origin_display()),
        column("crm_id", "CRM ID", lambda row: as_text(row.crm_id)),
    ]


def _begins(activity: Activity) -> str:
    return as_text(activity.first_day if activity.is_all_day else activity.happened_at)


def _ends(activity: Activity) -> str:
    return as_text(activity.last_day if activity.is_all_day else activity.ends_at)


def _under_name(activity: Activity) -> str:
    return Truncator(" ".join(activity.body.split())).chars(100)


ACTIVITIES = register_table(
    RecordTable(
        kind=KIND,
        model=Activity,
        filters=ActivityPageFilter,
        orders=ORDERS,
        sorts={"newest": "Newest first", "due": "To do, by day"},
        chosen=("kind", "about", "owner", "happened_at", "due_on"),
        columns=_columns,
        related=("owner", "contact", "account", "deal"),
        under_name=_under_name,
        named=(field_cell(Activity, "subject"), field_cell(Activity, "body")),
        badges="activity.badges",
    )
)


@register(
    "complete",
    "Mark as done",
    icon="check",
    kinds=[KIND],
    position=10,
    tells="Tasks among them that are still to do are done now.",
)
def complete(batch: Batch) -> Counts:
    done = update_rows(batch.rows.filter(IS_OPEN).select_for_update(of=("self",)), completed_at=timezone.now())
    return {"done": done, "no open tasks": len(batch.ids) - done}


@register(
    "reopen",
    "Reopen",
    icon="arrow-back-up",
    kinds=[KIND],
    position=20,
    tells="Tasks among them that are done are to do again.",
)
def reopen(batch: Batch) -> Counts:
    tasks = batch.rows.filter(kind=TASK, completed_at__isnull=False)
    reopened = update_rows(tasks.select_for_update(of=("self",)), completed_at=None)
    return {"reopened": reopened, "no tasks that are done": len(batch.ids) - reopened}


@register(
    "delete_activities",
    "Delete",
    icon="trash",
    kinds=[KIND],
    position=90,
    is_danger=True,
    tells="They will be gone for everybody, and can’t be restored.",
)
def delete(batch: Batch) -> Counts:
    present = list(batch.rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    services.delete_activities(present)
    return {"deleted": len(present), GONE: len(batch.ids) - len(present)}
