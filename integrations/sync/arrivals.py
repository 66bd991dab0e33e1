"""Records of theirs that are new to us: linked to one that we have, else made here."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from common.bulk import any_of, copy_in, maker
from common.models import Origin, Record
from integrations.models import Outbox, RecordLink, SyncEvent
from integrations.sync.linking import moved
from integrations.sync.local import Writer
from integrations.sync.mapping import MISSING, Vocabulary, to_local, to_remote
from integrations.sync.matching import LEAD, Matches
from integrations.sync.page import Applied
from integrations.sync.parents import accounts_by_domain
from integrations.sync.provider import RemoteRecord, Value
from integrations.sync.records import Type
from integrations.sync.references import resolve_references
from integrations.sync.scope import Scope
from integrations.sync.tombstones import entomb, queue_deletes

NAMELESS = "(no name)"
# Read back, these are what was set: nothing to compare.
FAITHFUL = {Type.TEXT, Type.LONG_TEXT, Type.BOOLEAN, Type.PICKLIST, Type.URL, Type.EMAIL, Type.PHONE, Type.REFERENCE}


def left_to_their_push(scope: Scope, applied: Applied) -> list[RemoteRecord]:
    """What a create of ours has just made, and nobody has written down yet, is not somebody new.

    Where our record was deleted meanwhile, it gets the tombstone that its push can't leave any more. Returns the rest.
    """
    if not applied.unknown:
        return []
    creates = Outbox.objects.filter(record_kind=scope.kind, operation=Outbox.Operation.CREATE)
    rows = list(creates.filter(remote_object=scope.remote_object).exclude(sent_at=None))
    ids = any_of((row.record_id for row in rows), "bigint")
    present = set(scope.type.model._default_manager.filter(pk__in=ids).values_list("pk", flat=True)) if rows else set()
    left = []
    for remote in applied.unknown:
        row = next((row for row in rows if _is_made_by(row, remote)), None)
        if row is None:
            left.append(remote)
            continue
        rows.remove(row)
        applied.counts["skipped"] += 1
        if row.record_id not in present:
            link = entomb(_link(scope, row.record_id, remote))
            applied.store(link)
            row.delete()
            queue_deletes(scope.kind, [], [link], row.actor_id)
    return left


def _is_made_by(row: Outbox, remote: RemoteRecord) -> bool:
    """Whether a record holds all that a create of ours carried."""
    return all(remote.values[name] == value for name, value in (row.sent or {}).items() if name in remote.values)


def adopt_or_create(scope: Scope, applied: Applied) -> None:
    """Link to a record that we have, else make one. What is linked goes on to be compared, as on first link."""
    if not applied.unknown:
        return
    matches = Matches.load(scope, applied.unknown)
    new: list[RemoteRecord] = []
    for remote in applied.unknown:
        if link := matches.other_face(remote):
            _join_faces(scope, link, remote, applied)
        elif found := matches.take(remote):
            record_id, note = found
            applied.tell(scope, record_id, SyncEvent.Kind.LINKED, note)
            applied.changed.append((_link(scope, record_id, remote, note), remote))
        else:
            new.append(remote)
    if new:
        _create(scope, new, applied)


def _link(scope: Scope, record_id: int | None, remote: RemoteRecord, note: str = "") -> RecordLink:
    return RecordLink(
        connection=scope.connection,
        record_kind=scope.kind,
        record_id=record_id,
        remote_object=remote.remote_object,
        remote_id=remote.id,
        note=note,
    )


def _join_faces(scope: Scope, link: RecordLink, remote: RemoteRecord, applied: Applied) -> None:
    """A lead and a contact of one person: the contact is the link, the lead's id is kept beside it."""
    if remote.remote_object == LEAD:
        link.also_lead_id = remote.id
        applied.store(link)
        applied.counts["skipped"] += 1
        return
    link.base, link.base_ours = {}, {}
    applied.changed.append((moved(link, remote.remote_object, remote.id), remote))
    assert link.record_id is not None, "only links of our records are looked up by e-mail"
    applied.tell(scope, link.record_id, SyncEvent.Kind.RELINKED, "Salesforce has a contact beside the lead.")


def _create(scope: Scope, new: Sequence[RemoteRecord], applied: Applied) -> None:
    vocabulary = scope.vocabulary(remote=[remote.values for remote in new])
    make: Callable[[], Record] = maker(
        scope.type.model, origin=Origin.CRM_PULL, is_hidden=not scope.settings.is_visible, **scope.needed
    )
    made = [_fill(scope, make(), remote, vocabulary) for remote in new]
    records = [record for record, _ in made]
    notes = _match_accounts(scope, records)
    copy_in(records)
    make_link = maker(
        RecordLink, connection=scope.connection, record_kind=scope.kind, remote_object=scope.remote_object
    )
    links = []
    for number, ((record, ours), remote) in enumerate(zip(made, new, strict=True)):
        link = make_link()
        link.record_id, link.remote_id, link.note = record.pk, remote.id, notes.get(number, "")
        link.base, link.base_ours = remote.values, ours
        applied.stamp(link, remote)
        links.append(link)
    copy_in(links)
    applied.counts["created"] += len(records)
    applied.created += [record.pk for record in records]
    _note_references(scope, records, new)
    resolve_references(scope, {remote.id: record.pk for record, remote in zip(records, new, strict=True)})


def _fill(scope: Scope, record: Any, remote: RemoteRecord, vocabulary: Vocabulary) -> tuple[Record, dict[str, Value]]:
    """The record, not yet stored, and what of it differs from theirs because it does not fit here."""
    record.crm_id = remote.id
    if hasattr(record, "crm_object"):
        record.crm_object = remote.remote_object
    ours = dict(_set_values(scope, record, remote, vocabulary))
    for name in ("name", "last_name"):
        if name in scope.type.names and not getattr(record, name):
            setattr(record, name, NAMELESS)
            if name in scope.by_field:
                ours[scope.by_field[name]] = NAMELESS
    if derive := getattr(record, "derive", None):
        derive()
    return record, ours


def _set_values(
    scope: Scope, record: Record, remote: RemoteRecord, vocabulary: Vocabulary
) -> Iterator[tuple[str, Value]]:
    """Set what they have; yields what could not be set as it is. Empty is what a new record is anyway."""
    for pair in scope.pairs:
        value = remote.values[pair.name]
        if value is None:
            continue
        local = to_local(pair, value, vocabulary, None)
        if local is not MISSING:
            pair.field.set(record, scope.as_kept(record, pair.field, local, vocabulary))
            if pair.field.type in FAITHFUL:
                continue
        ours = to_remote(pair, scope.value_of(record, pair.field, vocabulary), vocabulary)
        if ours is not MISSING and ours != value:
            yield pair.name, ours


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


def _note_references(scope: Scope, records: Sequence[Record], new: Sequence[RemoteRecord]) -> None:
    """Remember which records point at one that is not here yet."""
    writer = Writer(scope)
    for pair in scope.references:
        for record, remote in zip(records, new, strict=True):
            if remote.values[pair.name] and pair.field.get(record) is None:
                writer.note_reference(record, pair.field.name, remote.values[pair.name], None)
    writer.flush()
