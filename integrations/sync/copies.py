"""The two copies of many records, planned together.

Where both sides changed a field and the later change wins, ours is as late as the field history says, theirs as late as
their record, of which no more is told: an estimate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from common.models import Record
from integrations.sync.edits import edited_at
from integrations.sync.plan import Base, Plan, Rule, Winner, changed_later, plan
from integrations.sync.provider import Values
from integrations.sync.scope import Scope


@dataclass(frozen=True)
class Copies:
    """A record in their words, as it is here, as it is there, and as the two last agreed on.

    ``edited_at``: when anything of it was last changed there. ``sent``: what was sent of it without an answer.
    """

    record: Record
    base: Base | None
    local: Values
    remote: Values
    edited_at: datetime
    rules: Mapping[str, Rule]
    sent: Values = field(default_factory=dict)

    def plan(self, later: set[str]) -> Plan:
        return plan(self.base, self.local, self.remote, self.rules, later, self.sent)


def plan_all(scope: Scope, copies: Sequence[Copies]) -> list[Plan]:
    """Their plans, in their order; the history is asked once, and only of what it decides."""
    plans = [one.plan(set()) for one in copies]
    timed = {number: names for number, made in enumerate(plans) if (names := _timed(made, copies[number]))}
    times = edited_at(scope, [(copies[number].record, names) for number, names in timed.items()])
    for number in timed:
        one = copies[number]
        plans[number] = one.plan(changed_later(times[one.record.pk], one.edited_at))
    return plans


def _timed(made: Plan, one: Copies) -> list[str]:
    """Fields in conflict, changed here, of which the later change wins."""
    return [
        conflict.name
        for conflict in made.conflicts
        if one.rules[conflict.name].winner == Winner.LATEST
        and one.base
        and conflict.ours != one.base.our(conflict.name)
    ]
