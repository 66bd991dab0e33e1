"""E-mails become activities: a page of a folder at a time, in the transaction that moves the place in the folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pghistory

from activities.calendars import invitations
from activities.mail import matching, messages, strangers
from activities.mail.parsing import Bounce, Content, Envelope
from activities.mail.team import Team
from activities.models import Activity, Enrolment, Mailbox, MailFolder, Message, Participant
from common.bulk import copy_in, put_back, rows_created
from common.models import Origin
from contacts.models import Contact
from contacts.services import update_contact

Direction, Reason = Activity.Direction, Enrolment.Reason


@dataclass(frozen=True)
class Letter:
    envelope: Envelope
    content: Content


class Page:
    """What is known of the e-mails of a page, asked in a fixed number of queries."""

    def __init__(self, mailbox: Mailbox, role: str, envelopes: Sequence[Envelope]) -> None:
        self.mailbox, self.role, self.team = mailbox, role, Team.load()
        ids = {one.message_id for one in envelopes} | {ref for one in envelopes for ref in one.references}
        self.earlier, self.deleted = messages.known(ids), messages.deleted(one.message_id for one in envelopes)
        self.judge = strangers.judge_of(Activity.Kind.EMAIL)
        addresses = {address for one in envelopes for address in one.addresses}
        self.people = matching.people_by_address(addresses, mailbox.user_id)

    def is_outgoing(self, envelope: Envelope) -> bool:
        """Of the team: it lies in a Sent folder, or a teammate wrote it."""
        return self.role == MailFolder.Role.SENT or any(self.team.has(one.address) for one in envelope.of("from"))

    def is_interesting(self, envelope: Envelope) -> bool:
        """Whether the rest of an e-mail is to be read, by what its head says."""
        if envelope.message_id in self.earlier or envelope.message_id in self.deleted:
            return False
        is_known = any(one in self.people for one in envelope.addresses)
        return envelope.is_report or is_known or self.takes_strangers(envelope)

    def takes_strangers(self, envelope: Envelope) -> bool:
        occasion = strangers.Occasion(
            sender=next((one.address for one in envelope.of("from")), ""),
            recipients=[one.address for one in envelope.of("to")],
            subject=envelope.subject,
            is_incoming=not self.is_outgoing(envelope),
            is_sent_here=self.is_sent_here(envelope),
            is_reply=self.is_reply(envelope),
            is_internal=self.team.is_internal(envelope.addresses),
        )
        return self.judge(occasion)

    def is_sent_here(self, envelope: Envelope) -> bool:
        return self.role == MailFolder.Role.SENT and messages.is_ours(envelope.message_id)

    def is_reply(self, envelope: Envelope) -> bool:
        """Whether it answers an e-mail that was sent in Tandem."""
        answered = [self.earlier[one] for one in envelope.references if one in self.earlier]
        return not self.is_outgoing(envelope) and any(message.is_sent_here for message in answered)


def store(mailbox: Mailbox, role: str, letters: Sequence[Letter]) -> None:
    """In the caller's transaction. What another mailbox brought, or what was sent here, is there already."""
    messages.lock()
    page = Page(mailbox, role, [letter.envelope for letter in letters])
    ours = {letter.envelope.message_id: letter for letter in letters if page.is_interesting(letter.envelope)}
    rows = [row for letter in ours.values() if (row := _row(page, letter))]
    if rows:
        _insert(page, rows)
        _end_enrolments(page, rows)
    for letter in ours.values():
        invitations.take(page.mailbox.user, letter.envelope, letter.content.calendars, page.team)
        for bounce in letter.content.bounces:
            _came_back(bounce)


@dataclass(frozen=True)
class _Row:
    envelope: Envelope
    activity: Activity
    message: Message


