"""Write down what a batch of pushes came to: facts always, *done* only where nobody edited meanwhile."""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import pghistory
from django.db import transaction
from django.utils import timezone

from common.bulk import any_of, copy_in, maker, write_columns
from common.logs import about
from common.models import Record
from integrations.models import ErrorEntry, Lane, Outbox, RecordLink, Run, SyncedKind, SyncEvent
from integrations.sync import outbox
from integrations.sync.activities import leaving
from integrations.sync.activities.writer import writer_for
from integrations.sync.casting import records_arrived
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.linking import (
    AGREED,
    agree,
    dropped,
    is_guess,
    is_still_linked,
    moved,
    reword,
    state,
    store_links,
)
from integrations.sync.orphans import bury_made
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import (
    PARENT_NOT_SYNCED,
    Item,
    LeftOut,
    Linked,
    Rejected,
    Relinked,
    Rerouted,
    Unlinked,
    Waits,
)
from integrations.sync.plan import Conflict, Side
from integrations.sync.provider import Value
from integrations.sync.records import PARENTS, model_of
from integrations.sync.scope import Scope

logger = logging.getLogger(__name__)

ERROR_COLUMNS = ["record_name", "operation", "remote_object", "remote_id", "by", "code", "message", "fields", "details"]
ERROR_COLUMNS += ["payload", "actor", "credential", "credential_reason", "attempts", "last_at"]
ROW_COLUMNS = ["operation", "remote_object", "attempts", "next_attempt_at", "wait_reason", "parent_kind", "parent_id"]
ROW_COLUMNS += ["claim_token", "claimed_until", "sent_at", "sent", "parts_sent_at", "batch_limit", "run", "job"]


def settle(claim: Claim, scope: Scope, items: Sequence[Item], run: Run, reasons: dict[int, str]) -> None:
    """Store a batch. ``reasons``: per row, why its login was chosen."""
    with pghistory.context(source="Salesforce", run=run.pk):
        _settle(claim, scope, items, run, reasons)
    _log_refusals(items)


def _log_refusals(items: Iterable[Item]) -> None:
    """A line for each, with ids: the error log has the words, which may quote the record."""
    for item in items:
        if isinstance(item.outcome, Rejected):
            ids = {"link_id": item.link.pk} if item.link else {}
            with about(record_kind=item.scope.kind, record_id=item.record.pk, **ids):
                logger.warning("Refused by %s: %s", item.outcome.by, item.outcome.problem.code)


@on_deadlock_again
@transaction.atomic
def _settle(claim: Claim, scope: Scope, items: Sequence[Item], run: Run, reasons: dict[int, str]) -> None:
    facts = [item for item in items if isinstance(item.outcome, Linked | Relinked | Unlinked)]
    # Records before rows, as an edit locks them.
    present = _locked(scope, facts)
    found = [item for item in facts if item.record.pk in present]
    _note_overtaken(found)
    finished = outbox.finish(claim, [item.row for item in items if _is_final(item)])
    rows = _still_held(claim, [item for item in items if item.row.pk not in finished])
    known = _undisputed(scope, [item for item in found if not item.is_overtaken and not item.has_ended])
    _stamp_overtaken(found)
    for one in {item.scope.remote_object: item.scope for item in known}.values():
        _store_links(one, [item for item in known if item.scope is one], claim)
    _close_errors(scope, items)
    _store_errors(scope, items, claim, reasons)
    _store_rows([item for item in items if item.row.pk in rows], rows)
    if scope.kind == SyncedKind.ACTIVITY:
        leaving.stay_where_sent([item.record.pk for item in known if item.link is None])
    _bury(scope, [item for item in facts if item.record.pk not in present])
    _wake_children(scope, items)
    _tell_of_arrivals(scope, known)
    copy_in(list(_events(scope, items, claim, run, reasons)))
    left_out = Counter(item.outcome.reason for item in items if isinstance(item.outcome, LeftOut))
    run.reasons = dict(left_out + Counter(run.reasons))
    conflicts = sum(len(item.outcome.plan.conflicts) for item in _linked(items))
    run.count(**_counts(items), conflicts=conflicts, waited=_waited(items))
    for whole in Run.objects.filter(pk__in={item.row.run_id for item in items if item.row.run_id}):
        whole.count(**_counts([item for item in items if item.row.run_id == whole.pk]))


