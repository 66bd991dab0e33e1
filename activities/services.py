"""Writes of activities."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from activities.models import Activity
from common.acting import acting_user


@transaction.atomic
def create_activity(**values: Any) -> Activity:
    """Whoever makes an activity owns it; it happened now unless said otherwise. Raises ValidationError."""
    activity = Activity(**{"owner": acting_user(), "happened_at": timezone.now(), **values})
    activity.account = activity.account or _account_of(activity)
    activity.full_clean()
    activity.save(force_insert=True)
    return activity


@transaction.atomic
def update_activity(activity_id: int, changes: Mapping[str, Any]) -> Activity:
    """Write these fields and no other. Raises ValidationError and DoesNotExist."""
    activity = Activity.objects.select_for_update().get(pk=activity_id)
    before = {name: activity.serializable_value(name) for name in changes}
    for name, value in changes.items():
        setattr(activity, name, value)
    changed = {name for name, value in before.items() if activity.serializable_value(name) != value}
    if changed:
        activity.clean_fields(exclude={column.name for column in activity._meta.fields} - changed)
        activity.save(update_fields=changed)
    return activity


def complete_task(activity_id: int, *, is_done: bool = True) -> Activity:
    return update_activity(activity_id, {"completed_at": timezone.now() if is_done else None})


@transaction.atomic
def delete_activity(activity_id: int) -> None:
    Activity.objects.select_for_update().get(pk=activity_id).delete()


def _account_of(activity: Activity) -> Any:
    """An activity of a contact or a deal belongs to their account as well."""
    record = activity.deal or activity.contact
    return record.account if record else None
