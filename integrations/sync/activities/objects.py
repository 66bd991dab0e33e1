"""What activities are over there, and which of their fields hold what: the mapping of activities, which is in code."""

from activities.models import Activity
from common.models import Origin
from integrations.sync.records import Field, Type

Kind, TaskType = Activity.Kind, Activity.TaskType

TASK, EVENT, NOTE, OLD_NOTE = "Task", "Event", "ContentNote", "Note"
PREFIXES = {"00T": TASK, "00U": EVENT, "069": NOTE, "002": OLD_NOTE}
ACTIVITY_OBJECTS = (TASK, EVENT, NOTE, OLD_NOTE)

_ABOUT = {
    "WhoId": Field("contact", "Contact", Type.TEXT),
    "WhatId": Field("about", "Deal or account", Type.TEXT),
    "OwnerId": Field("owner", "Owner", Type.OWNER),
    "Subject": Field("subject", "Subject", Type.TEXT),
}
FIELDS: dict[str, dict[str, Field]] = {
    TASK: _ABOUT
    | {
        "Description": Field("body", "Text", Type.LONG_TEXT),
        "ActivityDate": Field("due_on", "Day", Type.DATE),
        "Status": Field("completed_at", "Completed", Type.TEXT),
        "Priority": Field("priority", "Priority", Type.TEXT),
        "IsReminderSet": Field("is_reminded", "Is reminded", Type.BOOLEAN),
        "ReminderDateTime": Field("remind_at", "Reminder", Type.DATETIME),
        "TaskSubtype": Field("task_type", "Type", Type.TEXT),
        "Type": Field("type", "Type", Type.TEXT),
        "CallType": Field("direction", "Direction", Type.TEXT),
        "CallDurationInSeconds": Field("duration", "Duration", Type.NUMBER),
        "CallDisposition": Field("outcome", "Outcome", Type.TEXT),
    },
    EVENT: _ABOUT
    | {
        "Description": Field("body", "Text", Type.LONG_TEXT),
        "IsAllDayEvent": Field("is_all_day", "All day", Type.BOOLEAN),
        "StartDateTime": Field("happened_at", "Begins", Type.DATETIME),
        "EndDateTime": Field("ends_at", "Ends", Type.DATETIME),
        "Location": Field("location", "Location", Type.TEXT),
    },
    NOTE: {
        "Title": Field("subject", "Subject", Type.TEXT),
        "Content": Field("body", "Text", Type.LONG_TEXT),
        "OwnerId": Field("owner", "Owner", Type.OWNER),
    },
    OLD_NOTE: {
        "ParentId": Field("contact", "Contact", Type.TEXT),
        "Title": Field("subject", "Subject", Type.TEXT),
        "Body": Field("body", "Text", Type.LONG_TEXT),
        "OwnerId": Field("owner", "Owner", Type.OWNER),
    },
}
# What is said together: the other side would make up the rest.
TOGETHER = {"StartDateTime", "EndDateTime", "IsAllDayEvent"}
# What a query tells nothing of: it is taken to be as we left it.
UNREAD = {NOTE: frozenset({"Content"})}
# What a status of what is done is called where the org has not been asked which ones close a task.
DONE = "Completed"
# By what a record of ours is recognised if something there has changed what we sent.
NAMING = ("Subject", "Title", "WhoId", "WhatId", "ParentId", "ActivityDate", "StartDateTime")


def object_of(activity: Activity, *, has_notes: bool) -> str:
    """What an activity is there, or would become. ``has_notes``: the org has the notes of today."""
    if activity.crm_id:
        return PREFIXES.get(activity.crm_id[:3], TASK)
    match activity.kind:
        case Kind.MEETING:
            return EVENT
        case Kind.NOTE:
            return NOTE if has_notes else OLD_NOTE
    return TASK


def is_shared(activity: Activity) -> bool:
    """Whether it goes both ways: a task that came from there. All else is a log of what happened here."""
    return activity.kind == Kind.TASK and activity.origin == Origin.CRM_PULL