def _is_final(item: Item) -> bool:
    """Whether the row is done with, unless the record was edited meanwhile."""
    outcome = item.outcome
    if item.has_ended:
        return True
    has_more_to_do = isinstance(outcome, Relinked | Rerouted) or (isinstance(outcome, Linked) and outcome.is_stale)
    has_more_to_do |= item.is_overtaken
    return not has_more_to_do and not isinstance(outcome, Waits) and not isinstance(item.rest, Waits)


def _still_held(claim: Claim, items: Sequence[Item]) -> dict[int, Outbox]:
    """The rows of items that go on waiting; those of lost claims are left alone."""
    ids = any_of((item.row.pk for item in items), "bigint")
    return {row.pk: row for row in outbox.held(claim.token).filter(pk__in=ids)} if items else {}


def _linked(items: Iterable[Item]) -> list[Any]:
    return [item for item in items if isinstance(item.outcome, Linked)]


def _locked(scope: Scope, items: Sequence[Item]) -> set[int]:
    """Lock the records; returns those that are still there."""
    ids = any_of((item.record.pk for item in items), "bigint")
    rows = scope.type.model._default_manager.filter(pk__in=ids).select_for_update().order_by("pk")
    return set(rows.values_list("pk", flat=True))


def _note_overtaken(items: Sequence[Item]) -> None:
    """Mark items whose links a pull wrote to, or ended, since they were read.

    What others agreed on meanwhile is not written over: what was sent stays noted, as if no answer had come, and is
    found again by the next comparison.
    """
    linked = [(item, item.link) for item in items if item.link and item.link.pk]
    stored = RecordLink.objects.in_bulk([link.pk for _, link in linked])
    for item, link in linked:
        now = stored.get(link.pk)
        item.has_ended = now is not None and not is_still_linked(now, link)
        item.is_overtaken = not item.has_ended and (now is None or state(now) != item.read)


def _stamp_overtaken(items: Sequence[Item]) -> None:
    """That they were pushed, by which older pages are known."""
    pushed = [item.link.pk for item in items if item.link and item.is_overtaken]
    if pushed:
        now = timezone.now()
        RecordLink.objects.filter(pk__in=any_of(pushed, "bigint")).update(pushed_at=now, updated_at=now)


def _records(scope: Scope, items: Sequence[Item]) -> dict[int, Record]:
    """The records that something is written to, as they are now."""
    ids = any_of((item.record.pk for item in items), "bigint")
    return {record.pk: record for record in scope.type.model._default_manager.filter(pk__in=ids)}


def _changes_ours(item: Item) -> bool:
    outcome = item.outcome
    is_settled = isinstance(outcome, Linked) and not outcome.plan.to_local
    return not is_settled or item.record.crm_id != _remote_id(item)


def _bury(scope: Scope, items: Sequence[Item]) -> None:
    """A record that was deleted here while it was being sent leaves a tombstone, or is deleted there as well."""
    for item in items:
        if isinstance(item.outcome, Linked) and item.link is None:
            link = RecordLink(connection=scope.connection, record_kind=scope.kind, record_id=item.record.pk)
            link.remote_object, link.remote_id = item.outcome.remote_object, item.outcome.remote_id
            agree(link, item.scope, item.outcome.plan)
            bury_made(link, [item.record], item.row)


def _undisputed(scope: Scope, items: Sequence[Item]) -> list[Item]:
    """Leave out a record that was linked to another one while we were sending: its link stands, ours is said in the
    log.
    """
    fresh = [item.record.pk for item in items if item.link is None]
    links = RecordLink.objects.live().of(scope.kind, fresh)
    present = dict(links.values_list("record_id", "remote_id")) if fresh else {}
    kept: list[Item] = []
    for item in items:
        if item.link or present.get(item.record.pk) in {None, _remote_id(item)}:
            kept.append(item)
        else:
            logger.error("%s %s is linked already; %s stands alone.", scope.kind, item.record.pk, _remote_id(item))
    return kept


