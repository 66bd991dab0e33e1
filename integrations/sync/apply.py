"""Applying pulled records to ours: a page at a time, in the caller's transaction, with a fixed number of queries."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from common.models import Origin, Record, RecordKind
from integrations.models import Lane, Outbox, PendingReference, RecordLink, Run, SyncEvent
from integrations.sync import outbox
from integrations.sync.local import Writer
from integrations.sync.mapping import MISSING, Vocabulary, normal, to_local
from integrations.sync.matching import CONTACT, LEAD, Matches
from integrations.sync.parents import accounts_by_domain
from integrations.sync.plan import Plan, Side, plan
from integrations.sync.provider import RemoteRecord, Value
from integrations.sync.records import RECORD_TYPES
from integrations.sync.scope import Scope, base_of, readable
from integrations.sync.settle import agree, conflict_stories, dropped, moved, store_links

NAMELESS = "(no name)"


@dataclass
class Applied:
    counts: Counter[str] = field(default_factory=Counter)
    links: list[RecordLink] = field(default_factory=list)
    events: list[SyncEvent] = field(default_factory=list)


@dataclass(frozen=True)
class Known:
    """The links that the records of a page already have, by every id that they cover."""

    own: dict[str, RecordLink]
    beside: dict[str, RecordLink]
    former: dict[str, RecordLink]

    @classmethod
    def load(cls, scope: Scope, records: Sequence[RemoteRecord]) -> "Known":
        ids = [record.id for record in records]
        successors = [successor for record in records if (successor := _successor(record)[1])]
        links = RecordLink.objects.filter(connection=scope.connection)
        own = {link.remote_id: link for link in links.filter(remote_id__in=[*ids, *successors])}
        beside = {link.also_lead_id: link for link in links.live().filter(also_lead_id__in=ids)}
        former = {
            former_id: link for link in links.live().filter(former_ids__overlap=ids) for former_id in link.former_ids
        }
        return cls(own, beside, former)


def _successor(record: RemoteRecord) -> tuple[str, str]:
    """The object and id of the record that Salesforce goes on with, where it does."""
    if record.merged_into:
        return record.remote_object, record.merged_into
    if contact_id := record.converted_to.get(CONTACT):
        return CONTACT, contact_id
    return "", ""


def apply_records(scope: Scope, records: Sequence[RemoteRecord], run: Run, read_at: datetime) -> Applied:
    """Bring our side up to date with a page of theirs that was asked for at ``read_at`` (our clock).

    A record that was pushed since is left to the next pull, which reads it again: the page shows it as it was before.
    """
    applied = Applied()
    records = list({record.id: _normal(scope, record) for record in records}.values())
    known = Known.load(scope, records)
    writer = Writer(scope)
    changed: list[tuple[RecordLink, RemoteRecord]] = []
    unknown: list[RemoteRecord] = []
    gone: list[tuple[RecordLink, RemoteRecord]] = []
    for record in records:
        link = known.own.get(record.id)
        if link is None:
            _sort_unlinked(record, known, unknown, applied)
        elif record.is_deleted or _successor(record)[1]:
            gone.append((link, record)) if link.dropped_at is None else applied.counts.update(["unchanged"])
        elif link.dropped_at is not None and link.record_id is None:
            applied.counts["skipped"] += 1  # deleted here: it does not come back by itself
        elif (link.dropped_at is None and _is_as_agreed(link, record)) or _is_older(read_at, link):
            applied.counts["unchanged"] += 1
        else:
            changed.append((link, record))
    unknown = _leave_to_their_push(scope, unknown, applied)
    _follow(scope, gone, known, writer, applied)
    _adopt_or_create(scope, unknown, changed, applied)
    _merge(scope, changed, writer, applied, run)
    store_links(applied.links)
    writer.flush()
    for event in applied.events:
        event.run = run
    SyncEvent.objects.bulk_create(applied.events)
    return applied


def _leave_to_their_push(scope: Scope, unknown: Sequence[RemoteRecord], applied: Applied) -> list[RemoteRecord]:
    """What a create of ours has just made, and nobody has written down yet, is not somebody new.

    Where our record was deleted meanwhile, it gets the tombstone that its push can't leave any more.
    """
    rows = list(Outbox.objects.filter(record_kind=scope.kind, remote_object=scope.remote_object).exclude(sent=None))
    present = set(
        scope.type.model._default_manager.filter(pk__in=[r.record_id for r in rows]).values_list("pk", flat=True)
    )
    left = []
    for remote in unknown:
        row = next((row for row in rows if _is_made_by(row, remote)), None)
        if row is None:
            left.append(remote)
            continue
        rows.remove(row)
        applied.counts["skipped"] += 1
        if row.record_id not in present:
            link = RecordLink(
                connection=scope.connection,
                record_kind=scope.kind,
                remote_object=remote.remote_object,
                remote_id=remote.id,
            )
            applied.links.append(dropped(link, "It was deleted in Tandem."))
            row.delete()
    return left


def _is_made_by(row: Outbox, remote: RemoteRecord) -> bool:
    """Whether a record holds all that a create of ours carried."""
    return all(remote.values[name] == value for name, value in (row.sent or {}).items() if name in remote.values)


def _normal(scope: Scope, record: RemoteRecord) -> RemoteRecord:
    values = {name: normal(scope.by_name[name].remote, value) for name, value in record.values.items()}
    return RemoteRecord(**{**record.__dict__, "values": values})


def _sort_unlinked(record: RemoteRecord, known: Known, unknown: list[RemoteRecord], applied: Applied) -> None:
    """A record without a link of its own: new to us, or another face of a record that we know."""
    if record.id in known.beside or record.id in known.former:
        applied.counts["unchanged"] += 1
    elif record.is_deleted or _successor(record)[1]:
        applied.counts["skipped"] += 1
    else:
        unknown.append(record)


def _is_older(read_at: datetime, link: RecordLink) -> bool:
    return link.pushed_at is not None and link.pushed_at >= read_at


def _is_as_agreed(link: RecordLink, record: RemoteRecord) -> bool:
    base = link.base
    return bool(base) and all(name in base and base[name] == value for name, value in record.values.items())


# --- what is gone on the other side -----------------------------------------------------------------------------------


def _follow(
    scope: Scope, gone: Sequence[tuple[RecordLink, RemoteRecord]], known: Known, writer: Writer, applied: Applied
) -> None:
    records = _locked(scope, [link.record_id for link, _ in gone if link.record_id])
    for link, remote in gone:
        record = records.get(link.record_id or 0)
        remote_object, successor = _successor(remote)
        holder = known.own.get(successor)
        reason = _why_gone(remote)
        applied.counts["deleted"] += 1
        if successor and holder is None:
            applied.links.append(moved(link, remote_object, successor))
            if record:
                writer.identify(record, remote_object, successor)
                applied.events.append(_event(scope, record.pk, SyncEvent.Kind.RELINKED, reason))
            continue
        applied.links.append(dropped(link, reason))
        if record:
            writer.identify(record, "", "")
            applied.events.append(_event(scope, record.pk, SyncEvent.Kind.UNLINKED, reason))


def _why_gone(remote: RemoteRecord) -> str:
    if remote.merged_into:
        return "Salesforce merged it into another record."
    if remote.converted_to:
        return "Salesforce converted the lead."
    return "It was deleted in Salesforce."


def _locked(scope: Scope, ids: Iterable[int]) -> dict[int, Record]:
    rows = scope.type.model._default_manager.filter(pk__in=list(ids)).select_for_update(of=("self",)).order_by("pk")
    return {record.pk: record for record in rows}


def _event(
    scope: Scope, record_id: int, kind: SyncEvent.Kind, summary: str = "", changes: dict[str, list[Value]] | None = None
) -> SyncEvent:
    return SyncEvent(
        record_kind=scope.kind,
        record_id=record_id,
        kind=kind,
        summary=summary,
        changes=readable(scope.pairs, changes or {}),
    )


# --- what is new to us ------------------------------------------------------------------------------------------------


def _adopt_or_create(
    scope: Scope, unknown: Sequence[RemoteRecord], changed: list[tuple[RecordLink, RemoteRecord]], applied: Applied
) -> None:
    """Link to a record that we have, else make one. What is linked goes on to be compared, as on first link."""
    if not unknown:
        return
    matches = Matches.load(scope, unknown)
    new: list[RemoteRecord] = []
    for remote in unknown:
        if link := matches.other_face(remote):
            _join_faces(scope, link, remote, changed, applied)
        elif found := matches.take(remote):
            record_id, note = found
            link = RecordLink(
                connection=scope.connection,
                record_kind=scope.kind,
                record_id=record_id,
                remote_object=remote.remote_object,
                remote_id=remote.id,
                note=note,
            )
            applied.events.append(_event(scope, record_id, SyncEvent.Kind.LINKED, note))
            changed.append((link, remote))
        else:
            new.append(remote)
    _create(scope, new, applied)


def _join_faces(
    scope: Scope,
    link: RecordLink,
    remote: RemoteRecord,
    changed: list[tuple[RecordLink, RemoteRecord]],
    applied: Applied,
) -> None:
    """A lead and a contact of one person: the contact is the link, the lead's id is kept beside it."""
    if remote.remote_object == LEAD:
        link.also_lead_id = remote.id
        applied.links.append(link)
        applied.counts["skipped"] += 1
    else:
        changed.append((moved(link, remote.remote_object, remote.id), remote))
        assert link.record_id is not None, "only links of our records are looked up by e-mail"
        applied.events.append(
            _event(scope, link.record_id, SyncEvent.Kind.RELINKED, "Salesforce has a contact beside the lead.")
        )


