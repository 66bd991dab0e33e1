"""Whether an e-mail would be pushed, typed or one that is here: judged by the rules that count."""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.models import Activity
from common.models import RecordKind
from contacts.models import Contact
from integrations.activity_rules import ActivityRules, Rule, Verdict, judged, made_before, verdict
from integrations.activity_rules.addresses import plain_address
from integrations.activity_rules.exclusions import Email
from integrations.activity_rules.verdicts import by_people, email_switch, excluded, label_of, turned_off
from integrations.models import Connection, Outbox
from users.models import User

RECENT = 25


@dataclass(frozen=True)
class Tried:
    """``kind``: which switch it hangs on, in words; ``notes``: what else is to be said."""

    verdict: Verdict
    kind: str
    notes: Sequence[str] = ()

    @property
    def anchor(self) -> str:
        """Where the setting stands that decided."""
        is_of_people = self.verdict.rule == Rule.UNKNOWN_PEOPLE
        return f"id_{'push_unknown_people' if is_of_people else self.verdict.switch}"


def recent_emails(user: User) -> list[Activity]:
    """To choose from; by two queries."""
    emails = Activity.objects.visible_to(user).filter(kind=Activity.Kind.EMAIL).select_related("contact")
    return list(emails.newest_first()[:RECENT])


def try_typed(connection: Connection, email: Email, *, belongs_here: bool) -> Tried:
    """``belongs_here``: it was sent in Tandem, or answers one that was."""
    rules = ActivityRules.load(connection)
    sender, *recipients = (plain_address(one) for one in (email.sender, *email.recipients))
    people = [sender, *recipients]
    switch = email_switch(
        is_incoming=not rules.is_teammate(sender),
        is_sent_here=belongs_here,
        is_reply=belongs_here,
        is_internal=rules.team.is_internal(people),
    )
    others = [one for one in people if not rules.is_teammate(one)]
    is_known = Contact.objects.having_email(others).exclude(crm_id="").exists() if others else False
    said = turned_off(rules.settings, switch) or excluded(email, rules, switch)
    if said is None and not others:
        said = Verdict(True, Rule.SWITCH, f"{label_of(switch)} are pushed, with what they are about.", switch)
    return Tried(said or by_people("email", rules.settings, switch, is_known=is_known), label_of(switch))


def try_email(connection: Connection, pk: int, user: User) -> Tried | None:
    """One that is here and that the user sees; None where there is none."""
    rules = ActivityRules.load(connection)
    found = judged(Activity.objects.visible_to(user).filter(kind=Activity.Kind.EMAIL, pk=pk)).first()
    if found is None:
        return None
    said = verdict(found, rules, _coming(found))
    notes = []
    if found.crm_id:
        notes.append("It is in Salesforce already.")
    elif said.pushes and made_before(found, rules.settings, said):
        notes.append("It lies before this was turned on: it goes only when it is pushed by hand or edited.")
    return Tried(said, label_of(said.switch), notes)


def _coming(activity: Activity) -> set[tuple[str, int]]:
    """Which of its people are about to be pushed."""
    ids = {one.contact_id for one in activity.participants.all() if one.contact_id} | {activity.contact_id}
    due = Outbox.objects.of(RecordKind.CONTACT, [pk for pk in ids if pk])
    return {(RecordKind.CONTACT, pk) for pk in due.values_list("record_id", flat=True)}
