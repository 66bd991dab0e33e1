"""Whether an activity goes, and what goes before it: its people, its deal and its account, where they are on their way.

People who are not there are sent before it where a setting says so, or a person pushes it by hand; by the same rules as
ever, so that a stage that keeps them out keeps it out as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from activities.models import Activity
from common.models import RecordKind
from contacts.models import Contact
from integrations.activity_rules import Rule, Verdict, made_before, verdict
from integrations.models import Connection, ErrorEntry, Lane, ObjectSettings, Outbox, SkippedRecord
from integrations.sync import outbox
from integrations.sync.activities.people import LEAD, people_of, who_of
from integrations.sync.activities.scope import ActivityScope
from integrations.sync.eligibility import hindrance, lacks_account, stays_here
from integrations.sync.mapping import Problem
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import PARENT_NOT_SYNCED, Item, LeftOut, Rejected, Waits
from integrations.sync.records import kind_of
from integrations.sync.waiting import AHEAD
from integrations.sync.writing import still_open

Key = tuple[str, int]
PAST = "It was made before pushing was on. Edit it, or push it by hand."
JUST_MADE = timedelta(minutes=1)  # what is written so soon after is no edit
NOBODY = "None of its people is in Salesforce."


@dataclass
class Around:
    """What is known of the records that activities hang on and that are not there.

    ``due``: in the queue; ``refused``: why they could not be pushed; ``kept``: by a person.
    """

    due: set[Key] = field(default_factory=set)
    refused: dict[Key, str] = field(default_factory=dict)
    kept: set[Key] = field(default_factory=set)

    @classmethod
    def load(cls, activities: Iterable[Activity]) -> "Around":
        lacking = {key_of(one) for activity in activities for one in hung_on(activity) if not one.crm_id}
        found = cls()
        for kind in {kind for kind, _ in lacking}:
            ids = [pk for own, pk in lacking if own == kind]
            rows = Outbox.objects.of(kind, ids).exclude(operation=Outbox.Operation.DELETE)
            found.due |= {(kind, pk) for pk in rows.values_list("record_id", flat=True)}
            errors = ErrorEntry.objects.open().of(kind, ids).values_list("record_id", "message")
            found.refused |= {(kind, pk): message for pk, message in errors if pk}
            skipped = SkippedRecord.objects.of(kind, ids).values_list("record_id", flat=True)
            found.kept |= {(kind, pk) for pk in skipped}
        return found

    @property
    def coming(self) -> set[Key]:
        """What is there soon, or when somebody has mended why it was refused."""
        return self.due | self.refused.keys() - self.kept


def hung_on(activity: Activity) -> list[Any]:
    return [*people_of(activity), *(one for one in (activity.deal, activity.account) if one)]


def key_of(record: Any) -> Key:
    return str(kind_of(record)), record.pk


def hold_back(claim: Claim, scope: ActivityScope, items: Sequence[Item]) -> None:
    """Leave out new activities that a rule keeps here; let those wait whose people go first."""
    new = [item for item in still_open(items) if not item.row.sent_at]  # what was sent before goes as it was
    around = Around.load(item.record for item in new)  # type: ignore[misc]
    people: list[tuple[Item, Contact]] = []
    of_contacts = scope.connection.object_settings.filter(record_kind=RecordKind.CONTACT).first()
    for item in new:
        activity: Any = item.record
        said = verdict(activity, scope.rules_of_activities, around.coming)
        if not said.pushes and (said.rule == Rule.NO_DEAL or not item.row.is_manual):
            item.outcome = LeftOut(said.reason)
        elif not (item.row.is_manual or item.row.run_id) and _is_past(activity, scope, said):
            item.outcome = LeftOut(PAST)
        elif first := _awaited(activity, around):
            item.outcome = _waits_for(first, around)
        elif not _has_place(activity):
            person = _sent_before(item, activity, said, around, of_contacts)
            people += [(item, person)] if person else []
    _send_before(claim, scope.connection, people)


def _is_past(activity: Activity, scope: ActivityScope, said: Verdict) -> bool:
    """Whether it lies before its setting, as e-mails of a mailbox do that was connected later. An edit brings it up."""
    is_edited = activity.updated_at - activity.created_at > JUST_MADE
    return not is_edited and made_before(activity, scope.rules_of_activities.settings, said)


def wait_for_new_people(scope: ActivityScope, items: Sequence[Item]) -> None:
    """An activity that was moved to somebody who is on their way waits; else it stays where it is there."""
    moved = still_open(items)
    around = Around.load(item.record for item in moved)  # type: ignore[misc]
    for item in moved:
        first = _awaited(item.record, around)  # type: ignore[arg-type]
        if first and key_of(first) in around.due:
            item.outcome = _waits_for(first, around)


def _awaited(activity: Activity, around: Around) -> Any:
    """What an activity waits for: the person whom it is about, else the deal, else the company."""
    people = people_of(activity)
    who = who_of(activity)
    first = people[0] if people else None
    if first and not first.crm_id and (who is None or key_of(first) in around.due):
        return next((one for one in people if key_of(one) in around.coming), None) or _awaited_thing(activity, around)
    return None if who and who.crm_object == LEAD else _awaited_thing(activity, around)


def _awaited_thing(activity: Activity, around: Around) -> Any:
    things = (activity.deal, activity.account)
    first = next((one for one in things if one and (one.crm_id or key_of(one) in around.coming)), None)
    is_there = first is None or first.crm_id
    needs_it = first and (key_of(first) in around.due or who_of(activity) is None)
    return first if not is_there and needs_it else None


def _waits_for(record: Any, around: Around) -> Waits | Rejected:
    kind, pk = key_of(record)
    if (kind, pk) in around.due:
        return Waits(f"Its {kind}, {record}, goes first.", parent=(kind, pk))
    message = f"Its {kind}, {record}, could not be pushed: {around.refused[kind, pk]}"
    problem = Problem(PARENT_NOT_SYNCED, "", message, {"parent_kind": kind, "parent_id": pk})
    return Rejected(problem, ErrorEntry.By.TANDEM)


def _has_place(activity: Activity) -> bool:
    return any(one.crm_id for one in hung_on(activity))


def _sent_before(
    item: Item, activity: Activity, said: Verdict, around: Around, settings: ObjectSettings | None
) -> Contact | None:
    """Who is sent before an activity that none of its people is there for; else it is left out."""
    if not said.makes_people and not item.row.is_manual:
        item.outcome = LeftOut(said.reason)
        return None
    reasons = {person: _kept_out(person, around, settings, item) for person in people_of(activity)}
    chosen = next((person for person, reason in reasons.items() if not reason), None)
    if chosen:
        item.outcome = Waits(f"Its contact, {chosen}, goes first.", parent=(RecordKind.CONTACT, chosen.pk))
        return chosen
    told = next((f"{NOBODY} {person}: {reason}" for person, reason in reasons.items()), said.reason)
    item.outcome = LeftOut(told)
    return None


def _kept_out(person: Contact, around: Around, settings: ObjectSettings | None, item: Item) -> str:
    """Why somebody is not sent before an activity; by hand filters do not count."""
    if key_of(person) in around.kept:
        return "Somebody keeps it out of the sync."
    if settings is None or (reason := stays_here(settings)):
        return reason if settings else "Contacts are not synced."
    found = hindrance(person, settings) or lacks_account(person, settings)
    return found.reason if found and not item.row.is_manual else ""


def _send_before(claim: Claim, connection: Connection, people: Sequence[tuple[Item, Contact]]) -> None:
    """Queue people, in the lane of what waits for them and before it."""
    for is_manual in (False, True):
        chosen: Mapping[int, tuple[Item, Contact]] = {
            person.pk: (item, person) for item, person in people if item.row.is_manual == is_manual
        }
        actors = {item.row.actor_id for item, _ in chosen.values()}
        for actor_id in actors:
            outbox.mark_due(
                connection,
                RecordKind.CONTACT,
                [person for item, person in chosen.values() if item.row.actor_id == actor_id],
                lane=Lane(claim.rows[0].lane),
                actor_id=actor_id,
                is_manual=is_manual,
                due_at=min(row.next_attempt_at for row in claim.rows) - AHEAD,
            )
