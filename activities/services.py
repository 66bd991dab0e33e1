"""Writes of activities."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from activities.models import Activity, DeletedEmail, Message
from activities.people import PeopleChange, change_of, change_people
from common.acting import acting_user
from common.bulk import any_of
from contacts.models import Contact

ABOUT = ("contact", "account", "deal")


@transaction.atomic
def create_activity(*, people: PeopleChange | None = None, contacts: Sequence[Contact] = (), **values: Any) -> Activity:
    """Whoever makes an activity owns it; it happened now unless said otherwise. Raises ValidationError.

    ``contacts``: those it is with, the first one first; ``people``: the same with teammates among them.
    """
    people = people or PeopleChange(added=contacts)
    activity = Activity(**{"owner": acting_user(), "happened_at": timezone.now(), **values})
    activity.contact = activity.contact or next((one for one in people.added if isinstance(one, Contact)), None)
    activity.account = activity.account or _account_of(activity)
    activity.full_clean()
    activity.save(force_insert=True)
    if set(people.added) - {activity.contact}:
        change_people(activity, people)
    return activity


@transaction.atomic
def update_activity(activity_id: int, changes: Mapping[str, Any]) -> Activity:
    """Write these fields and no other. Raises ValidationError and DoesNotExist.

    Besides columns: ``people``, who comes and goes, or ``contacts``, all that it is with.
    """
    activity = Activity.objects.select_for_update(of=("self",)).select_related("contact").get(pk=activity_id)
    columns = {name: value for name, value in changes.items() if name not in ("people", "contacts")}
    before = {name: activity.serializable_value(name) for name in {*columns, "contact"}}
    for name, value in columns.items():
        setattr(activity, name, value)
    are_others = _change_people(activity, changes)
    changed = {name for name, value in before.items() if activity.serializable_value(name) != value}
    if changed or are_others:
        _check(activity, changed)
        activity.save(update_fields=changed)
    return activity


def _change_people(activity: Activity, changes: Mapping[str, Any]) -> bool:
    change: PeopleChange = changes.get("people") or PeopleChange()
    if "contacts" in changes:
        change = change_of(activity, changes["contacts"])
    return bool(change) and change_people(activity, change)


def _check(activity: Activity, changed: set[str]) -> None:
    activity.clean_fields(exclude={column.name for column in activity._meta.fields} - changed)
    if not any(getattr(activity, f"{name}_id") for name in ABOUT):
        raise ValidationError("Say whom it is about: a contact, an account or a deal.")
    if {"happened_at", "ends_at"} & changed and activity.ends_at and activity.ends_at < activity.happened_at:
        raise ValidationError({"ends_at": "It can’t end before it begins."})


def complete_task(activity_id: int, *, is_done: bool = True) -> Activity:
    return update_activity(activity_id, {"completed_at": timezone.now() if is_done else None})


@transaction.atomic
def delete_activity(activity_id: int) -> None:
    """Raises DoesNotExist."""
    Activity.objects.select_for_update(of=("self",)).get(pk=activity_id)
    delete_activities([activity_id])


@transaction.atomic
def delete_activities(ids: Sequence[int]) -> None:
    """E-mails stay away, in however many mailboxes they lie that are still to be read."""
    names = Message.objects.filter(activity__in=any_of(ids, "bigint")).values_list("message_id", flat=True)
    DeletedEmail.objects.bulk_create((DeletedEmail(message_id=name) for name in names), ignore_conflicts=True)
    Activity.objects.filter(pk__in=any_of(ids, "bigint")).delete()


def _account_of(activity: Activity) -> Any:
    """An activity of a contact or a deal belongs to their account as well."""
    record = activity.deal or activity.contact
    return record.account if record else None
