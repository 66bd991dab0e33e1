"""Pushing records that Salesforce does not have yet: exactly once each, and only where it has none of them.

A create is written down before it is sent; after a lost answer the push looks for what it made before it dares again.
"""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.db.models import prefetch_related_objects

from integrations.models import Outbox
from integrations.sync import outbox
from integrations.sync.eligibility import kept_out, stays_here
from integrations.sync.identified import link_identified
from integrations.sync.ingest import FillingIngest
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item, LeftOut, Outcome, Rerouted, Waits, rejected, tried_again
from integrations.sync.own import created, find_own
from integrations.sync.provider import Accepted, Answer, Later, Provider, Refused, Value
from integrations.sync.scope import Scope
from integrations.sync.twins import link_twins
from integrations.sync.waiting import give_accounts, wait_for_parents
from integrations.sync.writing import answers_of, by_insistence, check, set_aside, still_open, withhold

COMPANY = "company_name"


def push_new(
    claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider, ingest: FillingIngest | None = None
) -> Iterator[list[Item]]:
    """Yields the records when their outcomes are known. What ``ingest`` takes, travels with that."""
    prefetch_related_objects([item.record for item in items], "stage", *(pair.field.name for pair in scope.references))
    turn_back_linked(items)
    find_own(scope, items, provider)
    set_aside(items)
    _keep_here(scope, items)
    link_identified(claim, scope, items, provider)
    _hold_back(scope, items)
    give_accounts(scope, still_open(items))
    wait_for_parents(claim, scope, items)
    for item in still_open(items):
        withhold(scope, item)
    payloads = checked_payloads(scope, items, provider)
    link_twins(claim, scope, items, provider)
    send_new(claim, scope, items, payloads, provider, ingest)
    yield [item for item in items if not item.is_open]


def checked_payloads(scope: Scope, items: Sequence[Item], provider: Provider) -> dict[int, dict[str, Value]]:
    """What to create, by row; what would be refused is refused here."""
    payloads = {item.row.pk: payload_of(scope, item) for item in still_open(items)}
    check(scope, still_open(items), payloads, provider, is_create=True)
    return payloads


def send_new(
    claim: Claim,
    scope: Scope,
    items: Sequence[Item],
    payloads: dict[int, dict[str, Value]],
    provider: Provider,
    ingest: FillingIngest | None = None,
) -> None:
    """Send those that are still open, each once."""
    to_send = still_open(items)
    for item in to_send:
        _name(scope, item, payloads)
    if ingest:
        to_send = ingest.take_new(to_send, payloads)
    _create(claim, scope, to_send, payloads, provider)


def turn_back_linked(items: Sequence[Item]) -> None:
    """A record that was linked since it was queued is due as an update."""
    for item in still_open(items):
        if item.link:
            item.outcome = Rerouted(Outbox.Operation.UPDATE, item.link.remote_object)


def _keep_here(scope: Scope, items: Sequence[Item]) -> None:
    if reason := stays_here(scope.settings):
        for item in still_open(items):
            item.outcome = LeftOut(reason)


def _hold_back(scope: Scope, items: Sequence[Item]) -> None:
    for item in still_open(items):
        is_wanted = item.row.is_manual or item.row.is_automatic or item.row.sent_at
        if not is_wanted and (reason := kept_out(item.record, scope.settings)):
            item.outcome = LeftOut(reason)


def payload_of(scope: Scope, item: Item) -> dict[str, Value]:
    """What to create: every value that is not empty, the source, and the company that a lead must have."""
    fields = scope.description.fields
    payload: dict[str, Value] = {
        name: value
        for name, value in item.local.items()
        if value is not None
        and value is not False
        and fields[name].is_createable
        and _goes_out(scope, name)
        and not scope.is_of_stage(item.record, scope.by_name[name].field)
    }
    source = fields.get(scope.settings.source_field)
    if source and source.is_createable and scope.settings.source_value:
        payload.setdefault(source.name, scope.settings.source_value)
    company = next((pair for pair in scope.pairs if pair.field.name == COMPANY), None)
    if company and company.remote.is_required and company.name not in payload:
        account = getattr(item.record, "account", None)
        payload[company.name] = (account.name if account else "") or scope.settings.company_placeholder or None
    return payload


def _goes_out(scope: Scope, name: str) -> bool:
    return scope.rules[name].direction != "in"


def _create(
    claim: Claim, scope: Scope, items: Sequence[Item], payloads: dict[int, dict[str, Value]], provider: Provider
) -> None:
    """Send those that insist in a call of their own."""
    for is_insisting, part in by_insistence(scope, items):
        _create_part(claim, scope, part, payloads, provider, is_insisting)


def _create_part(
    claim: Claim,
    scope: Scope,
    items: Sequence[Item],
    payloads: dict[int, dict[str, Value]],
    provider: Provider,
    is_insisting: bool,
) -> None:
    intents = {item.row.pk: (payloads[item.row.pk], item.row.external_id) for item in items}
    kept = outbox.note_sent(claim, intents, provider.clock())
    mine = [item for item in items if item.row.pk in kept]
    for item in items:
        if item.row.pk not in kept:
            item.outcome = Waits("Another worker has taken it over.")
    claim.sending = [item.row for item in mine]
    sent = [payloads[item.row.pk] for item in mine]
    answers = answers_of(claim, scope, provider, lambda: _send(scope, sent, provider, is_insisting), mine)
    claim.sending = []
    again = []
    for item, answer in zip(mine, answers, strict=True):
        payload = payloads[item.row.pk]
        match answer:
            case Refused(of_fields=True, fields=names) if set(names) & set(payload):
                item.note_left_out(scope, [name for name in names if payload.pop(name, None) is not None])
                again.append(item)
            case _:
                item.outcome = _outcome(scope, item, answer, payload)
    if again:
        _create(claim, scope, again, payloads, provider)


def _name(scope: Scope, item: Item, payloads: dict[int, dict[str, Value]]) -> None:
    """Give a create the external id by which it is known again, where the org has a field for it.

    One that was sent before goes again as it was: should the first still arrive, it changes nothing.
    """
    if not scope.external_id:
        return
    if item.row.external_id and item.row.sent:
        payloads[item.row.pk] = dict(item.row.sent)
        return
    item.row.external_id = uuid.uuid4()
    payloads[item.row.pk][scope.external_id] = str(item.row.external_id)


def _send(scope: Scope, payloads: Sequence[dict[str, Value]], provider: Provider, is_insisting: bool) -> list[Answer]:
    if scope.external_id:
        return provider.upsert(scope.remote_object, scope.external_id, payloads, insists=is_insisting)
    return provider.create(scope.remote_object, payloads, insists=is_insisting)


def _outcome(scope: Scope, item: Item, answer: Answer, payload: dict[str, Value]) -> Outcome:
    match answer:
        case Accepted(remote_id):
            made = created(scope, item, remote_id, payload)
            return replace(made, is_stale=True) if item.row.sent else made
        case Later(code, message):
            return tried_again(item.row, code, message, payload)
        case Refused():
            return rejected(answer, payload)
