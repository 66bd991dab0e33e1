"""Pushing records that Salesforce does not have yet: exactly once each, and only where it has none of them.

A create is written down before it is sent; after a lost answer the push looks for what it made before it dares again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from django.conf import settings

from common.models import RecordKind
from integrations.models import ErrorEntry, Outbox, RecordLink, SyncEvent
from integrations.sync import outbox
from integrations.sync.eligibility import kept_out
from integrations.sync.mapping import Problem, normal
from integrations.sync.matching import LOOKED_THROUGH, Twins, links_by_remote_id, sort_out, wanted
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item, LeftOut, Linked, Rejected, Rerouted, Waits, rejected, tried_again
from integrations.sync.plan import Plan, Side, plan
from integrations.sync.provider import Accepted, Later, Provider, Refused, RemoteRecord, Value, Values
from integrations.sync.scope import Scope
from integrations.sync.waiting import give_accounts, wait_for_parents
from integrations.sync.writing import answers_of, check, drop_unwritable, set_aside, still_open, withhold, write

SECOND_LOOK = 10  # seconds between looks for what a create of unknown outcome made
CLOCK_MARGIN = timedelta(minutes=5)  # by which our clock may differ from theirs
COMPANY = "company_name"
MADE_ON_PURPOSE = "Salesforce has more records that look like this one: one was made here beside the other."


def push_new(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> Iterator[list[Item]]:
    """Yields the records when their outcomes are known."""
    _turn_back_linked(items)
    _find_own(scope, items, provider)
    set_aside(items)
    _hold_back(scope, items)
    give_accounts(scope, still_open(items))
    wait_for_parents(claim, scope, items)
    for item in still_open(items):
        withhold(scope, item)
    payloads = {item.row.pk: _payload(scope, item) for item in still_open(items)}
    check(scope, still_open(items), payloads, provider, is_create=True)
    _link_twins(claim, scope, items, provider)
    _create(claim, scope, still_open(items), payloads, provider)
    yield list(items)


def _turn_back_linked(items: Sequence[Item]) -> None:
    """A record that was linked since it was queued is due as an update."""
    for item in still_open(items):
        if item.link:
            item.outcome = Rerouted(Outbox.Operation.UPDATE, item.link.remote_object)


def _hold_back(scope: Scope, items: Sequence[Item]) -> None:
    for item in still_open(items):
        is_wanted = item.row.is_manual or item.row.is_automatic or item.row.sent_at
        if not is_wanted and (reason := kept_out(item.record, scope.settings)):
            item.outcome = LeftOut(reason)


def _payload(scope: Scope, item: Item) -> dict[str, Value]:
    """What to create: every value that is not empty, the source, and the company that a lead must have."""
    fields = scope.description.fields
    payload: dict[str, Value] = {
        name: value
        for name, value in item.local.items()
        if value is not None and value is not False and fields[name].is_createable and _goes_out(scope, name)
    }
    source = fields.get(scope.settings.source_field or _default_source(scope))
    if source and source.is_createable and scope.settings.source_value:
        payload.setdefault(source.name, scope.settings.source_value)
    company = next((pair for pair in scope.pairs if pair.field.name == COMPANY), None)
    if company and company.remote.is_required and company.name not in payload:
        account = getattr(item.record, "account", None)
        payload[company.name] = (account.name if account else "") or scope.settings.company_placeholder or None
    return payload


def _goes_out(scope: Scope, name: str) -> bool:
    return scope.rules[name].direction != "in"


def _default_source(scope: Scope) -> str:
    return "AccountSource" if scope.kind == RecordKind.ACCOUNT else "LeadSource"


def _find_own(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """After a create whose outcome nobody knows: look for what it may have made before daring again."""
    lost = [item for item in still_open(items) if item.row.sent_at]
    if not lost:
        return
    since = min(item.row.sent_at for item in lost if item.row.sent_at) - CLOCK_MARGIN
    made = list(provider.created_by_us(scope.remote_object, since, scope.names))
    known = set(
        RecordLink.objects.filter(remote_id__in=[record.id for record in made]).values_list("remote_id", flat=True)
    )
    free = [record for record in made if record.id not in known]
    for item in lost:
        _recognise(scope, item, free, item.row.sent or {})
        if item.is_open and item.row.sent_at and provider.clock() - item.row.sent_at < patience():
            item.outcome = Waits(
                "Its creation was sent, but the answer was lost: finding out what became of it.", SECOND_LOOK
            )


def patience() -> timedelta:
    """How long a create whose answer was lost may still take effect; only then is it sent again."""
    return timedelta(seconds=2 * settings.SYNC_TIMEOUT)


def _recognise(scope: Scope, item: Item, free: list[RemoteRecord], payload: Values) -> None:
    """Tie a record that we created to its row: it holds all that we sent, else at least what names it."""
    exact = [record for record in free if _holds(record, payload)]
    likely = [
        record for record in free if _holds(record, {name: payload.get(name) for name in _naming(scope, payload)})
    ]
    if exact or len(likely) == 1:
        own = (exact or likely)[0]
        free.remove(own)
        made = _created(scope, item, own.id, payload)
        made.plan.ours.clear()  # edited since, perhaps: what differs from what was sent is an edit
        item.outcome = replace(made, is_stale=True)
    elif likely:
        candidates = [{"remote_object": record.remote_object, "remote_id": record.id} for record in likely]
        message = "The connection was cut while creating it, and several records could be the one. Choose it."
        item.outcome = Rejected(
            Problem("OUTCOME_UNKNOWN", "", message, {"candidates": candidates}), ErrorEntry.By.TANDEM, payload
        )


def _holds(record: RemoteRecord, values: Values) -> bool:
    return all(record.values[name] == value for name, value in values.items() if name in record.values)


def _naming(scope: Scope, payload: Values) -> list[str]:
    """The fields that name a record: its e-mail address, else its names."""
    by_field = {pair.field.name: pair.name for pair in scope.pairs}
    if payload.get(by_field.get("email", "")):
        return [by_field["email"]]
    return [by_field[name] for name in ("first_name", "last_name", "name") if name in by_field]


def _created(scope: Scope, item: Item, remote_id: str, payload: Values) -> Linked:
    """The link after a create: what was sent is agreed; what was not, each side may still tell the other."""
    agreed = Plan()
    for name in scope.names:
        value = payload.get(name, False if scope.by_name[name].remote.type == "boolean" else None)
        if name in item.local:
            agreed.agree_to_differ(name, item.local[name], value)
        elif scope.by_name[name].field.name != "owner":
            agreed.agree(name, value)
    return Linked(remote_id, scope.remote_object, agreed, SyncEvent.Kind.CREATED, note=item.note, sent=payload)


def _link_twins(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Before creating, ask for what is there already: exactly one unlinked twin is linked instead."""
    objects = LOOKED_THROUGH.get(RecordKind(scope.kind), ())
    asked = [item for item in still_open(items) if not item.row.create_anyway]
    if not objects or not asked:
        return
    scopes = {name: scope if name == scope.remote_object else Scope.load(scope.connection, name) for name in objects}
    fields = {name: scopes[name].names for name in objects}
    answers = provider.find(objects, [wanted(item.record) for item in asked], fields)
    links = links_by_remote_id([twin.id for found in answers for twin in found])
    taken: set[str] = set()
    on_purpose: list[str] = []
    seen = _seen_as(scopes, [item for item, found in zip(asked, answers, strict=True) if found])
    for item, found in zip(asked, answers, strict=True):
        twins = sort_out(found, links, taken)
        if twins.are_several and not item.row.is_automatic:
            item.outcome = Rejected(_which_one(scopes, twins), ErrorEntry.By.TANDEM, item.local)
        elif chosen := twins.only or _best(scope, item, twins.unlinked):
            taken |= {chosen.id, twins.also_lead_id} - {""}
            item.scope = scopes[chosen.remote_object]
            item.seen = seen[chosen.remote_object][item.record.pk]
            item.outcome = _adopted(item, chosen, twins)
        elif twins.linked:
            item.note = MADE_ON_PURPOSE
            on_purpose += [twin.id for twin in twins.linked]
    RecordLink.objects.filter(remote_id__in=on_purpose).update(note=MADE_ON_PURPOSE)
    _write_adopted(claim, scopes, items, provider)


