"""Making sequences and their steps. Whoever waits for a step that goes away waits for the one after it."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from activities import placeholders
from activities.models import Enrolment, Sequence, SequenceStep
from activities.sequences.waking import wake_when_done
from common.acting import acting_user

MOST_STEPS = 50


@transaction.atomic
def create_sequence(**values: Any) -> Sequence:
    """Whoever makes a sequence owns it. Raises ValidationError."""
    new = Sequence(**{"owner": acting_user(), **values})
    new.name = new.name.strip()
    new.full_clean()
    new.save(force_insert=True)
    return new


@transaction.atomic
def update_sequence(sequence_id: int, changes: Mapping[str, Any]) -> Sequence:
    """Raises ValidationError, PermissionDenied and DoesNotExist."""
    sequence = changeable(sequence_id)
    for name, value in changes.items():
        setattr(sequence, name, value.strip() if isinstance(value, str) else value)
    if changes.get("is_on") and not sequence.steps.exists():
        raise ValidationError({"is_on": "It has no steps yet: add one, then turn it on."})
    if changes:
        sequence.full_clean()
        sequence.save(update_fields=set(changes))
        wake_when_done()
    return sequence


@transaction.atomic
def delete_sequence(sequence_id: int) -> None:
    """What was sent and done stays with the contacts. Raises PermissionDenied and DoesNotExist."""
    changeable(sequence_id).delete()


@transaction.atomic
def add_step(sequence_id: int, **values: Any) -> SequenceStep:
    """As the last one. Who has finished already does not get it. Raises ValidationError and PermissionDenied."""
    sequence = changeable(sequence_id)
    last = sequence.steps.aggregate(last=Max("position"))["last"] or 0
    if sequence.steps.count() >= MOST_STEPS:
        raise ValidationError(f"A sequence has {MOST_STEPS} steps at most.")
    step = SequenceStep(sequence=sequence, position=last + 1, **values)
    _check(step)
    step.save(force_insert=True)
    return step


@transaction.atomic
def update_step(step_id: int, changes: Mapping[str, Any]) -> SequenceStep:
    """Texts count from now on; a wait counts for whoever comes to the step from now on. Raises as ``add_step``."""
    step = _locked_step(step_id)
    for name, value in changes.items():
        setattr(step, name, value)
    _check(step)
    if changes:
        step.save(update_fields=set(changes))
    return step


@transaction.atomic
def move_step(step_id: int, *, up: bool) -> None:
    """Change places with a neighbour. Whoever waits for a step still does; nobody gets one twice."""
    step = _locked_step(step_id)
    steps = list(step.sequence.steps.order_by("position"))
    place = steps.index(step)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(steps):
        return
    one, two = steps[place], steps[other]
    one.position, two.position = two.position, one.position
    for moved in (one, two):
        moved.save(update_fields=["position"])


@transaction.atomic
def delete_step(step_id: int) -> None:
    step = _locked_step(step_id)
    sequence = step.sequence
    following = sequence.steps.filter(position__gt=step.position).order_by("position").first()
    waiting = Enrolment.objects.filter(next_step=step)
    if following:
        waiting.update(next_step=following)
    else:
        waiting.finish(Enrolment.Reason.THROUGH)
    step.delete()
    if not sequence.steps.exists():
        Sequence.objects.filter(pk=sequence.pk).update(is_on=False, updated_at=timezone.now())


def changeable(sequence_id: int) -> Sequence:
    """The sequence, locked: its steps change one after the other. Raises PermissionDenied and DoesNotExist."""
    sequence = Sequence.objects.select_for_update(of=("self",)).select_related("owner").get(pk=sequence_id)
    if not sequence.may_be_changed_by(acting_user()):
        raise PermissionDenied(f"Only {sequence.owner} and admins may change this sequence.")
    return sequence


def _locked_step(step_id: int) -> SequenceStep:
    changeable(SequenceStep.objects.values_list("sequence_id", flat=True).get(pk=step_id))
    return SequenceStep.objects.select_related("sequence").get(pk=step_id)


def _check(step: SequenceStep) -> None:
    step.body = step.body.replace("\r\n", "\n").strip()
    step.subject = placeholders.one_line(step.subject)
    step.clean_fields(exclude={"sequence", "position"})
    errors = {}
    known = placeholders.names()
    for name in ("subject", "body"):
        if problem := placeholders.problem(getattr(step, name), known):
            errors[name] = problem
    if step.kind == SequenceStep.Kind.EMAIL and not step.body:
        errors["body"] = "Write what the e-mail says."
    if errors:
        raise ValidationError(errors)