def _remote_id(item: Item) -> str:
    return getattr(item.outcome, "remote_id", "")


def _store_links(scope: Scope, items: Sequence[Item], claim: Claim) -> None:
    changing = [item for item in items if _changes_ours(item)]
    if not changing:
        store_links([_link(scope, item, item.outcome, claim) for item in _linked(items)], AGREED)
        return
    records = _records(scope, changing)
    written = {item.record.pk: item.outcome.plan.to_local for item in _linked(changing) if item.outcome.plan.to_local}
    own = [record for pk, record in records.items() if pk in written]
    vocabulary = scope.vocabulary(own, list(written.values()))
    now = scope.express(own, vocabulary) if own else {}
    writer = writer_for(scope)
    links: list[RecordLink] = []
    for item in items:
        record = records.get(item.record.pk)
        match item.outcome:
            case Linked() as outcome:
                if record:
                    item.pulled = writer.carry_out(
                        record, outcome.plan, item.base, item.seen, now.get(record.pk, {}), vocabulary
                    )
                    writer.identify(record, outcome.remote_object, outcome.remote_id)
                links.append(_link(scope, item, outcome, claim))
            case Relinked() as outcome if item.link and record:
                links.append(_moved(scope, item.link, record, outcome))
                writer.identify(record, outcome.remote_object, outcome.remote_id)
            case Unlinked(reason) if item.link and record:
                links.append(dropped(item.link, reason))
                writer.identify(record, "", "")
    store_links(links)
    writer.flush()


def _moved(scope: Scope, link: RecordLink, record: Record, outcome: Relinked) -> RecordLink:
    if outcome.remote_object != link.remote_object:
        after = scope.of(outcome.remote_object)
        reword(link, scope, after, after.express([record], after.vocabulary([record]))[record.pk])
    return moved(link, outcome.remote_object, outcome.remote_id)


def _link(scope: Scope, item: Item, outcome: Linked, claim: Claim) -> RecordLink:
    link = item.link or RecordLink(connection=scope.connection, record_kind=scope.kind)
    link.record_id = item.record.pk
    link.remote_object, link.remote_id = outcome.remote_object, outcome.remote_id
    agree(link, scope, outcome.plan)
    link.also_lead_id = outcome.also_lead_id or link.also_lead_id
    link.note, link.to_check = outcome.note or link.note, link.to_check or is_guess(outcome.note)
    link.external_id = item.row.external_id or link.external_id
    link.dropped_at, link.drop_reason, link.gone_at, link.merged_into = None, "", None, ""
    link.pushed_at, link.credential, link.remote_changed_at = timezone.now(), claim.credential, None
    return link


def _close_errors(scope: Scope, items: Sequence[Item]) -> None:
    settled = [item.record.pk for item in items if isinstance(item.outcome, Linked | LeftOut) and not item.rest]
    entries = ErrorEntry.objects.open().of(scope.kind, settled)
    entries.update(closed_at=timezone.now(), closed_reason="The push went through.")


def _store_errors(scope: Scope, items: Sequence[Item], claim: Claim, reasons: dict[int, str]) -> None:
    """One open entry a record: a new refusal takes the place of the one that is there."""
    refused = [item for item in items if _refusal(item)]
    ids = [item.record.pk for item in refused]
    known = {entry.record_id: entry for entry in ErrorEntry.objects.open().of(scope.kind, ids).select_for_update()}
    entries = [_entry(scope, item, known.get(item.record.pk), claim, reasons) for item in refused]
    copy_in([entry for entry in entries if not entry.pk])
    write_columns([entry for entry in entries if entry.pk], ERROR_COLUMNS)


def _refusal(item: Item) -> Rejected | None:
    """Why the record, or something that hangs on it, was refused."""
    return next((one for one in (item.outcome, item.rest) if isinstance(one, Rejected)), None)