def _row(page: Page, letter: Letter) -> _Row | None:
    """None for what is no e-mail between people, or with nobody who is known."""
    envelope, is_out = letter.envelope, page.is_outgoing(letter.envelope)
    if envelope.is_report or letter.content.calendars or (envelope.is_automatic and not is_out):
        return None
    others = envelope.of("to", "cc", "bcc") if is_out else envelope.of("from", "to", "cc", "bcc")
    if page.takes_strangers(envelope):
        new = [person for person in others if person.address not in page.people]
        page.people |= strangers.make_people(new, page.team, page.mailbox.user)
    contact = matching.first_known(others, page.people, page.team)
    if contact is None:
        return None
    activity = Activity(
        kind=Activity.Kind.EMAIL,
        subject=envelope.subject,
        body=letter.content.text,
        owner_id=_owner(page, envelope, is_out=is_out),
        contact=contact,
        account_id=contact.account_id,
        origin=Origin.EMAIL,
        direction=Direction.OUT if is_out else Direction.IN,
        happened_at=envelope.sent_at,
        completed_at=envelope.sent_at,
    )
    message = _message(page, letter, activity)
    page.earlier[envelope.message_id] = message
    return _Row(envelope, activity, message)


def _owner(page: Page, envelope: Envelope, *, is_out: bool) -> int:
    """Who wrote it, if that was one of us; else in whose mailbox it lies."""
    writers = [page.team.users[one.address] for one in envelope.of("from") if page.team.has(one.address)]
    return writers[0] if is_out and writers else page.mailbox.user_id


def _message(page: Page, letter: Letter, activity: Activity) -> Message:
    envelope = letter.envelope
    return Message(
        activity=activity,
        message_id=envelope.message_id,
        in_reply_to=envelope.in_reply_to,
        thread=messages.thread_of(envelope.message_id, envelope.references, page.earlier),
        html=letter.content.html,
        is_sent_here=page.is_sent_here(envelope),
        is_reply=page.is_reply(envelope),
        is_internal=page.team.is_internal(envelope.addresses),
    )


def _insert(page: Page, rows: Sequence[_Row]) -> None:
    """Whoever hears of the activities finds all that belongs to them."""
    copy_in([row.activity for row in rows])
    put_back([_with_key(row) for row in rows])
    copy_in([person for row in rows for person in _participants(page, row)])
    rows_created.send(sender=Activity, rows=[row.activity for row in rows])


def _with_key(row: _Row) -> Message:
    row.message.activity = row.activity  # which has its key now
    return row.message


def _participants(page: Page, row: _Row) -> list[Participant]:
    return matching.participants(row.activity, row.envelope.people, page.people, page.team)


def _end_enrolments(page: Page, rows: Sequence[_Row]) -> None:
    """Whoever wrote to us after they were taken into a sequence gets no more of it."""
    wrote: dict[int, list[datetime]] = {}
    for row in rows:
        if row.activity.direction == Direction.IN:
            for person in row.envelope.of("from"):
                if person.address in page.people:
                    wrote.setdefault(page.people[person.address].pk, []).append(row.envelope.sent_at)
    found = Enrolment.objects.open().filter(contact__in=list(wrote)) if wrote else Enrolment.objects.none()
    ended = [
        pk
        for pk, contact_id, since in found.values_list("pk", "contact_id", "created_at")
        if any(at > since for at in wrote[contact_id])
    ]
    if ended:
        Enrolment.objects.filter(pk__in=ended).finish(Reason.REPLIED)


def _came_back(bounce: Bounce) -> None:
    """The address of a contact to whom the team wrote does not exist; a report on anything else means nothing."""
    written = Participant.objects.filter(
        activity__message__message_id=bounce.message_id,
        activity__direction=Direction.OUT,
        address__iexact=bounce.address,
        contact__isnull=False,
    )
    said = f"An e-mail to {bounce.address} came back{': ' if bounce.said else '.'}{bounce.said}"
    for contact in Contact.objects.filter(pk__in=written.values("contact"), email_key=bounce.address):
        with pghistory.context(source=said):
            update_contact(contact.pk, {"email_status": Contact.EmailStatus.UNVERIFIED})
        Enrolment.objects.filter(contact=contact).finish(Reason.REFUSED, said)
