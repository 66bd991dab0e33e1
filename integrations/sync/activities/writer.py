"""Writing to an activity of ours what came from the other side."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from activities.models import Activity
from integrations.sync.activities.saying import meant
from integrations.sync.activities.scope import ActivityScope, closes
from integrations.sync.local import Writer
from integrations.sync.mapping import Vocabulary
from integrations.sync.provider import Value, Values
from integrations.sync.scope import Scope

Columns = dict[str, Any]
DEAL = "006"  # how ids of deals begin there


def writer_for(scope: Scope) -> Writer:
    return ActivityWriter(scope) if isinstance(scope, ActivityScope) else Writer(scope)


class ActivityWriter(Writer):
    def _set(self, record: Any, name: str, value: Value, vocabulary: Vocabulary) -> bool:
        columns = columns_of(self.scope, {name: value}, vocabulary, record)
        if not columns:
            return False
        for column, content in columns.items():
            setattr(record, column, content)
        self.touch(record, *(column.removesuffix("_id") for column in columns))
        return True


def columns_of(scope: Scope, values: Values, vocabulary: Vocabulary, activity: Activity) -> Columns:
    """What values of theirs are in columns of ours; what does not fit, or is not here, is left out.

    ``activity``: as it is so far.
    """
    columns: Columns = {}
    for name, value in values.items():
        if name == "Status":
            columns |= _done(activity, is_done=closes(scope, value))
        elif name in ("WhoId", "WhatId"):
            columns |= _hung(activity, columns, name, value, vocabulary)
        elif name in READERS:
            columns |= READERS[name](value, vocabulary)
    return columns


def _done(activity: Activity, *, is_done: bool) -> Columns:
    return {"completed_at": (activity.completed_at or timezone.now()) if is_done else None}


def _hung(activity: Activity, columns: Columns, name: str, value: Value, vocabulary: Vocabulary) -> Columns:
    """Whom and what it is about. A person, deal or company that is not here leaves ours as it was."""
    pk = vocabulary.record_ids.get(str(value)) if value else None
    if value and pk is None:
        return {}
    if name == "WhoId":
        found: Columns = {"contact_id": pk}
    elif value:
        found = {"deal_id": pk} if str(value).startswith(DEAL) else {"account_id": pk, "deal_id": None}
    else:
        found = {"deal_id": None, "account_id": None}
    after = {
        column: {**columns, **found}.get(column, getattr(activity, column))
        for column in ("contact_id", "deal_id", "account_id")
    }
    return found if any(after.values()) else {}  # an activity is about something


def _owner(value: Value, vocabulary: Vocabulary) -> Columns:
    pk = vocabulary.users.get(str(value))
    return {"owner_id": pk} if pk else {}


def _reminder(value: Value, vocabulary: Vocabulary) -> Columns:
    """Nobody is reminded of what is past."""
    moment = parse_datetime(str(value)) if value else None
    return {"remind_at": moment if moment and moment > timezone.now() else None}


READERS: dict[str, Callable[[Value, Vocabulary], Columns]] = {
    "OwnerId": _owner,
    "Subject": lambda value, _: {"subject": str(value or "")[:255]},
    "Description": lambda value, _: {"body": str(value or "").replace("\x00", "")},
    "ActivityDate": lambda value, _: {"due_on": parse_date(str(value)) if value else None},
    "Priority": lambda value, _: {"priority": meant(value)},
    "ReminderDateTime": _reminder,
}