def _entry(scope: Scope, item: Item, known: ErrorEntry | None, claim: Claim, reasons: dict[int, str]) -> ErrorEntry:
    refusal = _refusal(item)
    assert refusal is not None, "only refusals have entries"
    problem = refusal.problem
    entry = known or ErrorEntry(
        connection=scope.connection, record_kind=scope.kind, record_id=item.record.pk, attempts=0
    )
    entry.record_name, entry.operation = str(item.record)[:255], claim.operation
    entry.remote_object, entry.remote_id = scope.remote_object, item.record.crm_id
    entry.by, entry.code, entry.message = refusal.by, problem.code, problem.message
    entry.fields = problem.details.get("fields") or ([problem.field] if problem.field else [])
    entry.details = {**problem.details, **_local_field(scope, problem.field)}
    entry.payload = dict(refusal.payload)
    entry.actor_id, entry.credential = item.row.actor_id, claim.credential
    entry.credential_reason = reasons.get(item.row.pk, "")
    entry.attempts, entry.last_at = entry.attempts + 1, timezone.now()
    return entry


def _local_field(scope: Scope, name: str) -> dict[str, Any]:
    """Where to mend it: our field, and what the org's description allows there."""
    pair = scope.by_name.get(name)
    if pair is None:
        return {}
    allowed = {"allowed": list(pair.remote.values)} if pair.remote.values else {}
    return {"local_field": pair.field.name, "label": pair.field.label, **allowed}


def _store_rows(items: Sequence[Item], rows: dict[int, Outbox]) -> None:
    """Free the rows of items that are not done with."""
    for item in items:
        row = rows[item.row.pk]
        row.claim_token = row.claimed_until = row.job = None
        row.run_id = None if _count(item) else row.run_id  # counted once, whatever becomes of it later
        waiting = item.rest if isinstance(item.rest, Waits) else item.outcome
        if item.is_overtaken:
            row.attempts, row.wait_reason, row.next_attempt_at = 0, "", timezone.now()
        elif isinstance(waiting, Waits):
            _keep_waiting(row, waiting)
        else:
            _plan_again(row, item)
    write_columns(list(rows.values()), ROW_COLUMNS)


