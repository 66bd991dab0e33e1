"""Whom an activity is with: several contacts, the first of which stands on the activity itself, and teammates."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects

from activities.models import Activity, Participant
from common.bulk import any_of, write_rows
from common.trash import records_leaving
from contacts.models import Contact
from users.models import User

Role = Participant.Role
ROLES = {Activity.Kind.MEETING: Role.ATTENDEE, Activity.Kind.EMAIL: Role.TO}
Person = Contact | User


@dataclass(frozen=True)
class PeopleChange:
    """Who comes to an activity and who goes. ``first``: whose the activity is then, if that is said."""

    added: Sequence[Person] = ()
    removed: Sequence[Person] = ()
    first: Contact | None = field(default=None)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.first)


def contacts_of(activity: Activity) -> list[Contact]:
    """Everybody of whom there is a contact, each once, the first one first."""
    found = [activity.contact] if activity.contact else []
    rows: list[Contact | None] = [*found, *(row.contact for row in _rows(activity))]
    return list(dict.fromkeys(contact for contact in rows if contact))


def users_of(activity: Activity) -> list[User]:
    return list(dict.fromkeys(row.user for row in _rows(activity) if row.user))


def people_of(activity: Activity) -> list[Person]:
    return [*contacts_of(activity), *users_of(activity)]


def named_in(activity: Activity) -> list[Participant]:
    """Those who are neither a contact nor a teammate: an address, or a name from a calendar."""
    return [row for row in _rows(activity) if not row.contact and not row.user and str(row)]


def _rows(activity: Activity) -> Iterable[Participant]:
    """Read once for an activity, or for all of a page by ``with_people``."""
    if "participants" not in getattr(activity, "_prefetched_objects_cache", {}):
        with_people([activity])
    return activity.participants.all()


def with_people(activities: Sequence[Activity]) -> None:
    """Read who takes part in these, by one query."""
    prefetch_related_objects(list(activities), Prefetch("participants", people_rows()))


def people_rows() -> QuerySet[Participant]:
    return Participant.objects.select_related("contact", "user").order_by("id")


def change_of(activity: Activity, contacts: Sequence[Contact]) -> PeopleChange:
    """What makes these the contacts of an activity, in this order, and no others."""
    present = contacts_of(activity)
    return PeopleChange(
        added=[contact for contact in contacts if contact not in present],
        removed=[contact for contact in present if contact not in contacts],
        first=contacts[0] if contacts and contacts[0] != activity.contact else None,
    )


def change_people(activity: Activity, change: PeopleChange) -> bool:
    """Let people come and go; answers whether anybody did. Sets ``contact`` and leaves it to the caller to save.

    An address in an e-mail stays when its contact goes: it is what the e-mail was sent to.
    """
    before, previous = (activity.contact_id, _keys(activity)), activity.contact
    _remove(activity, change.removed)
    _add(activity, change.added)
    activity.contact = _first(activity, change)
    if previous and previous not in change.removed:
        _add(activity, [previous])  # who is not the first one any more still takes part
    _forget(activity)
    return before != (activity.contact_id, _keys(activity))


def _remove(activity: Activity, people: Sequence[Person]) -> None:
    gone = Q(contact__in=[one.pk for one in people if isinstance(one, Contact)])
    gone |= Q(user__in=[one.pk for one in people if isinstance(one, User)])
    rows = Participant.objects.filter(gone, activity=activity)
    rows.exclude(address="").update(contact=None, user=None)
    rows.filter(address="").delete()


def _add(activity: Activity, people: Sequence[Person]) -> None:
    role = ROLES.get(Activity.Kind(activity.kind), Role.WITH)
    contacts, users = _keys(activity)
    new = [one for one in people if one.pk not in (contacts if isinstance(one, Contact) else users)]
    Participant.objects.bulk_create(
        Participant(activity=activity, role=role, contact=one)
        if isinstance(one, Contact)
        else Participant(activity=activity, role=role, user=one)
        for one in new
    )


def _first(activity: Activity, change: PeopleChange) -> Contact | None:
    """Who is the first contact then: the one that is wanted, the one that it was, or whoever came first."""
    if change.first:
        return change.first
    if activity.contact and activity.contact not in change.removed:
        return activity.contact
    row = (
        Participant.objects.filter(activity=activity, contact__isnull=False)
        .select_related("contact")
        .order_by("id")
        .first()
    )
    return row.contact if row else None


def _keys(activity: Activity) -> tuple[set[int], set[int]]:
    """The ids of the contacts and of the teammates; the first contact is one of them, with a row or without."""
    rows = list(Participant.objects.filter(activity=activity).values_list("contact", "user"))
    contacts = {activity.contact_id, *(contact for contact, _ in rows)}
    return {pk for pk in contacts if pk}, {pk for _, pk in rows if pk}


def _forget(activity: Activity) -> None:
    getattr(activity, "_prefetched_objects_cache", {}).pop("participants", None)


# --- contacts that go ---------------------------------------------------------------------------------------------


def hand_on(sender: Any, records: Sequence[Contact], **kwargs: Any) -> None:
    """What somebody did together with others does not go with them: the next contact is the first one then.

    Who goes keeps a row that is emptied with them, and filled again when they are brought back.
    """
    ids = [record.pk for record in records]
    others = Participant.objects.filter(activity__contact__in=any_of(ids, "bigint"), contact__isnull=False)
    others = others.exclude(contact__in=any_of(ids, "bigint")).select_related("activity").order_by("-id")
    heirs = {row.activity_id: row for row in others}  # of each activity the first one
    activities = Activity.objects.filter(pk__in=any_of(heirs, "bigint")).select_for_update(of=("self",)).order_by("pk")
    rows, kept = list(activities), []
    named = set(
        Participant.objects.filter(activity__in=rows, contact__in=any_of(ids, "bigint")).values_list(
            "activity", "contact"
        )
    )
    for activity in rows:
        if (activity.pk, activity.contact_id) not in named:
            role = ROLES.get(Activity.Kind(activity.kind), Role.WITH)
            kept.append(Participant(activity=activity, role=role, contact_id=activity.contact_id))
        activity.contact_id = heirs[activity.pk].contact_id
    Participant.objects.bulk_create(kept)
    write_rows(rows, {"contact"})


def connect() -> None:
    records_leaving.connect(hand_on, sender=Contact, dispatch_uid="activities pass to the next contact")
