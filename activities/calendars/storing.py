"""Meetings of calendars become activities: made, moved and taken away, once for the team."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from activities import services
from activities.calendars.reading import Meeting
from activities.mail import matching, messages, strangers
from activities.mail.team import Team
from activities.models import Activity, Calendar, Participant
from activities.models import Meeting as Kept
from common.bulk import any_of
from common.models import Origin
from contacts.models import Contact
from users.models import User


@transaction.atomic
def put(meetings: Sequence[Meeting], user: User, team: Team, calendar: Calendar | None = None) -> None:
    """Make or move the activities of meetings with people who are known; what is older than what is kept means nothing.

    ``user``: in whose calendar or mailbox they stand.
    """
    messages.lock()
    present, now = _kept(meetings), timezone.now()
    series = {uid for uid, _ in present}
    people = matching.people_by_address({one.address for each in meetings for one in each.people}, user.pk)
    takes_strangers = strangers.judge_of(Activity.Kind.MEETING)(strangers.Occasion())
    for meeting in meetings:
        kept = present.get(meeting.key)
        if kept is None and meeting.uid in series and meeting.starts_at < now:
            continue  # whoever moves a whole series moves what took place as well, which is here already
        if kept and not _is_news(kept, meeting, calendar):
            _note_calendar(kept, calendar)
            continue
        if takes_strangers and not meeting.is_cancelled:
            new = [one for one in meeting.people if one.address not in people]
            people |= strangers.make_people(new, team, user)
        contact = _contact(meeting, people, team)
        if contact is None or meeting.is_cancelled:
            _take_away(kept, meeting.sequence)
        else:
            _note_calendar(_write(kept, meeting, contact, people, user, team), calendar)


def _kept(meetings: Iterable[Meeting]) -> dict[tuple[str, str], Kept]:
    rows = Kept.objects.filter(uid__in=any_of({meeting.uid for meeting in meetings})).select_related("activity")
    return {(row.uid, row.recurrence): row for row in rows.prefetch_related("calendars")}


def _is_news(kept: Kept, meeting: Meeting, calendar: Calendar | None) -> bool:
    """A later version, or a change of the same in the calendar that brought it: others may word it differently."""
    if kept.fingerprint == meeting.fingerprint or kept.sequence != meeting.sequence:
        return kept.sequence < meeting.sequence
    leading = min((one.pk for one in kept.calendars.all()), default=None)
    return leading is None or (calendar is not None and calendar.pk == leading)


def _contact(meeting: Meeting, people: dict[str, Contact], team: Team) -> Contact | None:
    """The first guest who is known and comes."""
    coming = [one for one in meeting.people if one.address not in meeting.declined]
    return matching.first_known(coming, people, team)


def _write(
    kept: Kept | None, meeting: Meeting, contact: Contact, people: dict[str, Contact], user: User, team: Team
) -> Kept:
    values: dict[str, Any] = {
        "subject": meeting.subject,
        "body": meeting.text,
        "location": meeting.location,
        "happened_at": meeting.starts_at,
        "ends_at": meeting.ends_at,
        "is_all_day": meeting.is_all_day,
    }
    facts = {"sequence": meeting.sequence, "fingerprint": meeting.fingerprint}
    if kept and kept.activity:
        services.update_activity(kept.activity.pk, values)
        _write_people(kept.activity, meeting, people, team)
    elif kept is None or kept.is_cancelled:
        owner = User.objects.filter(pk=team.users.get(meeting.organizer, 0)).first() or user
        activity = services.create_activity(
            kind=Activity.Kind.MEETING, owner=owner, contact=contact, origin=Origin.EMAIL, **values
        )
        _write_people(activity, meeting, people, team)
        facts |= {"activity": activity, "is_cancelled": False}
    # else: somebody deleted it here
    row, _ = Kept.objects.update_or_create(uid=meeting.uid, recurrence=meeting.recurrence, defaults=facts)
    return row


def _write_people(activity: Activity, meeting: Meeting, people: dict[str, Contact], team: Team) -> None:
    """Contacts that people here added to the meeting stay."""
    activity.participants.filter(role__in=[Participant.Role.ORGANIZER, Participant.Role.ATTENDEE]).delete()
    Participant.objects.bulk_create(matching.participants(activity, meeting.people, people, team))


def _note_calendar(kept: Kept, calendar: Calendar | None) -> None:
    if calendar and calendar not in kept.calendars.all():
        kept.calendars.add(calendar)


def _take_away(kept: Kept | None, sequence: int) -> None:
    """It does not take place; an older invitation that comes later does not bring it back."""
    if kept is None or kept.is_cancelled:
        return
    activity, kept.activity = kept.activity, None
    kept.is_cancelled, kept.sequence, kept.fingerprint = True, max(sequence, kept.sequence), ""
    kept.save(update_fields=["activity", "is_cancelled", "sequence", "fingerprint"])
    if activity:
        services.delete_activity(activity.pk)


@transaction.atomic
def cancel(meeting: Meeting) -> None:
    """One meeting, or all of a series that are not older than what is known."""
    messages.lock()
    rows = Kept.objects.filter(uid=meeting.uid, sequence__lte=meeting.sequence).select_related("activity")
    for kept in rows.filter(recurrence=meeting.recurrence) if meeting.recurrence else rows:
        _take_away(kept, meeting.sequence)


@transaction.atomic
def decline(meeting: Meeting, address: str) -> None:
    """A guest does not come: without anybody else who is known there is no meeting with a contact."""
    messages.lock()
    rows = Kept.objects.filter(uid=meeting.uid, activity__isnull=False).select_related("activity")
    for kept in rows.filter(recurrence=meeting.recurrence) if meeting.recurrence else rows:
        guests = kept.activity.participants  # type: ignore[union-attr]
        guests.filter(address=address, role=Participant.Role.ATTENDEE).delete()
        if not guests.filter(contact__isnull=False).exists():
            _take_away(kept, kept.sequence)


@transaction.atomic
def drop_missing(calendar: Calendar, seen: Collection[tuple[str, str]], **window: Any) -> None:
    """What stands in a feed no more is off, unless it has begun or stands in another calendar as well."""
    messages.lock()
    rows = Kept.objects.filter(calendars=calendar, **window).select_related("activity")
    for kept in [row for row in rows if (row.uid, row.recurrence) not in seen]:
        kept.calendars.remove(calendar)
        if not kept.calendars.exists():
            activity = kept.activity
            kept.delete()  # if it stands there again, it is new
            if activity:
                services.delete_activity(activity.pk)