def _create(scope: Scope, new: Sequence[RemoteRecord], applied: Applied) -> None:
    vocabulary = scope.vocabulary(remote=[remote.values for remote in new])
    records = [_new_record(scope, remote, vocabulary) for remote in new]
    notes = _match_accounts(scope, records)
    scope.type.model._default_manager.bulk_create(records, batch_size=500)
    writer = Writer(scope)
    for record, remote in zip(records, new, strict=True):
        for pair in scope.references:
            if remote.values.get(pair.name):
                writer.note_reference(record, pair.field.name, remote.values[pair.name], pair.field.get(record))
    writer.flush()
    expressed = scope.express(records, scope.vocabulary(records))
    for number, (record, remote) in enumerate(zip(records, new, strict=True)):
        agreed = Plan()
        for name, value in remote.values.items():
            agreed.agree_to_differ(name, expressed[record.pk].get(name, value), value)
        applied.links.append(_new_link(scope, record, remote, agreed, notes.get(number, "")))
    applied.counts["created"] += len(records)
    _resolve_references(scope, {remote.id: record.pk for record, remote in zip(records, new, strict=True)})


def _new_record(scope: Scope, remote: RemoteRecord, vocabulary: Vocabulary) -> Record:
    record = scope.type.model(origin=Origin.CRM_PULL, is_hidden=not scope.settings.is_visible, crm_id=remote.id)
    if hasattr(record, "crm_object"):
        record.crm_object = remote.remote_object
    for name, value in remote.values.items():
        pair = scope.by_name[name]
        local = to_local(pair, value, vocabulary, None)
        if local is not MISSING:
            pair.field.set(record, local)
    for name in ("name", "last_name"):
        if name in scope.type.names and not getattr(record, name):
            setattr(record, name, NAMELESS)
    if derive := getattr(record, "derive", None):
        derive()
    return record


