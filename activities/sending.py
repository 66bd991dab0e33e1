"""E-mails to contacts. ``send_email`` is the one place that sends them, ``store_sent`` notes what has gone.

They go through the user's own mailbox where one is connected. Else through Django's e-mail backend: from the server's
address in the user's name, answers to the user. What can happen is told apart, because a worker must know whether it
may send once more.
"""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.utils import timezone

from activities import services
from activities.mail import hosts, messages
from activities.mail.smtp import backend_of
from activities.mail.team import Team
from activities.models import Activity, Mailbox, Message, Participant, SentCopy
from activities.optouts import email_refusal, unsubscribe_url
from contacts.models import Contact
from users.models import User

REFUSED_FROM = 500  # SMTP: from here on trying again does not help
NOWHERE = ("console", "dummy")  # backends that send nothing


class NotSent(Exception):
    """It did not go, and would not if it were tried again; the text says why, for a person."""


class TryLater(Exception):
    """It did not go now."""


class Unreachable(TryLater):
    """No mail goes at all at the moment."""


class MayHaveGone(Exception):
    """The answer of the mail server was lost: the e-mail may have gone."""


@dataclass(frozen=True)
class Sent:
    """An e-mail that has gone. ``copy``: as it went, for the mailbox that it went through."""

    message_id: str
    user: User
    contact: Contact
    sender: str
    recipient: str
    subject: str
    body: str
    at: datetime
    answers: Message | None = None
    mailbox: Mailbox | None = None
    copy: bytes = b""


def sends_for_real(user: User | None = None) -> bool:
    """False while e-mails (of this user) are only written to the server's log."""
    return settings.EMAIL_BACKEND.split(".")[-2] not in NOWHERE or mailbox_of(user) is not None


def mailbox_of(user: User | None) -> Mailbox | None:
    """Through which a user's e-mails go; pausing it ends only that it is read."""
    return Mailbox.objects.filter(user=user).first() if user else None


@dataclass(frozen=True)
class Way:
    """An open connection, and whose mailbox it leads through."""

    connection: Any
    mailbox: Mailbox | None


@contextmanager
def mail_connection(user: User | None = None) -> Iterator[Way]:
    """A connection for many e-mails of one user. Raises Unreachable."""
    mailbox = mailbox_of(user)
    if mailbox and mailbox.state == Mailbox.State.ATTENTION:
        raise Unreachable(f"The mailbox {mailbox} needs attention: {mailbox.problem} See Settings > Mailbox.")
    connection = backend_of(mailbox) if mailbox else get_connection()
    try:
        connection.open()
    except OSError as error:  # those of smtplib are, too
        connection.close()
        raise _unreachable(mailbox, error) from error
    try:
        yield Way(connection, mailbox)
    finally:
        connection.close()


def _unreachable(mailbox: Mailbox | None, error: OSError) -> Unreachable:
    if mailbox is None:
        return Unreachable(f"The mail server cannot be reached: {error}")
    said = hosts.reason(error, mailbox.smtp_host)
    if isinstance(error, smtplib.SMTPAuthenticationError) and error.smtp_code >= REFUSED_FROM:
        works = Mailbox.objects.filter(pk=mailbox.pk, state=Mailbox.State.WORKS)
        works.update(state=Mailbox.State.ATTENTION, problem=said, updated_at=timezone.now())
    return Unreachable(f"The mailbox {mailbox} cannot send: {said}")


