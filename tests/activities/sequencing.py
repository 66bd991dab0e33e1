"""What tests of sequences need: a mail server with its troubles, enrolments, and workers that die."""

from datetime import timedelta
from smtplib import SMTPRecipientsRefused
from typing import Any

from django.core.mail.backends.locmem import EmailBackend
from django.utils import timezone

from activities.models import Enrolment, Sequence
from activities.sequences import enrolling
from tests.factories import ContactFactory, SequenceFactory, StepFactory
from users.models import User


class Killed(BaseException):
    """The worker is gone, and nothing of it runs any more."""


class Server(EmailBackend):
    """A mail server; ``before`` is raised before it takes an e-mail, ``after`` when it has, ``closed`` at the door."""

    before: BaseException | None = None
    after: BaseException | None = None
    closed: BaseException | None = None
    refuses: str = ""

    def open(self) -> bool:
        if Server.closed:
            raise Server.closed
        return True

    def send_messages(self, messages: Any) -> int:
        if Server.before:
            raise Server.before
        if any(Server.refuses in message.to for message in messages):
            raise SMTPRecipientsRefused({Server.refuses: (550, b"No such person")})
        sent = super().send_messages(messages)
        if Server.after:
            raise Server.after
        return sent


def sequence_of(*kinds: str, **values: Any) -> Sequence:
    sequence = SequenceFactory(**values)
    for kind in kinds:
        StepFactory(sequence=sequence, kind=kind)
    return sequence


def enrolled(sequence: Sequence, user: User, **values: Any) -> Enrolment:
    contact = ContactFactory(**values)
    result = enrolling.enrol(sequence, [contact.pk], user=user)
    assert result.count == 1, result.refused
    return Enrolment.objects.get(contact=contact)


def now_due(**filters: Any) -> None:
    Enrolment.objects.filter(**filters).update(due_at=timezone.now())


def lease_ends() -> None:
    Enrolment.objects.exclude(claimed_until=None).update(claimed_until=timezone.now() - timedelta(seconds=1))


def dies(*args: Any, **kwargs: Any) -> None:
    raise Killed