def _new_link(scope: Scope, record: Record, remote: RemoteRecord, agreed: Plan, note: str) -> RecordLink:
    return RecordLink(
        connection=scope.connection,
        record_kind=scope.kind,
        record_id=record.pk,
        remote_object=remote.remote_object,
        remote_id=remote.id,
        base=agreed.theirs,
        base_ours=agreed.ours,
        remote_changed_at=remote.changed_at,
        pulled_at=timezone.now(),
        note=note,
    )


def _match_accounts(scope: Scope, records: Sequence[Record]) -> dict[int, str]:
    """A lead names no account: it joins that of its e-mail domain. Returns what to say of each, by position."""
    if scope.remote_object != LEAD or not scope.settings.match_accounts:
        return {}
    chosen = accounts_by_domain(records)  # type: ignore[arg-type]
    for number, (account, _) in chosen.items():
        records[number].account = account  # type: ignore[attr-defined]
    return {
        number: f"Its account is the one of its e-mail domain{f', one of {count}' if count > 1 else ''}."
        for number, (_, count) in chosen.items()
    }


def _resolve_references(scope: Scope, arrived: dict[str, int]) -> None:
    """Records that wait for one that has just arrived now point at it."""
    waiting = list(PendingReference.objects.filter(remote_id__in=arrived, connection=scope.connection))
    groups: dict[tuple[str, str], list[PendingReference]] = defaultdict(list)
    for reference in waiting:
        groups[reference.record_kind, reference.field].append(reference)
    for (kind, name), references in groups.items():
        if RECORD_TYPES[kind].fields[name].reference == scope.kind:
            _point(kind, name, references, arrived)


