"""The push engine: a claim of one login, one object and one operation goes out in one batch, and is settled.

No transaction or lock is held while Salesforce is being asked. Whatever is cut off is cured by planning again; a
create is written down before it is sent, and looked for before it is sent again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings

from common.models import Record, RecordKind
from integrations.models import ErrorEntry, Lane, ObjectSettings, Outbox, RecordLink, Run, SyncEvent
from integrations.sync import outbox
from integrations.sync.credentials import Logins
from integrations.sync.eligibility import kept_out
from integrations.sync.mapping import Problem, normal, problems
from integrations.sync.matching import LOOKED_THROUGH, Twins, links_by_remote_id, sort_out, wanted
from integrations.sync.outbox import Claim
from integrations.sync.parents import join_accounts
from integrations.sync.plan import Plan, Side, plan
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
    Wanted,
)
from integrations.sync.scope import Scope, refresh
from integrations.sync.settle import (
    PARENT_NOT_SYNCED,
    Item,
    LeftOut,
    Linked,
    Rejected,
    Relinked,
    Rerouted,
    Unlinked,
    Waits,
    rejected,
    settle,
    tried_again,
)

SECOND_LOOK = 10  # seconds between looks for what a create of unknown outcome made
CLOCK_STEP = timedelta(seconds=1)  # the other side stamps whole seconds
COMPANY = "company_name"


def push(claim: Claim, provider: Provider, run: Run) -> None:
    """Send what a claim holds and settle it.

    Raises CallFailed and ConnectionBroken when no answer could be had: the caller releases the claim and pauses. Raises
    RequestRefused when the org is not what it was described to be; it has then been described anew for the next try.
    """
    scope = Scope.load(claim.credential.connection, claim.remote_object)
    items = _load(claim, scope)
    try:
        if claim.operation == Outbox.Operation.CREATE:
            _push_new(claim, scope, items, provider)
        else:
            _push_changes(claim, scope, items, provider)
    except RequestRefused:
        for name in {scope.remote_object, *LOOKED_THROUGH.get(RecordKind(scope.kind), ())}:
            refresh(Scope.load(scope.connection, name), provider)
        raise
    settle(claim, scope, items, run, _login_reasons(claim, items))


def _load(claim: Claim, scope: Scope) -> list[Item]:
    """The records of a claim. Rows of records that are gone here are dropped."""
    ids = [row.record_id for row in claim.rows]
    records = {record.pk: record for record in _records(scope, ids)}
    Outbox.objects.filter(claim_token=claim.token).exclude(record_id__in=records).delete()
    links = {link.record_id: link for link in RecordLink.objects.live().of(scope.kind, ids)}
    expressed = scope.express(list(records.values()), scope.vocabulary(list(records.values())))
    return [
        Item(row, records[row.record_id], links.get(row.record_id), scope, expressed[row.record_id])
        for row in claim.rows
        if row.record_id in records
    ]


def _records(scope: Scope, ids: Sequence[int]) -> Iterable[Record]:
    related = [pair.field.name for pair in scope.references]
    return scope.type.model._default_manager.filter(pk__in=ids).select_related("stage", *related).order_by("pk")


def _login_reasons(claim: Claim, items: Sequence[Item]) -> dict[int, str]:
    logins = Logins(claim.credential.connection)
    return {item.row.pk: logins.choose(claim.operation, item.record.origin, item.row.actor_id).reason for item in items}


def _open(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.is_open]


# --- creating ---------------------------------------------------------------------------------------------------------


def _push_new(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    _turn_back_linked(items)
    _hold_back(scope, items)
    _join_accounts(scope, _open(items))
    _wait_for_parents(claim, scope, items)
    for item in _open(items):
        _withhold(scope, item)
    payloads = {item.row.pk: _payload(scope, item) for item in _open(items)}
    _check(scope, _open(items), payloads, provider, is_create=True)
    _find_own(scope, items, payloads, provider)
    _link_twins(claim, scope, items, provider)
    _create(claim, scope, _open(items), payloads, provider)


def _turn_back_linked(items: Sequence[Item]) -> None:
    """A record that was linked since it was queued is due as an update."""
    for item in items:
        if item.link:
            item.outcome = Rerouted(Outbox.Operation.UPDATE, item.link.remote_object)


def _hold_back(scope: Scope, items: Sequence[Item]) -> None:
    for item in _open(items):
        is_wanted = item.row.is_manual or item.row.is_automatic or item.row.sent_at
        if not is_wanted and (reason := kept_out(item.record, scope.settings)):
            item.outcome = LeftOut(reason)


def _wait_for_parents(claim: Claim, scope: Scope, items: Sequence[Item]) -> None:
    """A record that another needs goes first; it gets a row of its own and is created only through that."""
    for pair in scope.references:
        lacking = [item for item in _open(items) if pair.name not in item.local]
        parents = {parent.pk: parent for item in lacking if (parent := getattr(item.record, pair.field.name))}
        refused = {
            entry.record_id: entry for entry in ErrorEntry.objects.open().of(pair.field.reference, list(parents))
        }
        circular = _circular(lacking) if pair.field.name == "parent" else set()
        for item in lacking:
            if item.record.pk not in circular:
                parent_id = pair.field.get(item.record)
                item.outcome = _wait_for(pair.field.reference, parents[parent_id], refused.get(parent_id), item)
        needed = [
            parents[item.outcome.parent[1]]
            for item in lacking
            if isinstance(item.outcome, Waits) and item.outcome.parent
        ]
        if needed:
            kind, head = RecordKind(pair.field.reference), claim.rows[0]
            unique = list({parent.pk: parent for parent in needed}.values())
            lane = Lane(head.lane)
            outbox.mark_due(scope.connection, kind, unique, lane=lane, actor_id=head.actor_id, is_automatic=True)


def _circular(items: Sequence[Item]) -> set[int]:
    """Records that are, through their parents, their own parent: they would wait for ever, and go without instead."""
    above = {item.record.pk: getattr(item.record, "parent_id", None) for item in items}
    model = type(items[0].record) if items else None
    todo = set(above.values()) - {None} - set(above)
    while model and todo:
        rows = dict(model._default_manager.filter(pk__in=todo, crm_id="").values_list("pk", "parent_id"))
        above |= rows
        todo = set(rows.values()) - {None} - set(above)
    return {item.record.pk for item in items if _returns(item.record.pk, above)}


def _returns(start: int, above: dict[int, int | None]) -> bool:
    seen, present = {start}, above.get(start)
    while present is not None and present not in seen:
        seen.add(present)
        present = above.get(present)
    return present == start


def _wait_for(kind: str, parent: Record, refused: ErrorEntry | None, item: Item) -> Waits | Rejected:
    if refused is None:
        return Waits(f"Its {kind}, {parent}, goes first.", parent=(kind, parent.pk))
    message = f"Its {kind}, {parent}, could not be pushed: {refused.message}"
    problem = Problem(PARENT_NOT_SYNCED, "", message, {"parent_kind": kind, "parent_id": parent.pk})
    return Rejected(problem, ErrorEntry.By.TANDEM, item.local)


def _join_accounts(scope: Scope, items: Sequence[Item]) -> None:
    """A contact without an account joins, or makes, the account of its company."""
    pair = next((pair for pair in scope.references if pair.field.name == "account"), None)
    if pair is None or scope.kind != RecordKind.CONTACT:
        return
    lonely = [item for item in items if pair.field.get(item.record) is None and item.local.get(pair.name) is None]
    contacts = [item.record for item in lonely]
    join_accounts(contacts, make=True)  # type: ignore[arg-type]
    for item in lonely:
        account = item.record.account  # type: ignore[attr-defined]
        if account is not None:
            item.local.pop(pair.name, None)
            item.local |= {pair.name: account.crm_id} if account.crm_id else {}
        elif scope.settings.without_account == ObjectSettings.WithoutAccount.HOLD and not item.row.is_manual:
            item.outcome = LeftOut("It has no account, and contacts without one are kept out of Salesforce.")


def _withhold(scope: Scope, item: Item) -> None:
    """Leave out what a setting keeps here: an unverified address, the owner of an account that nobody asked for."""
    for pair in scope.pairs:
        is_unverified = getattr(item.record, "email_status", "") == "unverified"
        if pair.field.name == "email" and is_unverified and not scope.settings.push_unverified_emails:
            item.local.pop(pair.name, None)
        if pair.field.name == "owner" and item.row.is_automatic:
            item.local.pop(pair.name, None)


def _payload(scope: Scope, item: Item) -> dict[str, Value]:
    """What to create: every value that is not empty, the source, and the company that a lead must have."""
    fields = scope.description.fields
    payload = {
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


def _check(
    scope: Scope, items: Sequence[Item], payloads: dict[int, dict[str, Value]], provider: Provider, *, is_create: bool
) -> None:
    """Refuse here what Salesforce would refuse; but only by a fresh description, for an admin may just have mended it."""
    for item in items:
        found = problems(payloads[item.row.pk], scope.description, is_create=is_create)
        if found and refresh(scope, provider):
            found = problems(payloads[item.row.pk], scope.description, is_create=is_create)
        if found:
            item.outcome = Rejected(_together(found), ErrorEntry.By.TANDEM, payloads[item.row.pk])


def _together(found: Sequence[Problem]) -> Problem:
    """Several problems of one record as one: the first one's code, everybody's message."""
    first = found[0]
    details = {**first.details, "fields": [problem.field for problem in found]}
    return Problem(first.code, first.field, " ".join(problem.message for problem in found), details)


def _find_own(scope: Scope, items: Sequence[Item], payloads: dict[int, dict[str, Value]], provider: Provider) -> None:
    """After a create whose outcome nobody knows: look for what it may have made before daring again."""
    lost = [item for item in _open(items) if item.row.sent_at]
    if not lost:
        return
    since = min(item.row.sent_at for item in lost if item.row.sent_at) - CLOCK_STEP
    made = list(provider.created_by_us(scope.remote_object, since, scope.names))
    linked = links_by_remote_id([record.id for record in made])
    free = [record for record in made if record.id not in linked]
    for item in lost:
        _recognise(scope, item, free, item.row.sent or payloads[item.row.pk])
        if item.is_open and item.row.sent_at and provider.clock() - item.row.sent_at < patience():
            item.outcome = Waits(
                "Its creation was sent, but the answer was lost: finding out what became of it.", SECOND_LOOK
            )


def patience() -> timedelta:
    """How long a create whose answer was lost may still take effect; only then is it sent again."""
    return timedelta(seconds=2 * settings.SALESFORCE_TIMEOUT)


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


def _created(scope: Scope, item: Item, remote_id: str, payload: Values, note: str = "") -> Linked:
    """The link after a create: what was sent is agreed; what was not, each side may still tell the other."""
    agreed = Plan()
    for name in scope.names:
        value = payload.get(name, False if scope.by_name[name].remote.type == "boolean" else None)
        if name in item.local:
            agreed.agree_to_differ(name, item.local[name], value)
        elif scope.by_name[name].field.name != "owner":
            agreed.agree(name, value)
    return Linked(remote_id, scope.remote_object, agreed, SyncEvent.Kind.CREATED, note=note, sent=payload)


def _link_twins(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Before creating, ask for what is there already: exactly one unlinked twin is linked instead."""
    objects = LOOKED_THROUGH.get(RecordKind(scope.kind), ())
    asked = [item for item in _open(items) if not item.row.create_anyway]
    if not objects or not asked:
        return
    scopes = {name: scope if name == scope.remote_object else Scope.load(scope.connection, name) for name in objects}
    fields = {name: scopes[name].names for name in objects}
    answers = provider.find(objects, [_wanted(item) for item in asked], fields)
    links = links_by_remote_id([twin.id for found in answers for twin in found])
    taken: set[str] = set()
    for item, found in zip(asked, answers, strict=True):
        twins = sort_out(found, links, taken)
        if twins.are_several:
            item.outcome = Rejected(_which_one(twins), ErrorEntry.By.TANDEM, item.local)
        elif only := twins.only:
            taken |= {only.id, twins.also_lead_id} - {""}
            item.outcome = _adopted(scopes[only.remote_object], item, only, twins.also_lead_id)
    _write_adopted(claim, scopes, items, provider)


