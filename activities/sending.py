"""E-mails to contacts. ``send_email`` is the one place that sends them.

It goes through Django's e-mail backend: from the server's address in the user's name, answers to the user. What can
happen is told apart, because a worker must know whether it may send once more.
"""

import smtplib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from email.utils import formataddr, make_msgid, parseaddr
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

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


def sends_for_real() -> bool:
    """False while e-mails are only written to the server's log."""
    return settings.EMAIL_BACKEND.split(".")[-2] not in NOWHERE


@contextmanager
def mail_connection() -> Iterator[Any]:
    """A connection for many e-mails. Raises Unreachable."""
    connection = get_connection()
    try:
        connection.open()
    except OSError as error:  # those of smtplib are, too
        raise Unreachable(f"The mail server cannot be reached: {error}") from error
    try:
        yield connection
    finally:
        connection.close()


def send_email(
    user: User, contact: Contact, subject: str, body: str, *, connection: Any = None, can_unsubscribe: bool = False
) -> None:
    """Write to a contact in a user's name. Raises NotSent, TryLater and MayHaveGone.

    ``can_unsubscribe``: with a link to end all e-mails, also for the mail program's own button (RFC 8058).
    """
    if refusal := email_refusal(contact):
        raise NotSent(f"{contact} {refusal}.")
    if not contact.email:
        raise NotSent(f"{contact} has no e-mail address.")
    message = _message(user, contact, subject, body, can_unsubscribe=can_unsubscribe)
    with nullcontext(connection) if connection else mail_connection() as opened:
        _send(message, opened)


def _message(user: User, contact: Contact, subject: str, body: str, *, can_unsubscribe: bool) -> EmailMessage:
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    headers = {"Message-ID": make_msgid(domain=urlsplit(settings.SITE_URL).hostname or "localhost")}
    if can_unsubscribe:
        url = unsubscribe_url(contact)
        headers |= {"List-Unsubscribe": f"<{url}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
        body = f"{body}\n\n--\nNo more e-mails from us: {url}\n"
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=body,
        from_email=formataddr((str(user), address)),
        to=[contact.email],
        reply_to=[user.email],
        headers=headers,
    )


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