def _best(scope: Scope, item: Item, twins: Sequence[RemoteRecord]) -> RemoteRecord | None:
    """Of several records that one may be: the same owner's, then the latest changed, then the oldest."""
    owners = [pair.name for pair in scope.pairs if pair.field.name == "owner"]
    return min(
        twins,
        key=lambda twin: (
            any(twin.values.get(name) != item.seen.get(name) for name in owners),
            -twin.edited_at.timestamp(),
            twin.id,
        ),
        default=None,
    )


def _seen_as(scopes: dict[str, Scope], items: Sequence[Item]) -> dict[str, dict[int, dict[str, Value]]]:
    """Our records in the words of each object that they may turn out to be."""
    records = [item.record for item in items]
    return {name: scope.express(records, scope.vocabulary(records)) for name, scope in scopes.items()}


def _which_one(scopes: dict[str, Scope], twins: Twins) -> Problem:
    candidates = [
        {"remote_object": twin.remote_object, "remote_id": twin.id, "name": _name_of(scopes[twin.remote_object], twin)}
        for twin in twins.unlinked
    ]
    message = (
        f"Salesforce has {len(candidates)} records that look like this one. Choose one to link, or create another."
    )
    return Problem("SEVERAL_MATCHES", "", message, {"candidates": candidates})


