"""What comes after a step: the next one and when, or the end."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.utils import timezone

from activities.models import Enrolment, SequenceStep, StepRun
from activities.sequences.timing import due_at

# What changes of an enrolment when a step is done.
COLUMNS = [
    "state",
    "reason",
    "detail",
    "next_step",
    "due_at",
    "waits_for",
    "attempts",
    "claim_token",
    "claimed_until",
    "ended_at",
    "updated_at",
]


@dataclass(frozen=True)
class Plan:
    """The steps of some sequences, and which of them some enrolments have behind them."""

    steps: dict[int, list[SequenceStep]]
    done: dict[int, set[int]]

    def after(self, enrolment: Enrolment, step: SequenceStep) -> SequenceStep | None:
        """The first step behind this one that was not done; steps may have been moved meanwhile."""
        done = self.done[enrolment.pk] | {step.pk}
        behind = (one for one in self.steps[enrolment.sequence_id] if one.position > step.position)
        return next((one for one in behind if one.pk not in done), None)

    def kinds_from(self, enrolment: Enrolment) -> set[str]:
        """The kinds of what lies ahead, the next step included."""
        first = enrolment.next_step.position if enrolment.next_step else 0
        return {step.kind for step in self.steps[enrolment.sequence_id] if step.position >= first}


def plan_for(enrolments: Iterable[Enrolment]) -> Plan:
    enrolments = list(enrolments)
    steps: dict[int, list[SequenceStep]] = defaultdict(list)
    done: dict[int, set[int]] = defaultdict(set)
    for step in SequenceStep.objects.filter(sequence__in={row.sequence_id for row in enrolments}).order_by("position"):
        steps[step.sequence_id].append(step)
    runs = StepRun.objects.filter(enrolment__in=[row.pk for row in enrolments], step__isnull=False)
    for enrolment_id, step_id in runs.values_list("enrolment_id", "step_id"):
        done[enrolment_id].add(step_id)
    return Plan(steps, done)


def kinds_ahead(enrolment: Enrolment) -> set[str]:
    return plan_for([enrolment]).kinds_from(enrolment)


def go_on(enrolment: Enrolment, plan: Plan, step: SequenceStep, *, waits_for: int | None = None) -> None:
    """Point at what comes after ``step``; ``waits_for``: the task that must be done before that gets a time.

    Saves nothing.
    """
    now = timezone.now()
    following = plan.after(enrolment, step)
    enrolment.state, enrolment.reason, enrolment.detail, enrolment.attempts = Enrolment.State.ACTIVE, "", "", 0
    enrolment.next_step, enrolment.due_at = following, None
    enrolment.waits_for = waits_for if following else None
    enrolment.claim_token = enrolment.claimed_until = None
    enrolment.updated_at = now
    if following is None:
        enrolment.state, enrolment.reason = Enrolment.State.FINISHED, Enrolment.Reason.THROUGH
        enrolment.ended_at = now
    elif waits_for is None:
        zone = enrolment.owner.time_zone if enrolment.owner else "UTC"
        enrolment.due_at = due_at(following, now, enrolment.sequence.hours, zone)
