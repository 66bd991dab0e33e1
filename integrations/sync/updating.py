"""Pushing changes of linked records: what Salesforce has is read first, so that no edit is overwritten unseen."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from common.bulk import any_of
from integrations.models import Cursor, DeletionSettings, ErrorEntry, Outbox, RecordLink, SyncedKind, SyncEvent
from integrations.sync.copies import Copies, plan_all
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.fates import fates_of, follow_erased, note_fates
from integrations.sync.ingest import FillingIngest
from integrations.sync.linking import BASE, lead_beside, state, store_links
from integrations.sync.mapping import MISSING, Problem, normal
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item, LeftOut, Linked, Rejected, Relinked, Rerouted, Unlinked, tried_again
from integrations.sync.page import OVERLAP, is_gone
from integrations.sync.plan import Direction, Plan
from integrations.sync.provider import Provider, RemoteRecord, Value
from integrations.sync.scope import Scope, refresh
from integrations.sync.stages import learn
from integrations.sync.waiting import wait_for_parents
from integrations.sync.writing import drop_unwritable, set_aside, still_open, together, unfit, withhold, write_all


def push_changes(
    claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider, ingest: FillingIngest | None = None
) -> Iterator[list[Item]]:
    """Yields the records whose outcome is known: first those with nothing to send, then batch after batch.

    What ``ingest`` takes, travels with that.
    """
    _turn_back_unlinked(scope, items)
    set_aside(items)
    wait_for_parents(claim, scope, items)
    linked = still_open(items)
    found = provider.retrieve(scope.remote_object, [_link(item).remote_id for item in linked], scope.names)
    present = [None if remote is None or is_gone(remote) else remote for remote in found]
    learn(scope, present)
    _follow_lost(scope, [item for item, remote in zip(linked, present, strict=True) if remote is None], provider)
    _compare(scope, [(item, remote) for item, remote in zip(linked, present, strict=True) if remote is not None])
    compared = [item for item in linked if isinstance(item.outcome, Linked)]
    for item in compared:
        _refuse_bad(scope, item, provider)
    changed = [item for item in compared if isinstance(item.outcome, Linked) and item.outcome.plan.to_remote]
    to_send = list(changed)
    sent_later = {item.row.pk for item in to_send}
    yield [item for item in items if item.row.pk not in sent_later]
    # Children of one parent travel together: apart, they would lock each other out of it.
    to_send.sort(key=lambda item: _parents(scope, item))
    if ingest:
        to_send = ingest.take_changes(to_send)
    yield from write_all(claim, scope, to_send, provider)


def _parents(scope: Scope, item: Item) -> list[str]:
    return [str(item.local.get(pair.name) or "") for pair in scope.references]


def _link(item: Item) -> RecordLink:
    assert item.link is not None, "updates are of linked records"
    return item.link


def _turn_back_unlinked(scope: Scope, items: Sequence[Item]) -> None:
    """A record that lost its link since it was queued is due as new, under the usual rules."""
    for item in still_open(items):
        if item.link is None:
            item.outcome = Rerouted(Outbox.Operation.CREATE, scope.remote_object)
        elif item.link.remote_object != scope.remote_object:
            item.outcome = Rerouted(Outbox.Operation.UPDATE, item.link.remote_object)


def _compare(scope: Scope, found: Sequence[tuple[Item, RemoteRecord]]) -> None:
    copies = []
    arrived = []
    for item, remote in found:
        withhold(scope, item)
        values, sent = _normal(scope, item, remote), item.row.sent or {}
        base = scope.recalled(item.base, item.local, values)
        item.base = base and base.after(sent, values)
        arrived += [item] if item.base is not base else []
        rules = scope.rules_of(item.record)
        copies.append(Copies(item.record, item.base, item.local, values, remote.edited_at, rules, sent))
    for (item, remote), one, agreed in zip(found, copies, plan_all(scope, copies), strict=True):
        _leave_to_stage(scope, item, agreed)
        scope.say_along(agreed, item.local)
        if not scope.settings.pulls:
            agreed.leave_ours(item.base)
        drop_unwritable(scope, item, agreed, one.remote)
        link = _link(item)
        item.outcome = Linked(link.remote_id, link.remote_object, agreed, SyncEvent.Kind.PUSHED, remote)
    if arrived:
        _keep_arrived(scope, arrived)


@on_deadlock_again
@transaction.atomic
def _keep_arrived(scope: Scope, items: Sequence[Item]) -> None:
    """What arrived without an answer is agreed, whatever becomes of what is sent next.

    A pull that wrote a link since it was read has seen as much, and more.
    """
    links = RecordLink.objects.filter(pk__in=any_of((_link(item).pk for item in items), "bigint"))
    present = dict(links.select_for_update().order_by("pk").values_list("pk", "updated_at"))
    untouched = [item for item in items if present.get(_link(item).pk) == _link(item).updated_at]
    for item in untouched:
        assert item.base is not None, "only where something was agreed can something have arrived since"
        link = _link(item)
        link.base, link.base_ours = scope.kept(item.base.theirs), scope.kept(item.base.ours)
        item.read = state(link)
    store_links([_link(item) for item in untouched], BASE)


def _normal(scope: Scope, item: Item, remote: RemoteRecord) -> dict[str, Value]:
    known = item.base.theirs if item.base else {}  # in normal form already
    values = {
        name: value if known.get(name, MISSING) == value else normal(scope.by_name[name].remote, value)
        for name, value in remote.values.items()
    }
    return values | {name: known.get(name) for name in scope.unread}


def _leave_to_stage(scope: Scope, item: Item, agreed: Plan) -> None:
    """A new stage brings what is the stage's along; what the record says itself must be said again, or it is lost."""
    if scope.by_field.get("stage") not in agreed.to_remote:
        return
    for pair in scope.pairs:
        if pair.field.name not in scope.type.stage_fields or pair.name not in item.local:
            continue
        if scope.is_of_stage(item.record, pair.field):
            agreed.to_remote.pop(pair.name, None)
        elif pair.rule.direction != Direction.IN and pair.name not in agreed.to_local:
            agreed.push(pair.name, item.local[pair.name])
            agreed.ours.pop(pair.name, None)


