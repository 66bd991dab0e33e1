"""What the settings of activities would have done of late: told from the newest activities by the same verdicts."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from activities.models import Activity, ActivityQuerySet
from integrations.activity_rules import ActivityRules, Rule, judged, verdict
from integrations.activity_rules.exclusions import excluding
from integrations.activity_rules.facts import email_of
from integrations.models import ActivitySettings, Connection, ExclusionRule
from integrations.models.activities import MAKE_PEOPLE, PUSHES

DAYS = 30
MOST = 2_000  # activities that are looked at
MOST_EMAILS = 500
SHOWN = 3


@dataclass
class Reach:
    """How many of the newest activities each switch would have let through, and how many more with people made.

    ``is_cut``: there were more in these days than were looked at.
    """

    looked_at: int = 0
    is_cut: bool = False
    goes: Counter[str] = field(default_factory=Counter)
    excluded: int = 0


def reach(connection: Connection) -> Reach:
    """By a fixed number of queries: every switch on its own, with the exclusion rules as they are."""
    rules = ActivityRules.load(connection)
    on = ActivitySettings(connection=connection, **dict.fromkeys([*PUSHES, *MAKE_PEOPLE], True))
    rules = ActivityRules(on, rules.exclusions, rules.team, rules.deals_stay)
    found = list(judged(_of_late())[: MOST + 1])
    counted = Reach(looked_at=min(len(found), MOST), is_cut=len(found) > MOST)
    for activity in found[:MOST]:
        said = verdict(activity, rules)
        counted.excluded += said.rule == Rule.EXCLUSION
        if said.makes_people:
            counted.goes["push_unknown_people" if activity.kind == "email" else "push_all_calendar_events"] += 1
        elif said.pushes:
            counted.goes[said.switch] += 1
    return counted


@dataclass(frozen=True)
class KeptOut:
    """Of the newest ``looked_at`` e-mails, how many a rule keeps out, and the first of them."""

    looked_at: int
    count: int
    first: Sequence[Activity]


def kept_out(rule: ExclusionRule) -> KeptOut:
    """What a rule, saved or not, would have kept out; by three queries."""
    emails = list(
        _of_late()
        .filter(kind=Activity.Kind.EMAIL)
        .select_related("contact", "owner")
        .prefetch_related("participants")[:MOST_EMAILS]
    )
    found = [one for one in emails if excluding(email_of(one), [rule])]
    return KeptOut(len(emails), len(found), found[:SHOWN])


def _of_late() -> ActivityQuerySet:
    return Activity.objects.filter(happened_at__gt=timezone.now() - timedelta(days=DAYS)).newest_first()
