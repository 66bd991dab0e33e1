"""Why a record is not in Salesforce: where the rule that keeps it out is set, for those who may change it."""

from dataclasses import dataclass

from django.urls import reverse

from integrations.models import SyncedKind
from integrations.sync.eligibility import Rule
from integrations.sync.state import State, SyncState
from users.models import User

ACTIVITIES_PAGE = "integrations:activities"
# Rules that stand on the page of an object's settings, by the section.
SECTIONS = {Rule.DIRECTION: "direction", Rule.PUSH_NEW: "push", Rule.STAGES: "push", Rule.ACCOUNT: "push"}
LINKS = {
    Rule.DIRECTION: "Change the direction",
    Rule.PUSH_NEW: "Change what is pushed",
    Rule.STAGES: "Change which stages are pushed",
    Rule.ACCOUNT: "Change what becomes of contacts without an account",
}


@dataclass(frozen=True)
class Remedy:
    """``text`` says what can be done; ``url`` and ``link`` lead to the setting, empty for who may not change it."""

    text: str
    link: str = ""
    url: str = ""


def remedy(state: SyncState, kind: str, user: User) -> Remedy | None:
    """What can be done about a state, by this user; None where nothing is to be done."""
    rule = state.rule
    if rule is None or state.state == State.SYNCED:
        return None
    match rule:
        case Rule.PAST if kind == SyncedKind.ACTIVITY:
            return Remedy("Settings count from when they are turned on: push it now, or edit it.")
        case Rule.PAST:
            text = "Push it now, edit it, or have {} all existing records once."
            if user.is_admin:
                return Remedy(text.format("Tandem push"), "One-time push", f"{_object(kind)}#once")
            return Remedy(text.format("an admin push"))
        case Rule.DROPPED:
            return Remedy("Push it now to make it again in Salesforce.")
        case Rule.PERSON:
            return Remedy("Anybody who sees the record may let it in again.")
        case Rule.KIND | Rule.REFUSED:
            return None
    if not user.is_admin:
        return Remedy("An admin can change that in the settings.")
    return Remedy("", *_place(rule, kind))


def _place(rule: Rule, kind: str) -> tuple[str, str]:
    if rule == Rule.ACTIVITIES:
        return "Change which activities are pushed", reverse(ACTIVITIES_PAGE)
    if rule in SECTIONS:
        return LINKS[rule], f"{_object(kind)}#{SECTIONS[rule]}"
    if rule == Rule.LOGIN:
        return "Open the logins", reverse("integrations:logins")
    return "Open the settings", reverse("integrations:overview")


def _object(kind: str) -> str:
    return reverse("integrations:object", args=[kind])