def _refuse_bad(scope: Scope, item: Item, provider: Provider) -> None:
    outcome = item.outcome
    assert isinstance(outcome, Linked), "only compared records are checked"
    found = unfit(scope, item, outcome.plan.to_remote, is_create=False)
    if found and refresh(scope, provider):
        found = unfit(scope, item, outcome.plan.to_remote, is_create=False)
    if found:
        item.outcome = Rejected(together(found), ErrorEntry.By.TANDEM, outcome.plan.to_remote)


def _follow_lost(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Records that the login can't see any more: merged, converted, deleted, or hidden from it."""
    if not items:
        return
    read_at = timezone.now()
    fates = fates_of(scope.remote_object, [_link(item).remote_id for item in items], provider)
    for item in items:
        fate = fates.get(_link(item).remote_id)
        if fate is None:
            item.outcome = not_visible()
        elif not is_gone(fate):
            item.outcome = tried_again(item.row, "ENTITY_IS_DELETED", "It was gone for a moment.", {})
        else:
            item.outcome = followed(fate)
    _leave_to_pull(scope, items, fates, provider, read_at)


def not_visible() -> Rejected:
    problem = Problem("NOT_VISIBLE", "", "Salesforce does not show this record to the login that was used.")
    return Rejected(problem, ErrorEntry.By.REMOTE)


def _leave_to_pull(
    scope: Scope, items: Sequence[Item], fates: Mapping[str, RemoteRecord], provider: Provider, read_at: datetime
) -> None:
    """A pull deletes here what was deleted there, where that is synced, and brings together two records of ours.

    What a pull has passed already it does not see again: then the link is dropped. What it has yet to see is noted at
    once, so that an edit of ours is compared again should the record be back by then.
    """
    heirs = any_of({item.outcome.remote_id for item in items if isinstance(item.outcome, Relinked)})
    taken = dict(RecordLink.objects.filter(remote_id__in=heirs).values_list("remote_id", "pk"))
    cursor = Cursor.objects.filter(connection=scope.connection, remote_object=scope.remote_object).first()
    passed = cursor.position - OVERLAP if cursor and cursor.position else None
    follows = DeletionSettings.of(scope.connection, scope.remote_object).sync_deletes
    left: list[RemoteRecord] = []
    for item in items:
        heir = taken.get(item.outcome.remote_id) if isinstance(item.outcome, Relinked) else None
        is_taken = heir not in (None, _link(item).pk)
        is_followed = isinstance(item.outcome, Unlinked) and (follows or lead_beside(_link(item)))
        if is_taken or is_followed:
            fate = fates[_link(item).remote_id]
            if passed and fate.changed_at < passed:
                item.outcome = Unlinked(getattr(item.outcome, "reason", ""))
            else:
                item.outcome = LeftOut("It was deleted or merged in Salesforce: the next pull follows.")
                left.append(fate)
    if scope.kind != SyncedKind.ACTIVITY:  # a pull deletes tasks at once
        note_fates(scope, [fate for fate in left if not fate.is_erased], provider.clock(), read_at)
    follow_erased(scope, [fate for fate in left if fate.is_erased], provider.clock(), read_at)
    if cursor and left:
        Cursor.objects.filter(pk=cursor.pk).update(due_at=timezone.now())


def followed(fate: RemoteRecord) -> Relinked | Unlinked:
    if fate.merged_into:
        return Relinked(fate.merged_into, fate.remote_object, "Salesforce merged it into another record.")
    if contact_id := fate.converted_to.get("Contact"):
        return Relinked(contact_id, "Contact", "Salesforce converted the lead to a contact.")
    return Unlinked("It was deleted in Salesforce.")
