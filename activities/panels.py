"""What activities add to other pages, a card to add them and entries in the timeline; what their own page shows."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.db.models import Model
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.text import Truncator

from activities.fields import clock
from activities.models import Activity
from activities.models.activity import BY_DUE_DATE, NEWEST
from activities.people import contacts_of, named_in, people_of, with_people
from common import slots, timeline
from common.acting import acting_user
from common.changes import edits_of
from common.http import Request
from common.models import Record, RecordKind
from common.records import kind_of
from common.timeline import Entry
from common.words import few

Kind = Activity.Kind
ICONS = {
    Kind.EMAIL: "mail",
    Kind.NOTE: "note",
    Kind.TASK: "checkbox",
    Kind.CALL: "phone",
    Kind.MEETING: "calendar-event",
    Kind.CONVERSATION: "message-circle",
}
SHOWN_TASKS, SHOWN_EDITS = 20, 50
SHOWN_TEXT = 1_500  # letters; the rest of a long e-mail is read on its own page


@slots.fill("record.activity")
def activity_cards(request: Request, records: Sequence[Model]) -> list[str]:
    return [render_to_string("activities/_card.html", activity_context(request, record), request) for record in records]


def activity_context(request: Request, record: Model) -> dict[str, Any]:
    assert isinstance(record, Record)
    tasks = Activity.objects.visible_to(request.user).open_tasks().select_related("owner", "contact")
    kind = kind_of(record)
    return {
        "record": record,
        "record_kind": kind,
        "tasks": tasks.first_of(record, BY_DUE_DATE, SHOWN_TASKS),
        "today": timezone.localdate(),
        "can_write": kind in (RecordKind.CONTACT, RecordKind.DEAL),
        "can_summarise": kind == RecordKind.DEAL,
    }


def page_context(request: Request, activity: Activity) -> dict[str, Any]:
    """What the page of an activity shows besides its form."""
    return {
        "icon_name": ICONS[Kind(activity.kind)],
        "people": people_of(activity),
        "others": named_in(activity),
        "edits": list(islice(edits_of(activity, chunk=SHOWN_EDITS), SHOWN_EDITS)),
        "today": timezone.localdate(),
    }


@timeline.source(group="activities")
def activity_entries(record: Model, until: datetime | None, limit: int) -> list[Entry]:
    if not isinstance(record, Record):
        return []
    activities = Activity.objects.visible_to(acting_user()).select_related("owner", "contact")
    if until:
        activities = activities.filter(happened_at__lte=until)
    found = activities.first_of(record, NEWEST, limit)
    with_people(found)
    return [_entry(activity, record) for activity in found]


def _entry(activity: Activity, record: Record) -> Entry:
    title = " · ".join(filter(None, [_what(activity), *_details(activity)]))
    people = contacts_of(activity) if activity.kind == Kind.EMAIL else people_of(activity)
    if others := [str(one) for one in people if one != record]:
        title = f"{title} ({few(others)})"
    return Entry(
        activity.happened_at,
        ICONS[Kind(activity.kind)],
        title,
        detail=Truncator(activity.body).chars(SHOWN_TEXT),
        who=str(activity.owner or ""),
        url=activity.get_absolute_url(),
        day=activity.first_day if activity.is_all_day else None,
    )


def _what(activity: Activity) -> str:
    kind = activity.get_kind_display()
    if activity.direction and activity.kind in (Kind.EMAIL, Kind.CALL):
        kind = f"{activity.get_direction_display()} {kind.lower()}"
    return f"{kind}: {activity.subject}" if activity.subject else kind


def _details(activity: Activity) -> list[str]:
    """What one wants to know of it before anything else."""
    match activity.kind:
        case Kind.CALL:
            return [activity.outcome, clock(activity.duration) if activity.duration else ""]
        case Kind.MEETING:
            return [activity.location]
        case Kind.TASK if activity.completed_at:
            return ["done"]
    return []