def send_email(
    user: User,
    contact: Contact,
    subject: str,
    body: str,
    *,
    connection: Way | None = None,
    can_unsubscribe: bool = False,
    answers: Message | None = None,
    message_id: str = "",
) -> Sent:
    """Write to a contact in a user's name. Raises NotSent, TryLater and MayHaveGone.

    ``connection``: of ``mail_connection`` for the same user. ``answers``: what it is an answer to. ``message_id``: of
    ``messages.new_id``, where it may be tried again.
    ``can_unsubscribe``: with a link to end all e-mails, also for the mail program's own button (RFC 8058).
    """
    if refusal := email_refusal(contact):
        raise NotSent(f"{contact} {refusal}.")
    if not contact.email:
        raise NotSent(f"{contact} has no e-mail address.")
    with nullcontext(connection) if connection else mail_connection(user) as way:
        message = _message(user, contact, subject, body, mailbox=way.mailbox, can_unsubscribe=can_unsubscribe)
        message_id, now = message_id or messages.new_id(), timezone.now()
        message.extra_headers |= {"Message-ID": f"<{message_id}>", "Date": format_datetime(now)} | _answering(answers)
        _send(message, way.connection)
    return Sent(
        message_id=message_id,
        user=user,
        contact=contact,
        sender=parseaddr(message.from_email)[1],
        recipient=contact.email,
        subject=str(message.subject),
        body=body,
        at=now,
        answers=answers,
        mailbox=way.mailbox,
        copy=message.message().as_bytes(linesep="\r\n") if way.mailbox else b"",  # type: ignore[call-arg]
    )


def _message(
    user: User, contact: Contact, subject: str, body: str, *, mailbox: Mailbox | None, can_unsubscribe: bool
) -> EmailMessage:
    headers = {}
    if can_unsubscribe:
        url = unsubscribe_url(contact)
        headers = {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        body = f"{body}\n\n--\nNo more e-mails from us: {url}\n"
    if mailbox:
        sender = formataddr((mailbox.name or str(user), mailbox.address))
    else:
        sender = formataddr((str(user), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=body,
        from_email=sender,
        to=[contact.email],
        reply_to=None if mailbox else [user.email],
        headers=headers,
    )


def _answering(answered: Message | None) -> dict[str, str]:
    if answered is None:
        return {}
    chain = dict.fromkeys([answered.thread, answered.message_id])
    return {"In-Reply-To": f"<{answered.message_id}>", "References": " ".join(f"<{one}>" for one in chain)}


def _send(message: EmailMessage, connection: Any) -> None:
    message.connection = connection
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        raise _refusal(code, text) from error
    except smtplib.SMTPResponseException as error:
        raise _refusal(error.smtp_code, error.smtp_error) from error
    except OSError as error:
        raise MayHaveGone(f"The connection to the mail server broke: {error}") from error
    except ValueError as error:  # an address or a header that can't be written
        raise NotSent(str(error)) from error


def _refusal(code: int, text: bytes | str) -> Exception:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    said = f"The mail server says: {code} {words}"
    return NotSent(said) if code >= REFUSED_FROM else TryLater(said)


@transaction.atomic
def store_sent(sent: Sent, **values: Any) -> Activity:
    """Note an e-mail that has gone, as a completed activity with ``values``.

    The mailbox may have been read meanwhile: then the activity is there already, and said to be ours. Whoever locks
    rows besides takes ``messages.lock`` before.
    """
    messages.lock()
    if sent.mailbox and Mailbox.objects.filter(pk=sent.mailbox.pk).exists():
        SentCopy.objects.create(mailbox=sent.mailbox, message_id=sent.message_id, data=sent.copy)
    if present := messages.known([sent.message_id]).get(sent.message_id):
        Message.objects.filter(pk=present.pk).update(is_sent_here=True)
        return present.activity
    given = {"owner": sent.user, "contact": sent.contact, **values}
    activity = services.create_activity(
        kind=Activity.Kind.EMAIL,
        subject=sent.subject,
        body=sent.body,
        direction=Activity.Direction.OUT,
        happened_at=sent.at,
        completed_at=sent.at,
        **given,
    )
    Message.objects.create(
        activity=activity,
        message_id=sent.message_id,
        in_reply_to=sent.answers.message_id if sent.answers else "",
        thread=sent.answers.thread if sent.answers else sent.message_id,
        is_sent_here=True,
        is_internal=Team.load().is_internal([sent.sender, sent.recipient]),
    )
    Participant.objects.bulk_create(
        [
            Participant(activity=activity, role="from", address=sent.sender, name=str(sent.user)[:255], user=sent.user),
            Participant(
                activity=activity,
                role="to",
                address=sent.recipient,
                name=str(sent.contact)[:255],
                contact=activity.contact,
            ),
        ]
    )
    return activity
