"""An activity in their words. Values in, values out: everything that is looked at was loaded before."""

import base64
import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from activities.models import Activity, Participant
from activities.models.activity import midnight
from integrations.activity_rules import title_of
from integrations.models import ActivitySettings
from integrations.sync.activities.objects import EVENT, NOTE, OLD_NOTE, TASK, is_shared
from integrations.sync.activities.people import places_of, what_of, who_of
from integrations.sync.provider import Value, Values

Kind, TaskType, Role = Activity.Kind, Activity.TaskType, Participant.Role
PRIORITIES = {"High": Activity.Priority.HIGH, "Low": Activity.Priority.LOW}
CALL_TYPES = {Activity.Direction.IN: "Inbound", Activity.Direction.OUT: "Outbound"}
SUBTYPES = {Kind.EMAIL: "Email", Kind.CALL: "Call"}
TASK_SUBTYPES = {TaskType.EMAIL: "Email", TaskType.CALL: "Call"}
TYPES = {Kind.EMAIL: "Email", Kind.CALL: "Call"}
HEADERS = ((Role.FROM, "From"), (Role.TO, "To"), (Role.CC, "Cc"))
CR, LF = "\r", "\n"
AT_LEAST = timedelta(minutes=30)  # a meeting that nobody said the end of


@dataclass(frozen=True)
class Words:
    """What the org calls things. ``closed``: the statuses of what is done; ``open``: of what is to be done."""

    settings: ActivitySettings
    closed: tuple[str, ...] = ()
    open: tuple[str, ...] = ()
    types: frozenset[str] = frozenset()
    lengths: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[int, str] = field(default_factory=dict)


def say(remote_object: str, activity: Activity, words: Words, base: Values, *, is_new: bool) -> dict[str, Any]:
    """What an activity says by remote field; what it has no word for is left out.

    ``base``: what was last agreed on. A word of theirs that still means the same stays.
    """
    said = SAYING[remote_object](activity, words, base)
    if activity.owner_id in words.owners:
        said["OwnerId"] = words.owners[activity.owner_id or 0]
    if remote_object == TASK and is_new:
        said["TaskSubtype"] = _subtype(activity)
    return said


def _task(activity: Activity, words: Words, base: Values) -> dict[str, Any]:
    is_done = activity.kind != Kind.TASK or activity.completed_at is not None
    said = _about(activity) | {
        "Subject": activity.subject if is_shared(activity) else title_of(activity, words.settings),
        "Description": _text(activity, words),
        "ActivityDate": _day_of(activity),
        "Status": _kept(base.get("Status"), words.closed if is_done else words.open),
    }
    if activity.kind == Kind.TASK:
        said |= {"Priority": priority(activity.priority, base.get("Priority"))}
    if is_shared(activity) and not is_done:
        said |= _reminder(activity, base)
    if activity.kind == Kind.CALL:
        said |= {
            "CallType": CALL_TYPES.get(Activity.Direction(activity.direction)) if activity.direction else None,
            "CallDurationInSeconds": activity.duration,
            "CallDisposition": activity.outcome,
        }
    if (type_ := TYPES.get(Kind(activity.kind))) in words.types:
        said["Type"] = type_
    return said


def _reminder(activity: Activity, base: Values) -> dict[str, Any]:
    """One that somebody was reminded of is gone here, which is no edit: theirs stays."""
    theirs = parse_datetime(str(base.get("ReminderDateTime") or ""))
    if activity.remind_at is None and theirs and theirs <= timezone.now():
        return {name: base[name] for name in ("ReminderDateTime", "IsReminderSet") if name in base}
    return {"ReminderDateTime": activity.remind_at, "IsReminderSet": activity.remind_at is not None}


def _event(activity: Activity, words: Words, base: Values) -> dict[str, Any]:
    start, end = span(activity)
    return _about(activity) | {
        "Subject": title_of(activity, words.settings),
        "Description": _text(activity, words),
        "Location": activity.location,
        "IsAllDayEvent": activity.is_all_day,
        "StartDateTime": start,
        "EndDateTime": end,
    }