def _wanted(item: Item) -> Wanted:
    return wanted(item.record)


def _which_one(twins: Twins) -> Problem:
    candidates = [{"remote_object": twin.remote_object, "remote_id": twin.id} for twin in twins.unlinked]
    message = (
        f"Salesforce has {len(candidates)} records that look like this one. Choose one to link, or create another."
    )
    return Problem("SEVERAL_MATCHES", "", message, {"candidates": candidates})


def _adopted(scope: Scope, item: Item, twin: RemoteRecord, also_lead_id: str) -> Linked:
    """First link: their non-empty values win, their empty ones are filled with ours."""
    if item.scope is not scope:
        item.scope = scope
        item.seen = scope.express([item.record], scope.vocabulary([item.record]))[item.record.pk]
        item.local = dict(item.seen)
        _withhold(scope, item)
    values = {name: normal(scope.by_name[name].remote, value) for name, value in twin.values.items()}
    first = plan(None, item.local, values, scope.rules, Side.THEIRS)
    _drop_unwritable(scope, first, values)
    note = "Linked to the record that Salesforce had already."
    return Linked(twin.id, twin.remote_object, first, SyncEvent.Kind.LINKED, twin, also_lead_id, note)


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
        _write(claim, scope, chosen, provider)


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
    answers = _answers(
        claim,
        scope,
        provider,
        lambda: provider.create(scope.remote_object, [payloads[item.row.pk] for item in mine]),
        mine,
    )
    for item, answer in zip(mine, answers, strict=True):
        payload = payloads[item.row.pk]
        match answer:
            case Accepted(remote_id):
                item.outcome = _created(scope, item, remote_id, payload)
            case Later(code, message):
                item.outcome = tried_again(item.row, code, message, payload)
            case Refused():
                item.outcome = rejected(answer, payload)