def _name_of(scope: Scope, twin: RemoteRecord) -> str:
    names = [pair.name for pair in scope.pairs if pair.field.name in {"first_name", "last_name", "name"}]
    parts = (twin.values.get(name) for name in names)
    return " ".join(str(part) for part in parts if part)


def _adopted(item: Item, twin: RemoteRecord, twins: Twins) -> Linked:
    """First link: their non-empty values win, their empty ones are filled with ours."""
    scope = item.scope
    item.local = dict(item.seen)
    withhold(scope, item)
    values = {name: normal(scope.by_name[name].remote, value) for name, value in twin.values.items()}
    first = plan(None, item.local, values, scope.rules, Side.THEIRS)
    drop_unwritable(scope, first, values)
    note = "Linked to the record that Salesforce had already."
    if twins.are_several:
        note = f"Linked to one of {len(twins.unlinked)} records in Salesforce that look like it: please check."
    return Linked(twin.id, twin.remote_object, first, SyncEvent.Kind.LINKED, twin, twins.also_lead_id, note)


def _write_adopted(claim: Claim, scopes: dict[str, Scope], items: Sequence[Item], provider: Provider) -> None:
    """Fill the empty fields of records that were linked instead of created."""
    for name, scope in scopes.items():
        chosen = [
            item
            for item in items
            if isinstance(item.outcome, Linked)
            and item.outcome.kind == SyncEvent.Kind.LINKED
            and item.outcome.remote_object == name
            and item.outcome.plan.to_remote
        ]
        write(claim, scope, chosen, provider)


def _create(
    claim: Claim, scope: Scope, items: Sequence[Item], payloads: dict[int, dict[str, Value]], provider: Provider
) -> None:
    if not items:
        return
    kept = outbox.note_sent(claim, {item.row.pk: payloads[item.row.pk] for item in items}, provider.clock())
    mine = [item for item in items if item.row.pk in kept]
    for item in items:
        if item not in mine:
            item.outcome = Waits("Another worker has taken it over.")
    claim.sending = [item.row for item in mine]
    answers = answers_of(
        claim,
        scope,
        provider,
        lambda: provider.create(scope.remote_object, [payloads[item.row.pk] for item in mine]),
        mine,
    )
    claim.sending = []
    for item, answer in zip(mine, answers, strict=True):
        payload = payloads[item.row.pk]
        match answer:
            case Accepted(remote_id):
                item.outcome = _created(scope, item, remote_id, payload)
            case Later(code, message):
                item.outcome = tried_again(item.row, code, message, payload)
            case Refused():
                item.outcome = rejected(answer, payload)
