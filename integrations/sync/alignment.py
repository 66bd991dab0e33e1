"""Bringing newly mapped fields into step on records that were linked before: the usual plan, with a made-up base."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from common.bulk import any_of, copy_in
from common.models import Record, RecordKind
from integrations.models import Alignment, Lane, RecordLink, Run, SkippedRecord, SyncEvent
from integrations.sync import outbox
from integrations.sync.copies import Copies, plan_all
from integrations.sync.departures import locked
from integrations.sync.linking import BASE, agree, store_links
from integrations.sync.local import Writer
from integrations.sync.mapping import Vocabulary, normal
from integrations.sync.merging import leave_to_push
from integrations.sync.plan import Base, Direction, Plan, Rule, Winner
from integrations.sync.provider import Provider, RemoteRecord, Value, Values
from integrations.sync.scope import Scope
from integrations.sync.settle import conflict_stories
from integrations.sync.stages import learn

How = Alignment.How
CHUNK = 2_000  # records that are read in one call


def narrowed(scope: Scope, fields: Sequence[str], how: str) -> Scope:
    """The scope of some of our fields alone, of what moves together with them, and of what may go that way."""
    units = {pair.rule.unit for pair in scope.pairs if pair.field.name in fields} - {""}
    barred = {How.TAKE: Direction.OUT, How.FILL: Direction.IN}.get(How(how))
    pairs = [
        pair
        for pair in scope.pairs
        if (pair.field.name in fields or pair.rule.unit in units) and pair.rule.direction != barred
    ]
    return replace(scope, pairs=tuple(pairs))


def _terms(how: str, rules: Mapping[str, Rule]) -> tuple[Base | None, Mapping[str, Rule]]:
    """What the sides are taken to have agreed on, and the rules that hold.

    To take over: what they have is written here, what they lack stays here. To fill: what they lack is written there.
    By rule: as if both sides had been empty when they last agreed.
    """
    match how:
        case How.TAKE:
            return None, _only(rules, Direction.IN)
        case How.FILL:
            return None, _only(rules, Direction.OUT)
    return Base(dict.fromkeys(rules)), rules


def _only(rules: Mapping[str, Rule], direction: Direction) -> dict[str, Rule]:
    """As if every field went one way alone."""
    return {name: replace(rule, direction=direction, winner=Winner.THEIRS) for name, rule in rules.items()}


Read = Sequence[tuple[RecordLink, RemoteRecord | None]]


def read(scope: Scope, links: Sequence[RecordLink], provider: Provider) -> Read:
    """Links and their records as they are there, in normal form; one call for each 2,000."""
    found = provider.retrieve(scope.remote_object, [link.remote_id for link in links], scope.names)
    learn(scope, found)
    for remote in found:
        if remote is not None:
            remote.values = {name: normal(scope.by_name[name].remote, value) for name, value in remote.values.items()}
    return list(zip(links, found, strict=True))


@dataclass(frozen=True)
class Aligned:
    """A linked record and what would be written of it."""

    link: RecordLink
    record: Record
    remote: RemoteRecord
    plan: Plan
    local: Values


def compared(
    scope: Scope, how: str, read: Read, records: Mapping[int, Record], vocabulary: Vocabulary
) -> Iterator[Aligned]:
    """The records that can be compared. One that never was will be, as a whole, when its turn comes."""
    expressed = scope.express(list(records.values()), vocabulary)
    base, rules = _terms(how, scope.rules)
    found: list[tuple[RecordLink, RemoteRecord]] = []
    copies: list[Copies] = []
    for link, remote in read:
        record = records.get(link.record_id or 0)
        if record and remote and link.base:
            found.append((link, remote))
            copies.append(Copies(record, base, expressed[record.pk], remote.values, remote.edited_at, rules))
    for (link, remote), one, made in zip(found, copies, plan_all(scope, copies), strict=True):
        yield Aligned(link, one.record, remote, made, one.local)


def align(scope: Scope, alignment: Alignment, read: Read, read_at: datetime) -> None:
    """Carry a chunk out here, and queue what goes there; in the caller's transaction, with a fixed number of queries.

    A record that was unlinked, pushed or kept out of the sync since it was read is left as it is.
    """
    run = alignment.run
    records = locked(scope, [link.record_id for link, _ in read if link.record_id])
    vocabulary = scope.vocabulary(list(records.values()), [remote.values for _, remote in read if remote])
    writer, events, due, agreed = Writer(scope), list[SyncEvent](), list[Record](), list[RecordLink]()
    conflicts = 0
    for one in compared(scope, alignment.how, _still_linked(scope, read, read_at), records, vocabulary):
        written = writer.carry_out(one.record, one.plan, None, one.local, one.local, vocabulary)
        events += _stories(scope, one, written, run)
        conflicts += len(one.plan.conflicts)
        leave_to_push(one.plan, one.remote)
        if one.plan.to_remote:
            due.append(one.record)
        agree(one.link, scope, one.plan)
        agreed.append(one.link)
    store_links(agreed, BASE)
    outbox.mark_due(
        scope.connection,
        RecordKind(scope.kind),
        due,
        lane=Lane.BACKGROUND,
        actor_id=run.started_by_id,
        run_id=run.pk,
    )
    written_here = len(writer.columns.keys() - {record.pk for record in due})
    writer.flush()
    copy_in(events)
    run.count(
        updated=written_here,
        unchanged=len(agreed) - written_here - len(due),  # what is due is counted by the push
        skipped=len(read) - len(agreed),
        conflicts=conflicts,
    )


def _still_linked(scope: Scope, read: Read, read_at: datetime) -> Read:
    """The links as they are now, locked, of those that still say what they said when their records were read."""
    ids = any_of((link.pk for link, _ in read), "bigint")
    rows = RecordLink.objects.live().filter(pk__in=ids, gone_at=None).select_for_update().order_by("pk")
    present = {(row.pk, row.remote_id): row for row in rows}
    skipped = SkippedRecord.objects.of(scope.kind, [row.record_id for row in present.values() if row.record_id])
    kept_out = set(skipped.values_list("record_id", flat=True))
    return [
        (row, remote)
        for link, remote in read
        if (row := present.get((link.pk, link.remote_id)))
        and row.record_id not in kept_out
        and (row.pushed_at is None or row.pushed_at < read_at)
    ]


def _stories(scope: Scope, one: Aligned, written: dict[str, list[Value]], run: Run) -> Iterator[SyncEvent]:
    told = conflict_stories(scope, one.plan.conflicts)
    if written:
        told = [(SyncEvent.Kind.PULLED, "A mapping was applied.", scope.readable(written)), *told]
    for kind, summary, changes in told:
        yield SyncEvent(
            record_kind=scope.kind, record_id=one.record.pk, kind=kind, summary=summary, changes=changes, run=run
        )
