"""Pushing who takes part in deals, after the deals themselves: a few calls for a claim, whatever it changes.

What the other side has is read first, for deals whose people differ from what it was last seen to have. So a part that
an unanswered call made is found there; only one that may still be on its way is waited for.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction

from common.bulk import any_of, upsert
from deals.models import DealContact
from integrations.models import Outbox, RemoteRole, Run
from integrations.sync import outbox, own
from integrations.sync.casting import COLUMNS, bring_together, names_of
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.outbox import BATCH, Claim
from integrations.sync.outcomes import Item, Linked, Waits, rejected, tried_again
from integrations.sync.provider import (
    Accepted,
    Answer,
    Later,
    Provider,
    Refused,
    RemoteRecord,
    RequestRefused,
    Value,
    Values,
)
from integrations.sync.records import ROLES
from integrations.sync.roles import PRIMARY, TAKES_PART, Contacts, People, RoleScope, compare, contacts_of, load, see

ON_ITS_WAY = "Who takes part was sent, but the answer was lost: finding out what became of it."


@dataclass
class Change:
    """A part of theirs to be made (it has no ``remote_id`` yet), changed, or taken away (it has no ``values``)."""

    item: Item
    deal_id: str
    person: str
    values: dict[str, Value] | None
    part: RemoteRole | None = None

    @property
    def remote_id(self) -> str:
        return self.part.remote_id if self.part else ""

    @property
    def payload(self) -> dict[str, Value]:
        names = {} if self.part else {ROLES.deal: self.deal_id, ROLES.contact: self.person}
        return {**names, **(self.values or {})}


def push_people(claim: Claim, items: Sequence[Item], provider: Provider, run: Run) -> None:
    """Bring the people of pushed deals up to date there. What became of it is noted with the items."""
    scope = RoleScope.load(claim.credential.connection)
    linked = {item.record.pk: item for item in items if isinstance(item.outcome, Linked)}
    if scope is None or not linked:
        return
    if claim.operation == Outbox.Operation.CREATE:
        _leave_for_later(linked)
        return
    differing = _differing(scope, linked)
    if not differing:
        return
    claim.sending = [linked[pk].row for pk in differing]
    records = provider.related(scope.remote_object, ROLES.deal, list(differing.values()), scope.names)
    changes, told, names = _planned(scope, differing, linked, records, run)
    _hold_what_may_arrive(changes, provider)
    outbox.note_sent_along(claim, scope.remote_object, told)
    for batch in _batches([change for change in changes if change.item.rest is None]):
        _send(claim, scope, batch, provider, names)
    claim.sending = []


def _leave_for_later(items: Mapping[int, Item]) -> None:
    """A deal that has just been made there is due once more, for its people."""
    rows = DealContact.objects.filter(deal__in=any_of(items, "bigint"))
    for pk in set(rows.values_list("deal", flat=True)):
        outcome = items[pk].outcome
        assert isinstance(outcome, Linked), "only deals that are there have people there"
        items[pk].outcome = replace(outcome, is_stale=True)


@transaction.atomic
def _differing(scope: RoleScope, items: Mapping[int, Item]) -> dict[int, str]:
    """Remote ids of deals whose people differ from what was last seen there, by our ids."""
    people = load(scope, {pk: getattr(item.outcome, "remote_id", "") for pk, item in items.items()})
    for one in people:
        see(one, (), set())
    contacts = contacts_of(scope.connection, people)
    for one in people:
        compare(scope, one, contacts)
    return {one.deal.pk: one.remote_id for one in people if one.plan.to_remote}


@on_deadlock_again
@transaction.atomic
def _planned(
    scope: RoleScope, deals: dict[int, str], items: Mapping[int, Item], records: Sequence[RemoteRecord], run: Run
) -> tuple[list[Change], dict[int, Values], dict[str, str]]:
    """What is to be written there: each part, and by row all that is said; and what the people are called."""
    people, contacts = bring_together(scope, deals, records, run, is_pushing=True)
    changes = [change for one in people for change in _changes(items[one.deal.pk], one, contacts)]
    told: dict[int, Values] = {items[one.deal.pk].row.pk: one.plan.to_remote for one in people if one.plan.to_remote}
    return changes, told, names_of(people, contacts)


def _changes(item: Item, one: People, contacts: Contacts) -> Iterator[Change]:
    wanted = {person: value for person, value in one.plan.to_remote.items() if person != PRIMARY}
    values: dict[str, dict[str, Value]] = defaultdict(dict)
    for person, value in wanted.items():
        if value is None:
            yield from (Change(item, one.remote_id, person, None, part) for part in one.parts_of(person))
        else:
            values[person][ROLES.role] = str(value).removeprefix(TAKES_PART) or None
    for person, is_primary in _primaries(one, contacts):
        if wanted.get(person, "") is not None:
            values[person][ROLES.primary] = is_primary
    for person, columns in values.items():
        yield Change(item, one.remote_id, person, columns, next(iter(one.parts_of(person)), None))


def _primaries(one: People, contacts: Contacts) -> Iterator[tuple[str, bool]]:
    """Who becomes the primary contact; the other side then takes it from who was. Else who is none any more."""
    if PRIMARY not in one.plan.to_remote:
        return
    if chosen := one.plan.to_remote[PRIMARY]:
        yield str(chosen), True
        return
    for part in one.theirs:
        if part.is_primary and part.remote_contact_id in contacts.ids:
            yield part.remote_contact_id, False


def _hold_what_may_arrive(changes: Sequence[Change], provider: Provider) -> None:
    """A part that was sent and is not there may still arrive: sent again at once, it would be there twice."""
    for change in changes:
        sent_at = change.item.row.parts_sent_at
        if change.part is None and sent_at and provider.clock() - sent_at < own.patience():
            change.item.rest = Waits(ON_ITS_WAY, own.SECOND_LOOK)


def _batches(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Who goes first, then what changes, then who comes: each batch is of one kind."""
    kinds = (
        [change for change in changes if change.values is None],
        [change for change in changes if change.values is not None and change.part],
        [change for change in changes if change.part is None],
    )
    for chosen in kinds:
        yield from (chosen[start : start + BATCH] for start in range(0, len(chosen), BATCH))


