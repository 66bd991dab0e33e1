"""What activities add to other pages: a card to add them, and entries in the timeline."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.template.loader import render_to_string
from django.utils import timezone

from activities.models import Activity
from common import slots, timeline
from common.acting import acting_user
from common.http import Request
from common.models import Record
from common.records import kind_of
from common.timeline import Entry

Kind = Activity.Kind
ICONS = {
    Kind.EMAIL: "mail",
    Kind.NOTE: "note",
    Kind.TASK: "checkbox",
    Kind.CALL: "phone",
    Kind.MEETING: "calendar-event",
    Kind.CONVERSATION: "message-circle",
}
SHOWN_TASKS = 20


@slots.fill("record.activity")
def activity_cards(request: Request, records: Sequence[Model]) -> list[str]:
    return [render_to_string("activities/_card.html", activity_context(request, record), request) for record in records]


def activity_context(request: Request, record: Model) -> dict[str, Any]:
    assert isinstance(record, Record)
    tasks = Activity.objects.of(record).visible_to(request.user).open_tasks().select_related("owner", "contact")
    return {
        "record": record,
        "record_kind": kind_of(record),
        "tasks": tasks.order_by("due_on", "id")[:SHOWN_TASKS],
        "today": timezone.localdate(),
    }


@timeline.source(group="activities")
def activity_entries(record: Model, until: datetime | None, limit: int) -> list[Entry]:
    if not isinstance(record, Record):
        return []
    activities = Activity.objects.of(record).visible_to(acting_user()).newest_first().select_related("owner", "contact")
    if until:
        activities = activities.filter(happened_at__lte=until)
    return [_entry(activity, record) for activity in activities[:limit]]


def _entry(activity: Activity, record: Record) -> Entry:
    title = activity.get_kind_display()
    if activity.subject:
        title = f"{title}: {activity.subject}"
    if activity.contact and activity.contact != record:
        title = f"{title} ({activity.contact})"
    if activity.completed_at:
        title = f"{title} – done"
    return Entry(
        activity.happened_at,
        ICONS[Kind(activity.kind)],
        title,
        detail=activity.body,
        who=str(activity.owner or ""),
        url=activity.get_absolute_url(),
    )
