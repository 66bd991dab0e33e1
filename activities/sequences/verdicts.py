"""What is to become of an enrolment that is due: decided without writing anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from activities.models import Enrolment, SequenceStep, StepRun
from activities.placeholders import MissingValue, filled, one_line, values_for
from activities.sequences.advancing import Plan
from activities.sequences.enrolling import refusal
from common.models import CustomField

Reason = Enrolment.Reason
GONE = (
    "It was being sent when the server stopped. Ask the contact or look into the mail server’s log: resume to send it "
    "again, or skip the step if it has arrived."
)


class Act(Enum):
    FINISH = "finish"
    PAUSE = "pause"
    MOVE_ON = "move_on"  # it was done before
    TASK = "task"
    LETTER = "letter"


@dataclass(frozen=True)
class Verdict:
    enrolment: Enrolment
    act: Act
    reason: str = ""
    detail: str = ""
    subject: str = ""
    body: str = ""

    @property
    def step(self) -> SequenceStep:
        assert self.enrolment.next_step is not None, "there is something to do"
        return self.enrolment.next_step


@dataclass(frozen=True)
class Judge:
    """Knows what is the same for a whole batch."""

    plan: Plan
    begun: Mapping[int, str]  # what there is already of the next step, by enrolment
    unseen: frozenset[int]  # enrolments whose owner does not see the contact
    labels: Mapping[str, str]
    fields: list[CustomField]

    def verdict(self, row: Enrolment) -> Verdict:
        step, contact, begun = row.next_step, row.contact, self.begun.get(row.pk)
        if begun == StepRun.State.SENDING:
            return Verdict(row, Act.PAUSE, Reason.UNKNOWN, GONE)
        if step is None:
            return Verdict(row, Act.FINISH, Reason.THROUGH)
        if begun:
            return Verdict(row, Act.MOVE_ON)
        if row.owner is None or not (row.owner.is_active and row.owner.may_edit):
            return Verdict(row, Act.PAUSE, Reason.SENDER, "Enrol the contact in your own name, or take it out.")
        if row.pk in self.unseen:
            return Verdict(row, Act.PAUSE, Reason.NOT_SEEN, f"{row.owner} does not see this contact any more.")
        if reason := refusal(contact, self.plan.kinds_from(row)):
            return Verdict(row, Act.FINISH, Reason.OPTED_OUT, f"{contact} {reason}.")
        if not step.makes_task and not contact.email:
            return Verdict(row, Act.PAUSE, Reason.NO_ADDRESS, "Add an address to the contact, then resume.")
        return self._written(row, step)

    def _written(self, row: Enrolment, step: SequenceStep) -> Verdict:
        assert row.owner is not None, "checked before"
        values = values_for(row.contact, row.owner, self.fields)
        try:
            subject = one_line(filled(step.subject, values, self.labels))[:255]
            body = filled(step.body, values, self.labels)
        except MissingValue as missing:
            detail = f"{missing} Add it, or let the text say what stands in: {{{{name|what stands in}}}}. Then resume."
            return Verdict(row, Act.PAUSE, Reason.MISSING, detail)
        return Verdict(row, Act.TASK if step.makes_task else Act.LETTER, subject=subject, body=body)