def _keep_waiting(row: Outbox, outcome: Waits) -> None:
    row.wait_reason = outcome.reason
    row.parent_kind, row.parent_id = outcome.parent or ("", None)
    if outcome.parent is None:  # a row that waits for its parent keeps its place in the queue
        row.next_attempt_at = timezone.now() + timedelta(seconds=outcome.seconds)
    if outcome.is_counted:
        row.sent_at = row.sent = row.parts_sent_at = None  # answered: it was not created
        row.batch_limit = max(1, row.batch_limit // 4)  # the fewer travel together, the fewer locks they meet
    else:
        row.attempts = max(0, row.attempts - 1)  # an edit meanwhile set it to 0


def _plan_again(row: Outbox, item: Item) -> None:
    """Edited while it was being sent, or not what it was: due again, as what it is now."""
    row.sent_at, row.sent, row.parts_sent_at, row.attempts, row.wait_reason = None, None, None, 0, ""
    row.next_attempt_at = timezone.now()
    match item.outcome:
        case Linked(remote_object=remote_object) | Relinked(remote_object=remote_object):
            row.operation, row.remote_object = Outbox.Operation.UPDATE, remote_object
        case Rerouted(operation, remote_object):
            row.operation, row.remote_object = operation, remote_object
        case Unlinked():
            row.operation = Outbox.Operation.CREATE


def _wake_children(scope: Scope, items: Sequence[Item]) -> None:
    """Records that were refused because this one was not in Salesforce are due again."""
    parents = [item.record.pk for item in _linked(items)] if scope.kind in PARENTS else []
    if not parents:
        return
    entries = ErrorEntry.objects.open().filter(
        code=PARENT_NOT_SYNCED, details__parent_kind=scope.kind, details__parent_id__in=parents
    )
    by_kind: dict[str, list[ErrorEntry]] = defaultdict(list)
    for entry in entries:
        by_kind[entry.record_kind].append(entry)
    for kind, waiting in by_kind.items():
        ids = [entry.record_id for entry in waiting]
        records = list(model_of(kind)._default_manager.filter(pk__in=ids))
        outbox.mark_due(scope.connection, kind, records, lane=Lane.REAL_TIME, is_manual=True)


def _tell_of_arrivals(scope: Scope, items: Sequence[Item]) -> None:
    """Who takes part in deals can be said of contacts and deals that are there from now on."""
    arrived = [item.record.pk for item in items if item.record.crm_id != _remote_id(item)]
    records_arrived(scope.connection, scope.kind, arrived)


def _events(
    scope: Scope, items: Sequence[Item], claim: Claim, run: Run, reasons: dict[int, str]
) -> Iterable[SyncEvent]:
    make = maker(SyncEvent, record_kind=scope.kind, run=run, credential=claim.credential)
    for item in items:
        for kind, summary, changes in _stories(item.scope, item):
            event = make()
            event.record_id, event.actor_id, event.part_of_id = item.record.pk, item.row.actor_id, item.row.run_id
            event.kind, event.summary, event.changes = kind, summary, changes
            event.credential_reason = reasons.get(item.row.pk, "")
            yield event


def _stories(scope: Scope, item: Item) -> Iterable[tuple[SyncEvent.Kind, str, dict[str, Any]]]:
    match item.outcome:
        case Linked(plan=plan, kind=kind, note=note, sent=sent):
            before = item.base.theirs if item.base else {}
            changes = {name: [before.get(name), value] for name, value in sent.items()}
            if changes or item.people or kind != SyncEvent.Kind.PUSHED:
                yield kind, note, scope.readable(changes) | item.people
            if item.pulled:
                yield SyncEvent.Kind.PULLED, "", scope.readable(item.pulled)
            if item.left_out:
                yield SyncEvent.Kind.REFUSED, item.left_out, {}
            yield from conflict_stories(scope, [one for one in plan.conflicts if _is_decided(item, one)])
        case Unlinked() | Relinked() if item.is_overtaken or item.has_ended:
            pass  # whoever wrote to the link has told of it
        case Unlinked(reason):
            yield SyncEvent.Kind.UNLINKED, reason, {}
        case Relinked(reason=reason):
            yield SyncEvent.Kind.RELINKED, reason, {}
    if refusal := _refusal(item):
        yield SyncEvent.Kind.REFUSED, f"{refusal.problem.code}: {refusal.problem.message}", {}


def _is_decided(item: Item, conflict: Conflict) -> bool:
    """Whether no further comparison will find it."""
    return not item.is_overtaken or (isinstance(item.outcome, Linked) and conflict.name in item.outcome.sent)


def conflict_stories(
    scope: Scope, conflicts: Iterable[Conflict]
) -> Iterable[tuple[SyncEvent.Kind, str, dict[str, Any]]]:
    """A conflict's winner and loser, kept for people to see and to take back."""
    for conflict in conflicts:
        winner = "Tandem" if conflict.winner == Side.OURS else "Salesforce"
        told: dict[str, Value] = {"field": scope.by_name[conflict.name].field.name, "winner": str(conflict.winner)}
        told |= {"base": conflict.base, "ours": conflict.ours, "theirs": conflict.theirs}
        yield SyncEvent.Kind.CONFLICT, f"{winner}’s value was kept.", scope.readable({conflict.name: told})


def _waited(items: Sequence[Item]) -> float:
    """Seconds from the last save of each record until now that Salesforce has it, together."""
    now = timezone.now()
    return sum((now - item.row.queued_at).total_seconds() for item in items if _count(item) in {"created", "updated"})


def _counts(items: Sequence[Item]) -> Counter[str]:
    return Counter(filter(None, map(_count, items)))


def _count(item: Item) -> str:
    if isinstance(item.rest, Rejected):
        return "failed"
    match item.outcome:
        case Unlinked() | Relinked() if item.is_overtaken or item.has_ended:
            return "" if item.is_overtaken else "unchanged"
        case Linked(kind=SyncEvent.Kind.CREATED):
            return "created"
        case Linked(sent=sent):
            return "updated" if sent or item.pulled or item.people else "unchanged"
        case Unlinked():
            return "deleted"
        case Relinked():
            return "updated"
        case LeftOut():
            return "skipped"
        case Rejected():
            return "failed"
    return ""  # still waiting: another run will count it
