"""Connecting a mailbox, and what its owner does with it afterwards."""

import smtplib
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from imapclient.exceptions import LoginError

from activities.mail import hosts
from activities.mail.imap import TROUBLES, session
from activities.mail.smtp import backend_of
from activities.mail.waking import wake_when_done
from activities.models import Mailbox
from users.models import User

State = Mailbox.State
SECONDS = 10.0  # for each answer, while a person waits
PLACE = ("imap_host", "imap_port", "imap_login")  # another of these is another mailbox


def problems(mailbox: Mailbox) -> dict[str, str]:
    """Sign in to both servers; what went wrong by field, in plain words."""
    found = {}
    try:
        with session(mailbox, answer=SECONDS) as opened:
            opened.folder_names()
    except LoginError as error:
        return {"password": hosts.reason(error, mailbox.imap_host)}  # the other server would refuse it as well
    except TROUBLES as error:
        found["imap_host"] = hosts.reason(error, mailbox.imap_host)
    backend = backend_of(mailbox, timeout=SECONDS)
    try:
        backend.open()
    except smtplib.SMTPAuthenticationError as error:
        found["smtp_login"] = hosts.reason(error, mailbox.smtp_host)
    except OSError as error:
        found["smtp_host"] = hosts.reason(error, mailbox.smtp_host)
    finally:
        backend.close()
    return found


@transaction.atomic
def connect(user: User, values: dict[str, Any], days: int) -> Mailbox:
    """Keep what was tested, and read it at once; another account is read from its beginning."""
    mailbox = Mailbox.objects.select_for_update().filter(user=user).first() or Mailbox(user=user)
    is_new = mailbox.pk is None or any(getattr(mailbox, name) != values[name] for name in PLACE)
    for name, value in values.items():
        setattr(mailbox, name, value)
    if is_new:
        mailbox.read_since = timezone.localdate() - timedelta(days=days)
    mailbox.state, mailbox.problem, mailbox.attempts, mailbox.due_at = State.WORKS, "", 0, timezone.now()
    mailbox.claim_token = mailbox.claimed_until = None
    mailbox.save()
    if is_new:
        mailbox.folders.all().delete()
        mailbox.sent_copies.all().delete()
    wake_when_done(mailbox)
    return mailbox


@transaction.atomic
def read_now(mailbox: Mailbox) -> None:
    """At once, also what was paused or needed attention."""
    values = {"state": State.WORKS, "problem": "", "attempts": 0, "due_at": timezone.now()}
    Mailbox.objects.filter(pk=mailbox.pk).update(**values, updated_at=timezone.now())
    wake_when_done(mailbox)


def pause(mailbox: Mailbox) -> None:
    Mailbox.objects.filter(pk=mailbox.pk).update(state=State.PAUSED, problem="", updated_at=timezone.now())


def disconnect(mailbox: Mailbox) -> None:
    """The password is forgotten; the e-mails stay."""
    mailbox.delete()
