"""Invitations in mail (RFC 5546 and 6047): somebody invites, calls off, or answers."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from django.utils import timezone

from activities.calendars import storing
from activities.calendars.reading import Content, Meeting, NoCalendar, parse, parse_message
from activities.mail.parsing import Envelope
from activities.mail.team import Team
from activities.models import Meeting as Kept
from activities.models import Participant
from common.domains import is_free_mail, registrable_domain
from users.models import User

MOST = 50  # of the one series that an e-mail is about


def take(user: User, envelope: Envelope, calendars: Sequence[bytes], team: Team) -> None:
    """Carry out what an e-mail says of meetings, as far as its sender has a say in them."""
    senders = {person.address for person in envelope.of("from")}
    for data in calendars:
        try:
            _carry_out(data, user, senders, team)
        except NoCalendar:
            continue


def _carry_out(data: bytes, user: User, senders: set[str], team: Team) -> None:
    zone = ZoneInfo(user.time_zone)
    content = parse_message(data, zone)
    if len({meeting.uid for meeting in content.meetings}) != 1 or len(content.meetings) > MOST:
        return
    match content.method:
        case "REQUEST":
            meetings = parse(data, timezone.now(), zone).meetings
            storing.put([one for one in meetings if _may_change(one, senders, team)], user, team)
        case "CANCEL":
            for meeting in content.meetings:
                if _may_change(meeting, senders, team):
                    storing.cancel(meeting)
        case "REPLY":
            _take_answers(content, data, user, senders, team)


def _take_answers(content: Content, data: bytes, user: User, senders: set[str], team: Team) -> None:
    """Of a meeting that is not known yet an answer tells enough."""
    for meeting in content.meetings:
        guests = [one.address for one in meeting.people if one.role == "attendee" and _are_same(senders, one.address)]
        for guest in guests:
            if guest in meeting.declined:
                storing.decline(meeting, guest)
            elif not Kept.objects.filter(uid=meeting.uid).exists():
                storing.put(parse(data, timezone.now(), ZoneInfo(user.time_zone)).meetings, user, team)


def _may_change(meeting: Meeting, senders: set[str], team: Team) -> bool:
    """A meeting is its organizer's: as the invitation says, and as it was known before."""
    if any(team.has(sender) for sender in senders):
        return True
    known = Participant.objects.filter(activity__meeting__uid=meeting.uid, role=Participant.Role.ORGANIZER).values_list(
        "address", flat=True
    )
    return all(_are_same(senders, organizer) for organizer in {meeting.organizer, *known} - {""})


def _are_same(senders: set[str], address: str) -> bool:
    """Somebody else of the company may write in somebody's name."""
    domain = registrable_domain(address)
    own = set() if is_free_mail(domain) else {registrable_domain(sender) for sender in senders}
    return address in senders or (bool(domain) and domain in own)
