"""Taking people into sequences, and what people do with those who are in them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from activities.models import Enrolment, SequenceStep, StepRun
from activities.models import Sequence as SequenceModel
from activities.optouts import call_refusal, email_refusal
from activities.sequences import advancing
from activities.sequences.timing import due_at
from activities.sequences.waking import wake_when_done
from common.bulk import any_of
from contacts.models import Contact
from users.models import User

PAUSED = {"state": Enrolment.State.PAUSED, "claim_token": None, "claimed_until": None}
Kind, State, Reason = SequenceStep.Kind, Enrolment.State, Enrolment.Reason


@dataclass
class Enrolled:
    """Whom a sequence took in, and whom not and why."""

    count: int = 0
    refused: list[tuple[Contact, str]] = field(default_factory=list)


def refusal(contact: Contact, kinds: Collection[str]) -> str:
    """Why steps of these kinds must not be done with a person; "" when they may."""
    if Kind.EMAIL in kinds and (reason := email_refusal(contact)):
        return reason
    return call_refusal(contact) if Kind.CALL in kinds else ""


@transaction.atomic
def enrol(sequence: SequenceModel, ids: Sequence[int], *, user: User, again: bool = False) -> Enrolled:
    """Take contacts that ``user`` sees into a sequence, a fixed number of queries however many.

    ``again``: also those who have been through it. Raises ValidationError when the sequence has no steps.
    """
    steps = list(sequence.steps.all())
    if not steps:
        raise ValidationError("The sequence has no steps yet: add one first.")
    found = Contact.objects.visible_to(user).filter(pk__in=any_of(ids, "bigint"))
    contacts = list(found.select_related("stage").order_by("pk"))
    present = Enrolment.objects.filter(sequence=sequence)
    if again:
        present.filter(contact__in=contacts, state=State.FINISHED).delete()
    states = dict(present.filter(contact__in=contacts).values_list("contact_id", "state"))
    taken = _addresses(sequence, contacts)
    kinds, result, rows = {step.kind for step in steps}, Enrolled(), []
    now = timezone.now()
    for contact in contacts:
        if reason := _why_not(contact, kinds, states.get(contact.pk), taken):
            result.refused.append((contact, reason))
            continue
        taken.add(contact.email_key)
        due = due_at(steps[0], now, sequence.hours, user.time_zone)
        rows.append(Enrolment(sequence=sequence, contact=contact, owner=user, next_step=steps[0], due_at=due))
    Enrolment.objects.bulk_create(rows, ignore_conflicts=True)  # somebody else may enrol the same people now
    result.count = len(rows)
    wake_when_done()
    return result


def _addresses(sequence: SequenceModel, contacts: Iterable[Contact]) -> set[str]:
    """Those of ``contacts`` at which the sequence writes to somebody already."""
    keys = any_of({contact.email_key for contact in contacts if contact.email_key})
    open_ = Enrolment.objects.open().filter(sequence=sequence, contact__email_key__in=keys)
    return set(open_.values_list("contact__email_key", flat=True))


def _why_not(contact: Contact, kinds: Collection[str], state: str | None, taken: Collection[str]) -> str:
    if state is not None:
        return "has been through it" if state == State.FINISHED else "is in it already"
    if reason := refusal(contact, kinds):
        return reason
    if Kind.EMAIL in kinds and not contact.email:
        return "has no e-mail address"
    if Kind.EMAIL in kinds and contact.email_key in taken:
        return f"has the address of somebody who is in it already ({contact.email})"
    return ""


def end_for(contact_ids: Collection[int], reason: str, detail: str = "") -> int:
    """End what contacts are in, whatever step they are at: they replied."""
    return Enrolment.objects.filter(contact__in=any_of(contact_ids, "bigint")).finish(reason, detail)


def end_opted_out(contact_ids: Collection[int]) -> None:
    """End what these contacts are in and do not want any more."""
    rows = Enrolment.objects.open().filter(contact__in=any_of(contact_ids, "bigint"))
    for enrolment in rows.select_related("contact__stage", "next_step", "sequence"):
        if reason := refusal(enrolment.contact, advancing.kinds_ahead(enrolment)):
            Enrolment.objects.filter(pk=enrolment.pk).finish(Reason.OPTED_OUT, f"{enrolment.contact} {reason}.")


# --- what people do with one ---------------------------------------------------------------------------------------


@transaction.atomic
def pause(enrolment_id: int) -> bool:
    """Carry nothing out until somebody resumes it; answers whether there was anything to pause."""
    rows = Enrolment.objects.filter(pk=enrolment_id, state=State.ACTIVE)
    return bool(rows.update(**PAUSED, reason=Reason.PERSON, detail="", updated_at=timezone.now()))


@transaction.atomic
def resume(enrolment_id: int) -> bool:
    """Go on with the step at which it stopped, at once when it is overdue. What may have gone is sent again."""
    enrolment = _locked(enrolment_id, State.PAUSED)
    if enrolment is None:
        return False
    if enrolment.reason == Reason.UNKNOWN:  # otherwise a worker may be sending it at this moment
        enrolment.runs.filter(state=StepRun.State.SENDING).delete()
    enrolment.state, enrolment.reason, enrolment.detail, enrolment.attempts = State.ACTIVE, "", "", 0
    enrolment.save(update_fields=["state", "reason", "detail", "attempts"])
    wake_when_done()
    return True


@transaction.atomic
def skip(enrolment_id: int) -> bool:
    """Leave the next step out, and go on with the one after it; an e-mail that may have gone counts as gone."""
    enrolment = _locked(enrolment_id, State.ACTIVE, State.PAUSED)
    if enrolment is None or enrolment.next_step is None:
        return False
    sent = enrolment.runs.filter(step=enrolment.next_step, state=StepRun.State.SENDING)
    if not sent.update(state=StepRun.State.DONE):
        enrolment.runs.get_or_create(step=enrolment.next_step, defaults={"state": StepRun.State.SKIPPED})
    advancing.go_on(enrolment, advancing.plan_for([enrolment]), enrolment.next_step)
    enrolment.save(update_fields=advancing.COLUMNS)
    wake_when_done()
    return True


@transaction.atomic
def finish(enrolment_id: int, reason: str = Reason.STOPPED) -> bool:
    return bool(Enrolment.objects.filter(pk=enrolment_id).finish(reason))


def pause_restored(contact_ids: Collection[int]) -> None:
    """Nobody is written to because they came back from the deleted records."""
    rows = Enrolment.objects.filter(contact__in=any_of(contact_ids, "bigint"), state=State.ACTIVE)
    rows.update(**PAUSED, reason=Reason.RESTORED, detail="", updated_at=timezone.now())


def pause_all(detail: str) -> int:
    """Nobody is written to twice because the team's database knows an older state; returns how many that were."""
    rows = Enrolment.objects.filter(state=State.ACTIVE)
    return rows.update(**PAUSED, reason=Reason.PERSON, detail=detail, updated_at=timezone.now())


def _locked(enrolment_id: int, *states: str) -> Enrolment | None:
    rows = Enrolment.objects.select_for_update(of=("self",)).filter(pk=enrolment_id, state__in=states)
    return rows.select_related("next_step", "sequence", "owner").first()