def _note(activity: Activity, words: Words, base: Values) -> dict[str, Any]:
    text = html.escape(activity.body, quote=False).replace("\r\n", "\n").replace("\n", "<br>")
    content = base64.b64encode(f"<p>{text}</p>".encode()).decode()
    return {"Title": cut(title_of(activity, words.settings), words.lengths.get("Title", 0)), "Content": content}


def _old_note(activity: Activity, words: Words, base: Values) -> dict[str, Any]:
    return {
        "ParentId": next(iter(places_of(activity)), None),
        "Title": cut(title_of(activity, words.settings), words.lengths.get("Title", 0)),
        "Body": cut(activity.body, words.lengths.get("Body", 0)),
    }


SAYING: dict[str, Callable[[Activity, Words, Values], dict[str, Any]]] = {
    TASK: _task,
    EVENT: _event,
    NOTE: _note,
    OLD_NOTE: _old_note,
}


def _about(activity: Activity) -> dict[str, Any]:
    """Nothing is said where nobody of ours is there: then theirs stays."""
    who, what = who_of(activity), what_of(activity)
    is_summary = activity.kind == Kind.CONVERSATION
    if is_summary:
        return {"WhatId": what.crm_id} if what else {}
    if who is None and what is None:
        return {}
    return {"WhoId": who.crm_id if who else None, "WhatId": what.crm_id if what else None}


def _subtype(activity: Activity) -> str:
    if activity.kind == Kind.TASK:
        return TASK_SUBTYPES.get(TaskType(activity.task_type), "Task")
    return SUBTYPES.get(Kind(activity.kind), "Task")


def _kept(said: Value, words: tuple[str, ...]) -> Value:
    return said if said in words else next(iter(words), None)


def priority(ours: str, said: Value) -> Value:
    """Their word for a priority of ours; their own stays while it means the same."""
    if said and meant(said) == ours:
        return said
    return next((word for word, priority in PRIORITIES.items() if priority == ours), "Normal")


def meant(said: Value) -> str:
    """What a priority of theirs is here."""
    return PRIORITIES.get(str(said), Activity.Priority.NORMAL)


def _text(activity: Activity, words: Words) -> str:
    """Of an e-mail with its headers, of a meeting with its guests; never with whom a blind copy went to."""
    body = activity.body
    if activity.kind == Kind.EMAIL:
        body = "\n".join([*_headers(activity), f"Subject: {activity.subject}", "", activity.body])
    elif activity.kind == Kind.MEETING and (guests := _named(activity, Role.ORGANIZER, Role.ATTENDEE, Role.WITH)):
        body = f"{activity.body}\n\nGuests: {guests}"
    return cut(body.strip(), words.lengths.get("Description", 0))


def _headers(activity: Activity) -> list[str]:
    return [f"{label}: {names}" for role, label in HEADERS if (names := _named(activity, role))]


def _named(activity: Activity, *roles: str) -> str:
    chosen = sorted((one for one in activity.participants.all() if one.role in roles), key=lambda one: one.pk)
    return ", ".join(
        f"{one.name} <{one.address}>" if one.name and one.address else str(one) for one in chosen if str(one)
    )


def cut(text: str, limit: int) -> str:
    """As much as fits; they count the end of a line as two characters."""
    counted = text.replace("\r\n", "\n").replace("\n", "\r\n")
    if not limit or len(counted) <= limit:
        return text
    return f"{counted[: limit - 1].removesuffix(CR).replace(CR + LF, LF)}…"


def zone_of(activity: Activity) -> ZoneInfo:
    return ZoneInfo(activity.owner.time_zone if activity.owner else "UTC")


def _day_of(activity: Activity) -> date | None:
    """A day there has no time: it is the one in its owner's calendar."""
    if activity.kind == Kind.TASK:
        if activity.due_on or activity.completed_at is None or is_shared(activity):
            return activity.due_on
        return activity.completed_at.astimezone(zone_of(activity)).date()
    return activity.happened_at.astimezone(zone_of(activity)).date()


def span(activity: Activity) -> tuple[datetime, datetime]:
    """When a meeting begins and ends. One that lasts all day: the midnights that its first and last day begin with."""
    start = activity.happened_at
    end = activity.ends_at or start + AT_LEAST
    if not activity.is_all_day:
        return start, end
    return midnight(activity.first_day), midnight(activity.last_day)
