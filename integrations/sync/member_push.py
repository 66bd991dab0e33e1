"""Adding people to campaigns: a claim is looked up first, then sent in one call, then settled.

Whoever is in the campaign by then is done with: added by us if a call was sent with them whose answer was lost, else
by somebody else. So a lost answer and a killed worker add nobody twice.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from common.bulk import any_of, copy_in, write_columns
from common.models import RecordKind
from integrations.models import CampaignMember, ErrorEntry, Run, SyncEvent
from integrations.sync import members
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.members import MemberClaim
from integrations.sync.outcomes import LATER_SECONDS, LATER_TRIES
from integrations.sync.provider import Accepted, Answer, Later, Provider, Refused, RemoteRecord, RequestRefused, Values
from integrations.sync.records import MEMBERS, model_of
from integrations.sync.state import sync_states
from integrations.sync.writing import LONE_FAILURES

State = CampaignMember.State
COLUMNS = ["state", "status", "code", "message", "remote_id", "credential", "settled_at"]
COLUMNS += ["claim_token", "claimed_until", "next_attempt_at", "sent_at"]
ERROR_COLUMNS = ["code", "message", "fields", "payload", "by", "actor", "credential", "credential_reason"]
ERROR_COLUMNS += ["attempts", "last_at"]
SPOILS = "Salesforce answers with a fault of its own whenever this person is sent, and takes others."
COUNTS = {State.ADDED: "created", State.PRESENT: "unchanged", State.REFUSED: "failed", State.GONE: "skipped"}


@dataclass(frozen=True)
class Present:
    """They are in the campaign; ``is_ours``: by a call of ours."""

    remote_id: str
    status: str
    is_ours: bool


@dataclass(frozen=True)
class Gone:
    """The contact is not there any more."""


@dataclass(frozen=True)
class NotThere:
    """Salesforce does not have the person, and nothing is on its way."""

    reason: str


Outcome = Present | Gone | NotThere | Later | Refused
Found = Mapping[str, RemoteRecord]


def push_members(claim: MemberClaim, provider: Provider, run: Run) -> None:
    """Add the people of a claim to their campaign, and write down what came of each.

    Raises CallFailed and ConnectionBroken when no answer could be had: the caller releases the claim and pauses.
    """
    people = _people(claim)
    outcomes: dict[int, Outcome] = {row.pk: Gone() for row in claim.rows if row.record_id not in people}
    if claim.person:
        _add(claim, people, outcomes, provider)
    else:
        states = sync_states(list(people.values()))
        outcomes |= {row.pk: NotThere(states[row.record_id].reason) for row in claim.rows if row.record_id in people}
    _settle(claim, people, outcomes, run)


def _people(claim: MemberClaim) -> dict[int, Any]:
    """The contacts of a claim by id, as far as they are still what they were when it was claimed."""
    ids = any_of((row.record_id for row in claim.rows), "bigint")
    return {one.pk: one for one in model_of(RecordKind.CONTACT)._default_manager.filter(pk__in=ids)}


def _add(claim: MemberClaim, people: Mapping[int, Any], outcomes: dict[int, Outcome], provider: Provider) -> None:
    """One question, one call. Whoever became a contact since they were claimed as a lead stays for the next claim."""
    rows = [row for row in claim.rows if row.record_id in people and people[row.record_id].crm_object == claim.person]
    ids = {row.pk: people[row.record_id].crm_id for row in rows}
    claim.sending = rows
    found = _look(claim, list(ids.values()), provider)
    outcomes |= {row.pk: _present(row, found[ids[row.pk]]) for row in rows if ids[row.pk] in found}
    missing: dict[str, CampaignMember] = {}
    for row in rows:
        if ids[row.pk] not in found and row.lone_failures >= LONE_FAILURES:
            outcomes[row.pk] = Refused("SPOILS_ITS_CALL", SPOILS)
        elif ids[row.pk] not in found:
            missing.setdefault(ids[row.pk], row)  # whoever was asked for twice is found by the next claim
    _send(claim, members.note_sent(claim, list(missing.values())), ids, outcomes, provider)


def _send(
    claim: MemberClaim,
    rows: Sequence[CampaignMember],
    ids: Mapping[int, str],
    outcomes: dict[int, Outcome],
    provider: Provider,
) -> None:
    if not rows:
        return
    claim.sending = list(rows)
    answers = _answers(claim, [_payload(claim, row, ids[row.pk]) for row in rows], provider)
    refused = [row for row, answer in zip(rows, answers, strict=True) if isinstance(answer, Refused)]
    # Who is refused may have been added meanwhile, by somebody else or by a call of ours that came late.
    found = _look(claim, [ids[row.pk] for row in refused], provider) if refused else {}
    for row, answer in zip(rows, answers, strict=True):
        if isinstance(answer, Accepted):
            outcomes[row.pk] = Present(answer.remote_id, row.status, is_ours=True)
        elif ids[row.pk] in found:
            outcomes[row.pk] = _present(row, found[ids[row.pk]])
        else:
            outcomes[row.pk] = answer


def _answers(claim: MemberClaim, payloads: Sequence[Values], provider: Provider) -> Sequence[Answer]:
    """A call that is refused whole is refused for each: the object, or a field of it, is not there for this login."""
    try:
        return provider.create(MEMBERS.name, payloads)
    except RequestRefused as error:
        return [Refused(error.code, error.message)] * len(payloads)


def _payload(claim: MemberClaim, row: CampaignMember, person_id: str) -> Values:
    person = MEMBERS.people[claim.person]
    return {MEMBERS.campaign: claim.campaign.remote_id, person: person_id, MEMBERS.status: row.status}


def _look(claim: MemberClaim, ids: Sequence[str], provider: Provider) -> Found:
    """Who of these people is in the campaign; where the login may not look, sending them will tell."""
    person, campaign = MEMBERS.people[claim.person], (MEMBERS.campaign, claim.campaign.remote_id)
    try:
        records = provider.related(MEMBERS.name, person, ids, [person, MEMBERS.status], within=campaign)
    except RequestRefused:
        return {}
    return {str(record.values[person]): record for record in records if not record.is_deleted}


def _present(row: CampaignMember, record: RemoteRecord) -> Present:
    return Present(record.id, str(record.values.get(MEMBERS.status) or ""), is_ours=row.sent_at is not None)


# --- what came of it ----------------------------------------------------------------------------------------------


@on_deadlock_again
@transaction.atomic
def _settle(claim: MemberClaim, people: Mapping[int, Any], outcomes: Mapping[int, Outcome], run: Run) -> None:
    """Store what is known, of the rows that the claim still holds; the rest is due again."""
    held = CampaignMember.objects.filter(claim_token=claim.token).select_for_update().order_by("pk")
    rows = list(held)
    for row in rows:
        _note(claim, row, outcomes.get(row.pk))
    write_columns(rows, COLUMNS)
    settled = [row for row in rows if row.state != State.WAITING]
    _close_errors(settled)
    _store_errors(claim, [row for row in settled if row.state == State.REFUSED], people)
    copy_in([event for row in settled if (event := _event(claim, row, run)) and row.record_id in people])
    run.count(**Counter(COUNTS[State(row.state)] for row in settled))


def _note(claim: MemberClaim, row: CampaignMember, outcome: Outcome | None) -> None:
    row.claim_token = row.claimed_until = row.sent_at = None
    row.credential, row.settled_at, row.next_attempt_at = claim.credential, timezone.now(), timezone.now()
    row.code = row.message = ""
    match outcome:
        case Present(remote_id, status, is_ours):
            row.state, row.remote_id, row.status = State.ADDED if is_ours else State.PRESENT, remote_id, status
        case Gone():
            row.state = State.GONE
        case NotThere(reason):
            row.state, row.code = State.REFUSED, CampaignMember.PERSON_NOT_SYNCED
            row.message = f"The person is not in Salesforce. {reason}"
        case Refused(code=code, message=message):
            row.state, row.code, row.message = State.REFUSED, code, message
        case Later(code, message) if row.attempts >= LATER_TRIES:
            row.state, row.code, row.message = State.REFUSED, code, message
        case Later(code, message):
            row.message, row.settled_at = f"{code}: {message}", None
            row.next_attempt_at += timedelta(seconds=LATER_SECONDS[max(0, row.attempts - 1)])
        case None:
            row.settled_at = None


def _close_errors(rows: Sequence[CampaignMember]) -> None:
    done = [row.pk for row in rows if row.state != State.REFUSED]
    entries = ErrorEntry.objects.open().of(ErrorEntry.MEMBER, done)
    entries.update(closed_at=timezone.now(), closed_reason="They are in the campaign, or not there any more.")


def _store_errors(claim: MemberClaim, rows: Sequence[CampaignMember], people: Mapping[int, Any]) -> None:
    entries = ErrorEntry.objects.open().of(ErrorEntry.MEMBER, [row.pk for row in rows])
    known = {entry.record_id: entry for entry in entries.select_for_update()}
    told = [_entry(claim, row, people.get(row.record_id), known.get(row.pk)) for row in rows]
    copy_in([entry for entry in told if not entry.pk])
    write_columns([entry for entry in told if entry.pk], ERROR_COLUMNS)


def _entry(claim: MemberClaim, row: CampaignMember, person: Any, known: ErrorEntry | None) -> ErrorEntry:
    is_ours = row.code in (CampaignMember.PERSON_NOT_SYNCED, "SPOILS_ITS_CALL")
    entry = known or ErrorEntry(
        connection=claim.campaign.connection,
        record_kind=ErrorEntry.MEMBER,
        record_id=row.pk,
        record_name=f"{person}, for “{claim.campaign}”"[:255],
        operation="create",
        remote_object=MEMBERS.name,
        attempts=0,
    )
    entry.by = ErrorEntry.By.TANDEM if is_ours else ErrorEntry.By.REMOTE
    entry.code, entry.message, entry.fields = row.code, row.message, []
    entry.payload = dict(_payload(claim, row, person.crm_id)) if claim.person and person else {}
    entry.actor_id, entry.credential, entry.credential_reason = row.actor_id, claim.credential, claim.login.reason
    entry.attempts, entry.last_at = entry.attempts + 1, timezone.now()
    return entry


STORIES: dict[str, tuple[SyncEvent.Kind, Callable[[CampaignMember, Any], str]]] = {
    State.ADDED: (SyncEvent.Kind.CAMPAIGN, lambda row, name: f"Added to “{name}”, as “{row.status}”."),
    State.PRESENT: (SyncEvent.Kind.CAMPAIGN, lambda row, name: f"Was in “{name}” already, as “{row.status}”."),
    State.REFUSED: (SyncEvent.Kind.REFUSED, lambda row, name: f"Not added to “{name}”: {row.message}"),
}


def _event(claim: MemberClaim, row: CampaignMember, run: Run) -> SyncEvent | None:
    """What the person's timeline tells of it."""
    if row.state not in STORIES:
        return None
    kind, told = STORIES[row.state]
    return SyncEvent(
        record_kind=RecordKind.CONTACT,
        record_id=row.record_id,
        kind=kind,
        summary=told(row, claim.campaign.name),
        run=run,
        actor_id=row.actor_id,
        credential=claim.credential,
        credential_reason=claim.login.reason,
    )