def _answers(
    claim: Claim, scope: Scope, provider: Provider, call: Callable[[], Sequence[Answer]], items: Sequence[Item]
) -> Sequence[Answer]:
    """A batch that Salesforce refuses whole is refused for each of its records: the reason stands at each.

    Raises RequestRefused when our description of the object was old: with the new one the batch may be sent again.
    """
    if not items:
        return []
    try:
        return call()
    except RequestRefused as error:
        outbox.forget_sent(claim.token)
        if refresh(scope, provider):
            raise
        return [Refused(error.code, error.message)] * len(items)


# --- updating ---------------------------------------------------------------------------------------------------------


def _push_changes(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    _turn_back_unlinked(scope, items)
    _wait_for_parents(claim, scope, items)
    linked = _open(items)
    present = provider.retrieve(scope.remote_object, [_link(item).remote_id for item in linked], scope.names)
    _follow_lost(scope, [item for item, remote in zip(linked, present, strict=True) if remote is None], provider)
    for item, remote in zip(linked, present, strict=True):
        if remote is not None:
            item.outcome = _compared(scope, item, remote)
    changed = [item for item in linked if isinstance(item.outcome, Linked) and item.outcome.plan.to_remote]
    for item in changed:
        _refuse_bad(scope, item, provider)
    _write(claim, scope, [item for item in changed if isinstance(item.outcome, Linked)], provider)


def _link(item: Item) -> RecordLink:
    assert item.link is not None, "updates are of linked records"
    return item.link


def _turn_back_unlinked(scope: Scope, items: Sequence[Item]) -> None:
    """A record that lost its link since it was queued is due as new, under the usual rules."""
    for item in items:
        if item.link is None:
            item.outcome = Rerouted(Outbox.Operation.CREATE, scope.remote_object)
        elif item.link.remote_object != scope.remote_object:
            item.outcome = Rerouted(Outbox.Operation.UPDATE, item.link.remote_object)


def _compared(scope: Scope, item: Item, remote: RemoteRecord) -> Linked:
    link = _link(item)
    latest = Side.OURS if item.row.queued_at > remote.edited_at else Side.THEIRS
    _withhold(scope, item)
    values = {name: normal(scope.by_name[name].remote, value) for name, value in remote.values.items()}
    agreed = plan(item.base, item.local, values, scope.rules, latest)
    _drop_unwritable(scope, agreed, values)
    return Linked(link.remote_id, link.remote_object, agreed, SyncEvent.Kind.PUSHED, remote)


def _drop_unwritable(scope: Scope, agreed: Plan, remote: Values) -> None:
    """A field that the login may not write is left alone; the rest goes."""
    for name in [name for name in agreed.to_remote if not scope.description.fields[name].is_updateable]:
        agreed.agree_to_differ(name, agreed.to_remote.pop(name), remote[name])


def _refuse_bad(scope: Scope, item: Item, provider: Provider) -> None:
    outcome = item.outcome
    assert isinstance(outcome, Linked), "only compared records are checked"
    found = problems(outcome.plan.to_remote, scope.description, is_create=False)
    if found and refresh(scope, provider):
        found = problems(outcome.plan.to_remote, scope.description, is_create=False)
    if found:
        item.outcome = Rejected(_together(found), ErrorEntry.By.TANDEM, outcome.plan.to_remote)


def _write(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Send the changes of linked records and turn the answers into outcomes."""
    outcomes: list[Any] = [item.outcome for item in items]
    changes = [(outcome.remote_id, outcome.plan.to_remote) for outcome in outcomes]
    answers = _answers(claim, scope, provider, lambda: provider.update(scope.remote_object, changes), items)
    for item, outcome, answer in zip(items, outcomes, answers, strict=True):
        payload = outcome.plan.to_remote
        match answer:
            case Accepted():
                item.outcome = replace(outcome, sent=dict(payload))
            case Later(code, message):
                item.outcome = tried_again(item.row, code, message, payload)
            case Refused():
                item.outcome = rejected(answer, payload)


def _follow_lost(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Records that the login can't see any more: merged, converted, deleted, or hidden from it."""
    if not items:
        return
    fates = provider.fates(scope.remote_object, [_link(item).remote_id for item in items])
    for item in items:
        fate = fates.get(_link(item).remote_id)
        if fate is None:
            problem = Problem("NOT_VISIBLE", "", "Salesforce does not show this record to the login that was used.")
            item.outcome = Rejected(problem, ErrorEntry.By.REMOTE)
        else:
            item.outcome = followed(fate)


def followed(fate: RemoteRecord) -> Relinked | Unlinked:
    if fate.merged_into:
        return Relinked(fate.merged_into, fate.remote_object, "Salesforce merged it into another record.")
    if contact_id := fate.converted_to.get("Contact"):
        return Relinked(contact_id, "Contact", "Salesforce converted the lead to a contact.")
    return Unlinked("It was deleted in Salesforce.")
