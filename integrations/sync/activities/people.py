"""Whom and what an activity hangs on over there: a person, and a deal or company beside them.

A lead stands alone: nothing else may be named with one.
"""

from collections.abc import Iterable

from accounts.models import Account
from activities.models import Activity, Participant
from contacts.models import Contact
from deals.models import Deal

LEAD = "Lead"
# In this order people of an activity are looked for besides the contact that it is about.
ORDER = {role: place for place, role in enumerate(Participant.Role.values)}


def people_of(activity: Activity) -> list[Contact]:
    """The contact that it is about first, then who else took part."""
    others = sorted(activity.participants.all(), key=lambda one: (ORDER[one.role], one.pk))
    found = [activity.contact, *(one.contact for one in others)]
    return list({one.pk: one for one in found if one}.values())


def who_of(activity: Activity) -> Contact | None:
    """The first of its people who is there."""
    return next((one for one in people_of(activity) if one.crm_id), None)


def what_of(activity: Activity) -> Deal | Account | None:
    """Its deal if that is there, else its account; nothing beside a lead."""
    who = None if activity.kind == Activity.Kind.CONVERSATION else who_of(activity)
    if who and who.crm_object == LEAD:
        return None
    return next((one for one in (activity.deal, activity.account) if one and one.crm_id), None)


def places_of(activity: Activity) -> list[str]:
    """The ids of all that a note is shown at, the person first."""
    found: Iterable[Contact | Deal | Account | None] = (who_of(activity), activity.deal, activity.account)
    return list(dict.fromkeys(one.crm_id for one in found if one and one.crm_id))
