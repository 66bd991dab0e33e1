"""One e-mail to several contacts: each gets their own, with their own values, and sees nobody else's address."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection as database

from activities.mail.messages import new_id
from activities.models import Message
from activities.optouts import email_refusal
from activities.previewing import preview
from activities.sending import MayHaveGone, NotSent, TryLater, mail_connection, send_email, store_sent
from contacts.models import Contact
from users.models import User


@dataclass(frozen=True)
class Letter:
    """What somebody wrote. ``answers``: the e-mail that it is an answer to; ``about``: the deal, if it is about one."""

    draft: UUID
    subject: str
    body: str
    answers: Message | None = None
    about: dict[str, Any] = field(default_factory=dict)

    def message_id(self, contact: Contact) -> str:
        """The same however often it is sent, so that mail programs drop a second one."""
        return new_id(f"{self.draft}.{contact.pk}")


@dataclass
class Result:
    """Who got it, and why the others did not."""

    sent: list[Contact] = field(default_factory=list)
    failed: list[Contact] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


def hindrances(contacts: Sequence[Contact], subject: str, body: str, user: User) -> list[str]:
    """Why some of these can't be written to, or not this."""
    found = []
    for contact in contacts:
        if reason := _hindrance(contact):
            found.append(reason)
        elif problem := preview(subject, body, contact, user).problem:
            found.append(f"{contact}: {problem}")
    return found


def _hindrance(contact: Contact) -> str:
    if reason := email_refusal(contact):
        return f"{contact} {reason}. Nobody writes to them until that is changed on their page."
    return "" if contact.email else f"{contact} has no e-mail address: add one on their page."


def send_to_each(user: User, contacts: Sequence[Contact], letter: Letter) -> Result:
    """Send, and note each as soon as it has gone. Who got it before is left out."""
    result = Result()
    with _only_once(letter.draft) as is_ours:
        if not is_ours:
            result.failed, result.reasons = list(contacts), ["It is being sent already: look at the timeline first."]
            return result
        names = {letter.message_id(contact): contact for contact in contacts}
        gone = set(Message.objects.filter(message_id__in=names).values_list("message_id", flat=True))
        result.sent = [names[name] for name in names if name in gone]
        _send_rest(user, [names[name] for name in names if name not in gone], letter, result)
    return result


def _send_rest(user: User, contacts: Sequence[Contact], letter: Letter, result: Result) -> None:
    if not contacts:
        return
    try:
        with mail_connection(user) as opened:
            for contact in contacts:
                _send_one(user, contact, letter, result, opened)
    except TryLater as error:
        result.failed += [one for one in contacts if one not in (*result.sent, *result.failed)]
        result.reasons.append(f"It was not sent. {error}")


def _send_one(user: User, contact: Contact, letter: Letter, result: Result, opened: Any) -> None:
    texts = preview(letter.subject, letter.body, contact, user)
    name = letter.message_id(contact)
    try:
        sent = send_email(
            user, contact, texts.subject, texts.body, connection=opened, message_id=name, answers=letter.answers
        )
    except (NotSent, TryLater) as error:
        result.failed.append(contact)
        result.reasons.append(f"It was not sent to {contact}. {error}")
    except MayHaveGone as error:
        result.failed.append(contact)
        result.reasons.append(
            f"It may have gone to {contact}, and stands in no timeline. {error}. Ask before you send it again."
        )
    else:
        store_sent(sent, **letter.about)
        result.sent.append(contact)


@contextmanager
def _only_once(draft: UUID) -> Iterator[bool]:
    """Of two requests that send the same at once one does so. Nothing is locked but the draft's name."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [f"e-mail {draft}"])
        is_ours = cursor.fetchone()[0]
        try:
            yield is_ours
        finally:
            if is_ours:
                cursor.execute("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", [f"e-mail {draft}"])
