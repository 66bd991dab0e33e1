"""Whether an activity is pushed, and which rule says so. Pure functions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from activities.models import Activity
from common.models import Origin
from integrations.activity_rules.exclusions import Email, excluding
from integrations.activity_rules.facts import ActivityRules, Around, Coming, addresses_of, email_of
from integrations.models import ActivitySettings, ExclusionRule

Kind = Activity.Kind
SWITCH_OF = {
    Kind.NOTE: "push_notes",
    Kind.TASK: "push_tasks",
    Kind.CALL: "push_calls",
    Kind.MEETING: "push_meetings",
    Kind.CONVERSATION: "push_conversations",
}
# Of these a setting says whether they go although none of their people is in Salesforce.
WITH_STRANGERS = {Kind.EMAIL: "push_unknown_people", Kind.MEETING: "push_all_calendar_events"}


class Rule(StrEnum):
    """What decided; pages know where that is set."""

    SWITCH = "switch"
    OPEN_TASK = "open_task"
    TEAMMATES = "teammates"
    NO_DEAL = "no_deal"
    DEALS_STAY = "deals_stay"
    EXCLUSION = "exclusion"
    UNKNOWN_PEOPLE = "unknown_people"
    NOTHING_THERE = "nothing_there"


@dataclass(frozen=True)
class Verdict:
    """``switch``: the setting that it hangs on. ``makes_people``: it goes although none of its people is there yet."""

    pushes: bool
    rule: Rule
    reason: str
    switch: str
    makes_people: bool = False
    exclusion: ExclusionRule | None = None


def verdict(activity: Activity, rules: ActivityRules, coming: Coming = ()) -> Verdict:
    """Whether an activity goes, by the first rule that decides.

    ``coming``: records, by kind and id, that are not in Salesforce yet and are about to be.
    """
    switch = _switch_of(activity, rules)
    around = Around.of(activity, rules, coming)
    return (
        turned_off(rules.settings, switch)
        or _kept_by_itself(activity, rules, around, switch)
        or _by_whom(Kind(activity.kind), rules, around, switch)
    )


def turned_off(settings: ActivitySettings, switch: str) -> Verdict | None:
    if getattr(settings, switch):
        return None
    return Verdict(False, Rule.SWITCH, f"{label_of(switch)} are not pushed.", switch)


def email_switch(*, is_incoming: bool, is_sent_here: bool, is_reply: bool, is_internal: bool) -> str:
    """The one switch that an e-mail hangs on. Among the team, where it was sent and what it answers is no matter."""
    if is_internal:
        return "push_internal_emails"
    if is_incoming:
        return "push_replies" if is_reply else "push_other_incoming"
    return "push_emails_sent_here" if is_sent_here else "push_emails_sent_elsewhere"


def excluded(email: Email, rules: ActivityRules, switch: str) -> Verdict | None:
    rule = excluding(email, rules.exclusions)
    if rule is None:
        return None
    return Verdict(False, Rule.EXCLUSION, f"The exclusion rule “{rule}” keeps it out.", switch, exclusion=rule)


def by_people(kind: str, settings: ActivitySettings, switch: str, *, is_known: bool) -> Verdict:
    """An e-mail or a meeting with people outside the team; ``is_known``: one of them is in Salesforce."""
    if is_known:
        return _pushed(switch)
    if getattr(settings, WITH_STRANGERS[Kind(kind)]):
        reason = "None of its people is in Salesforce: they are created there with it."
        return Verdict(True, Rule.UNKNOWN_PEOPLE, reason, switch, makes_people=True)
    return Verdict(False, Rule.UNKNOWN_PEOPLE, "None of its people is in Salesforce.", switch)


def made_before(activity: Activity, settings: ActivitySettings, said: Verdict) -> bool:
    """Whether it lies before its switch was turned on: then it stays out until it is edited or pushed by hand.

    An e-mail counts from when it was sent, a task from when it was completed, all else from when it was made here;
    a meeting that a calendar brought, from when it took place, if that was before.
    """
    since = settings.since(said.switch)
    return since is not None and _counts_from(activity) < since


def label_of(switch: str) -> str:
    """What a switch is called, as a sentence begins with it."""
    label = str(ActivitySettings._meta.get_field(switch).verbose_name)  # type: ignore[union-attr]
    return f"{label[:1].upper()}{label[1:]}"


def _counts_from(activity: Activity) -> datetime:
    if activity.kind == Kind.EMAIL:
        return activity.happened_at
    if activity.kind == Kind.MEETING and activity.origin == Origin.EMAIL:
        return min(activity.happened_at, activity.created_at)
    return (activity.completed_at if activity.kind == Kind.TASK else None) or activity.created_at


def _switch_of(activity: Activity, rules: ActivityRules) -> str:
    if activity.kind != Kind.EMAIL:
        return SWITCH_OF[Kind(activity.kind)]
    message = getattr(activity, "message", None)  # one that was written down by hand has none
    # Once among the team it stays so when a mailbox leaves; when one comes, those of before on its domain are so, too.
    was_internal = bool(message and message.is_internal)
    return email_switch(
        is_incoming=activity.direction == Activity.Direction.IN,
        is_sent_here=bool(message and message.is_sent_here),
        is_reply=bool(message and message.is_reply),
        is_internal=was_internal or rules.team.is_internal(addresses_of(activity)),
    )


def _kept_by_itself(activity: Activity, rules: ActivityRules, around: Around, switch: str) -> Verdict | None:
    """What keeps an activity out that its switch lets through, wherever its people are; None where nothing does."""
    match activity.kind:
        case Kind.EMAIL:
            return excluded(email_of(activity), rules, switch)
        case Kind.TASK if activity.completed_at is None:
            return Verdict(False, Rule.OPEN_TASK, "Only completed tasks are pushed: it goes once it is done.", switch)
        case Kind.MEETING if around.is_among_team:
            return Verdict(False, Rule.TEAMMATES, "Meetings among teammates are never pushed.", switch)
        case Kind.CONVERSATION if activity.deal is None:
            return Verdict(False, Rule.NO_DEAL, "It is on no deal: summaries go to the deal’s opportunity.", switch)
        case Kind.CONVERSATION if rules.deals_stay:
            return Verdict(False, Rule.DEALS_STAY, rules.deals_stay, switch)
    return None


def _by_whom(kind: Kind, rules: ActivityRules, around: Around, switch: str) -> Verdict:
    """An activity needs somebody or something in Salesforce that it can be attached to."""
    if kind == Kind.CONVERSATION:
        nothing = Verdict(False, Rule.NOTHING_THERE, "Its deal is not in Salesforce.", switch)
        return _pushed(switch) if around.is_deal_there else nothing
    if kind in WITH_STRANGERS and around.has_outsiders:
        return by_people(kind, rules.settings, switch, is_known=around.is_known)
    if around.is_known or around.is_attachable:
        return _pushed(switch)
    return Verdict(False, Rule.NOTHING_THERE, "Nothing that it is about is in Salesforce.", switch)


def _pushed(switch: str) -> Verdict:
    return Verdict(True, Rule.SWITCH, f"{label_of(switch)} are pushed.", switch)