def _send(
    claim: Claim, scope: RoleScope, batch: Sequence[Change], provider: Provider, names: Mapping[str, str]
) -> None:
    kept = outbox.renew(claim, {change.item.row.pk for change in batch})
    mine = [change for change in batch if change.item.row.pk in kept]
    if not mine:
        return
    claim.sending = list({change.item.row.pk: change.item.row for change in mine}.values())
    try:
        answers = _answers(claim, scope, mine, provider)
    except RequestRefused as error:
        if len(claim.sending) > 1:
            raise
        answers = [Refused(error.code, error.message)] * len(mine)
    for change, answer in zip(mine, answers, strict=True):
        _note(change, answer, names.get(change.person, change.person))
    _keep(scope, [(change, a.remote_id) for change, a in zip(mine, answers, strict=True) if isinstance(a, Accepted)])


def _answers(claim: Claim, scope: RoleScope, batch: Sequence[Change], provider: Provider) -> Sequence[Answer]:
    if batch[0].values is None:
        return provider.delete(scope.remote_object, [change.remote_id for change in batch])
    if batch[0].part:
        (answers,) = provider.update_many(
            scope.remote_object, [[(change.remote_id, change.payload) for change in batch]]
        )
        if isinstance(answers, Exception):
            raise answers
        return answers
    Outbox.objects.filter(claim_token=claim.token, pk__in=[row.pk for row in claim.sending]).update(
        parts_sent_at=provider.clock()
    )
    return provider.create(scope.remote_object, [change.payload for change in batch])


def _note(change: Change, answer: Answer, name: str) -> None:
    """What became of a part, with the deal that it is of."""
    item = change.item
    match answer:
        case Later(code, message):
            item.rest = tried_again(item.row, code, f"{name}: {message}", change.payload)
        case Refused(message=message):
            item.rest = rejected(replace(answer, message=f"{name}: {message}"), change.payload)
        case Accepted():
            before = (change.part.role or "takes part") if change.part else ""
            after = "" if change.values is None else str(change.payload.get(ROLES.role) or "takes part")
            item.people[f"Contact {name}"] = [before, after]


@on_deadlock_again
@transaction.atomic
def _keep(scope: RoleScope, taken: Sequence[tuple[Change, str]]) -> None:
    """Keep in mind what they have by now."""
    parts: list[RemoteRole] = []
    for change, remote_id in taken:
        if change.values is None:
            RemoteRole.objects.filter(remote_id=change.remote_id).delete()
            continue
        part = change.part or RemoteRole(
            remote_id=remote_id, remote_deal_id=change.deal_id, remote_contact_id=change.person
        )
        part.connection, part.is_agreed = scope.connection, True
        part.role = str(change.values.get(ROLES.role, part.role) or "")
        part.is_primary = bool(change.values.get(ROLES.primary, part.is_primary))
        parts.append(part)
    primaries = [part for part in parts if part.is_primary]
    others = RemoteRole.objects.filter(remote_deal_id__in=any_of(part.remote_deal_id for part in primaries))
    others.exclude(remote_id__in=[part.remote_id for part in primaries]).update(is_primary=False)
    upsert(parts, ["connection", "remote_id"], COLUMNS)