def _point(kind: str, name: str, references: Sequence[PendingReference], arrived: dict[str, int]) -> None:
    targets = {reference.record_id: arrived[reference.remote_id] for reference in references}
    model = RECORD_TYPES[kind].model
    records = list(
        model._default_manager.filter(pk__in=targets, **{f"{name}_id": None}).select_for_update().order_by("pk")
    )
    for record in records:
        setattr(record, f"{name}_id", targets[record.pk])
    model._default_manager.bulk_update(records, [name])
    PendingReference.objects.filter(pk__in=[reference.pk for reference in references]).delete()


# --- what both sides have ---------------------------------------------------------------------------------------------


def _merge(
    scope: Scope, changed: Sequence[tuple[RecordLink, RemoteRecord]], writer: Writer, applied: Applied, run: Run
) -> None:
    """Plan the records that differ from their base and carry out our side; what theirs lacks is queued to be pushed."""
    if not changed:
        return
    records = _locked(scope, [link.record_id for link, _ in changed if link.record_id])
    vocabulary = scope.vocabulary(list(records.values()), [remote.values for _, remote in changed])
    expressed = scope.express(list(records.values()), vocabulary)
    edited_at = _edited_at(scope, list(records))
    due: list[Record] = []
    for link, remote in changed:
        record = records.get(link.record_id or 0)
        if record is None or (link.dropped_at and record.crm_id):
            applied.counts["skipped"] += 1
            continue
        base = base_of(link)
        local = expressed[record.pk]
        ours_at = edited_at.get(record.pk, record.updated_at)
        merged = plan(base, local, remote.values, scope.rules, Side.OURS if ours_at > remote.edited_at else Side.THEIRS)
        written = writer.carry_out(record, merged, base, local, local, vocabulary)
        applied.counts["updated" if written or not link.pk else "unchanged"] += 1
        _tell(scope, record, written, merged, applied)
        _leave_to_push(merged, remote)
        if merged.to_remote:
            due.append(record)
        writer.identify(record, remote.remote_object, remote.id) if record.crm_id != remote.id else None
        agree(link, scope, merged)
        link.dropped_at, link.drop_reason = None, ""
        link.remote_changed_at, link.pulled_at = remote.changed_at, timezone.now()
        if link not in applied.links:
            applied.links.append(link)
        run.count(conflicts=len(merged.conflicts))
    outbox.mark_due(scope.connection, RecordKind(scope.kind), due, lane=Lane.REAL_TIME)
    _resolve_references(
        scope, {remote.id: link.record_id for link, remote in changed if link.record_id and not link.pk}
    )


def _edited_at(scope: Scope, ids: Sequence[int]) -> dict[int, datetime]:
    """When records that wait to be pushed were last edited here."""
    return dict(Outbox.objects.of(scope.kind, list(ids)).values_list("record_id", "queued_at"))


def _leave_to_push(merged: Plan, remote: RemoteRecord) -> None:
    """What theirs lacks is not agreed until it is pushed: its base is what theirs has now."""
    for name in merged.to_remote:
        merged.theirs[name] = remote.values[name]
        merged.ours.pop(name, None)


def _tell(scope: Scope, record: Record, written: dict[str, list[Value]], merged: Plan, applied: Applied) -> None:
    if written:
        applied.events.append(_event(scope, record.pk, SyncEvent.Kind.PULLED, "", written))
    for kind, summary, changes in conflict_stories(scope, merged):
        applied.events.append(
            SyncEvent(record_kind=scope.kind, record_id=record.pk, kind=kind, summary=summary, changes=changes)
        )
