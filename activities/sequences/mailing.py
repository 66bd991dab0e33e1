"""Sending the e-mails of sequences, each at most once.

Before an e-mail goes, a row says that it is being sent; afterwards what became of it. If the worker dies in between,
the row stays, and nobody sends it again by themselves.
"""

import logging
from collections.abc import Sequence
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from activities.mail import messages
from activities.models import Enrolment, StepRun
from activities.sending import (
    MayHaveGone,
    NotSent,
    Sent,
    TryLater,
    Unreachable,
    Way,
    mail_connection,
    send_email,
    store_sent,
)
from activities.sequences import advancing
from activities.sequences.advancing import COLUMNS, Plan
from activities.sequences.enrolling import refusal
from activities.sequences.timing import due_at
from activities.sequences.verdicts import Verdict
from common.acting import acting_as
from contacts.models import Contact

logger = logging.getLogger(__name__)

PAUSE = timedelta(minutes=5)  # while no mail goes
TRIES = 5  # of one e-mail that is refused for now, each later than the one before
LEASE = timedelta(minutes=5)
State, Reason = Enrolment.State, Enrolment.Reason
UNEXPECTED = "Something unexpected happened while it was being sent"
WHAT_THEN = "Resume to send it again, or skip the step if it has arrived."


def mail(token: UUID, plan: Plan, letters: Sequence[Verdict], until: float) -> None:
    """Send while there is time; whoever calls lets go of what is left."""
    for own in _by_owner(letters):
        owner = own[0].enrolment.owner
        try:
            with mail_connection(owner) as way:
                for letter in own:
                    if monotonic() >= until:
                        return
                    if not _deliver(token, plan, letter, way):
                        break
        except Unreachable as error:
            waiting = Enrolment.objects.filter(claim_token=token, owner=owner)
            said = f"{str(error).rstrip('.')}. It is tried again every few minutes."
            waiting.update(due_at=timezone.now() + PAUSE, detail=said)


def _by_owner(letters: Sequence[Verdict]) -> list[list[Verdict]]:
    """Each goes through its owner's mailbox: one connection for all of an owner."""
    by_owner: dict[int | None, list[Verdict]] = {}
    for letter in letters:
        by_owner.setdefault(letter.enrolment.owner_id, []).append(letter)
    return list(by_owner.values())


def _deliver(token: UUID, plan: Plan, letter: Verdict, way: Way) -> bool:
    """Answers whether the connection is good for another one."""
    contact = _begin(token, letter)
    if contact is None:
        return True
    owner = letter.enrolment.owner
    assert owner is not None, "the verdict is to send"
    try:
        sent = send_email(owner, contact, letter.subject, letter.body, connection=way, can_unsubscribe=True)
    except NotSent as error:
        _take_back(token, letter, State.PAUSED, Reason.REFUSED, str(error))
        return True
    except TryLater as error:
        _try_later(token, letter, str(error))
        return False
    except MayHaveGone as error:
        _ask_a_person(token, letter, f"{error}. {WHAT_THEN}")
        return False
    except Exception:
        logger.exception("An e-mail of the sequence %s broke off.", letter.enrolment.sequence_id)
        _ask_a_person(token, letter, f"{UNEXPECTED}. {WHAT_THEN}")
        return False
    _store_sent(token, plan, letter, sent)
    return True


@transaction.atomic
def _begin(token: UUID, letter: Verdict) -> Contact | None:
    """Write down that it is being sent; None when it is not to be sent any more."""
    row = letter.enrolment
    contacts = Contact.objects.select_for_update(no_key=True, of=("self",)).select_related("stage")
    contact = contacts.filter(pk=row.contact_id).first()
    ours = Enrolment.objects.filter(pk=row.pk, claim_token=token, contact=row.contact_id, next_step=letter.step.pk)
    if contact is None or not ours.select_for_update().exists():
        return None
    if contact.email != row.contact.email or refusal(contact, {letter.step.kind}):
        return None  # it is looked at anew: the address changed, or somebody opted out a moment ago
    StepRun.objects.create(enrolment=row, step=letter.step, state=StepRun.State.SENDING)
    ours.update(claimed_until=timezone.now() + LEASE)
    return contact


@transaction.atomic
def _take_back(token: UUID, letter: Verdict, state: str, reason: str, detail: str, **values: Any) -> None:
    """It did not go."""
    _sending(letter).delete()
    _ours(token, letter).update(state=state, reason=reason, detail=detail, **LET_GO, **values)


def _try_later(token: UUID, letter: Verdict, detail: str) -> None:
    attempts = letter.enrolment.attempts + 1
    if attempts >= TRIES:
        _take_back(token, letter, State.PAUSED, Reason.REFUSED, f"{detail} It was tried {attempts} times.")
        return
    later = timezone.now() + PAUSE * 2**attempts
    _take_back(token, letter, State.ACTIVE, Reason.NONE, detail, attempts=attempts, due_at=later)


def _ask_a_person(token: UUID, letter: Verdict, detail: str) -> None:
    _ours(token, letter).update(state=State.PAUSED, reason=Reason.UNKNOWN, detail=detail, **LET_GO)


@transaction.atomic
def _store_sent(token: UUID, plan: Plan, letter: Verdict, sent: Sent) -> None:
    """It has gone: that is kept whatever happened meanwhile to the enrolment."""
    messages.lock()
    pk = letter.enrolment.pk
    contact_id = Enrolment.objects.filter(pk=pk).values_list("contact_id", flat=True).first()
    contacts = Contact.objects.filter(pk=contact_id or letter.enrolment.contact_id)
    contact = contacts.select_for_update(no_key=True, of=("self",)).select_related("account").first()
    if contact is None:
        return  # deleted with all that hung on it
    now = timezone.now()
    with acting_as(letter.enrolment.owner):
        activity = store_sent(sent, contact=contact)
    _sending(letter).update(state=StepRun.State.DONE, activity_id=activity.pk, at=now)
    rows = Enrolment.objects.select_for_update(of=("self",)).select_related("sequence", "owner", "next_step")
    row = rows.filter(pk=pk, claim_token=token).first()
    if row is not None:
        _move_on(row, plan, letter)


def _move_on(row: Enrolment, plan: Plan, letter: Verdict) -> None:
    if row.next_step == letter.step:
        advancing.go_on(row, plan, letter.step)
    else:  # the step was deleted while it was sent
        zone = row.owner.time_zone if row.owner else "UTC"
        now = timezone.now()
        row.due_at = due_at(row.next_step, now, row.sequence.hours, zone) if row.next_step else now
        row.claim_token = row.claimed_until = None
    row.save(update_fields=COLUMNS)


LET_GO: dict[str, Any] = {"claim_token": None, "claimed_until": None}


def _ours(token: UUID, letter: Verdict) -> Any:
    return Enrolment.objects.filter(pk=letter.enrolment.pk, claim_token=token)


def _sending(letter: Verdict) -> Any:
    return StepRun.objects.filter(enrolment=letter.enrolment.pk, state=StepRun.State.SENDING)
