"""Records of theirs that are new to us: linked to one that we have, else made here."""

from collections.abc import Sequence

from common.bulk import any_of, copy_columns
from common.models import Origin
from integrations.models import Outbox, RecordLink, SyncEvent
from integrations.sync import inference
from integrations.sync.filling import Columns, Filling
from integrations.sync.linking import PLEASE_CHECK, is_guess, joined_by_contact
from integrations.sync.local import Writer
from integrations.sync.matching import LEAD, Matches
from integrations.sync.page import Applied
from integrations.sync.parents import Person, accounts_by_domain
from integrations.sync.provider import RemoteRecord, Value
from integrations.sync.references import resolve_references
from integrations.sync.scope import Scope
from integrations.sync.showing import follow_conditions
from integrations.sync.tombstones import entomb, queue_deletes

NOTHING: dict[str, Value] = {}


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
        applied.skip("It was just created from here.")
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
        found = matches.identified(remote)
        if found is None and (link := matches.other_face(remote)):
            _join_faces(scope, link, remote, applied)
        elif found := found or matches.take(remote):
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
        to_check=is_guess(note),
    )


def _join_faces(scope: Scope, link: RecordLink, remote: RemoteRecord, applied: Applied) -> None:
    """A lead and a contact of one person: the contact is the link, the lead's id is kept beside it."""
    if remote.remote_object == LEAD:
        link.also_lead_id = remote.id
        applied.note(link)
        applied.skip("The same person is a contact there: the lead is kept beside it.")
        return
    applied.changed.append((joined_by_contact(link, remote), remote))
    assert link.record_id is not None, "only links of our records are looked up by e-mail"
    applied.tell(scope, link.record_id, SyncEvent.Kind.RELINKED, "Salesforce has a contact beside the lead.")


def _create(scope: Scope, new: Sequence[RemoteRecord], applied: Applied) -> None:
    filling = Filling(scope, new)
    columns = filling.columns
    columns["crm_id"] = [remote.id for remote in new]
    kind_there = {"crm_object": scope.remote_object} if hasattr(scope.type.model, "crm_object") else {}
    same = scope.needed | scope.assumed | kind_there
    notes = _match_accounts(scope, filling)
    is_hidden = not scope.settings.is_visible
    ids = copy_columns(scope.type.model, columns, origin=Origin.CRM_PULL, is_hidden=is_hidden, **same)
    is_final, count = applied.page.is_final, range(len(new))
    copy_columns(
        RecordLink,
        {
            "record_id": ids,
            "remote_id": columns["crm_id"],
            "base": [remote.values for remote in new],
            "base_ours": [filling.ours.get(number, NOTHING) for number in count],
            "note": [notes.get(number, "") for number in count],
            "to_check": [is_guess(notes.get(number, "")) for number in count],
            "remote_changed_at": [remote.changed_at if is_final(remote) else None for remote in new],
        },
        connection=scope.connection,
        record_kind=scope.kind,
        remote_object=scope.remote_object,
        pulled_at=applied.page.read_at,
    )
    applied.counts["created"] += len(ids)
    applied.created += ids
    follow_conditions(scope.settings, ids)
    inference.note(scope.connection, scope.kind, ids)
    _note_references(scope, ids, columns, new)
    resolve_references(scope, dict(zip(columns["crm_id"], ids, strict=True)))


def _match_accounts(scope: Scope, filling: Filling) -> dict[int, str]:
    """A lead names no account: it joins that of its e-mail domain. Returns what to say of each, by position."""
    if scope.remote_object != LEAD or not scope.settings.match_accounts:
        return {}
    people = map(Person, filling.column("email", ""), filling.column("owner_id", None))
    chosen = accounts_by_domain(list(people))
    accounts = filling.columns["account_id"] = filling.column("account_id", None)
    for number, (account, _) in chosen.items():
        accounts[number] = account.pk
    return {
        number: "Its account is the one of its e-mail domain"
        + (f", one of {count}: {PLEASE_CHECK}" if count > 1 else ".")
        for number, (_, count) in chosen.items()
    }


def _note_references(scope: Scope, ids: Sequence[int], columns: Columns, new: Sequence[RemoteRecord]) -> None:
    """Remember which records point at one that is not here yet."""
    writer = Writer(scope)
    for pair in scope.references:
        for pk, present, remote in zip(ids, columns[pair.field.attribute], new, strict=True):
            if remote.values[pair.name] and present is None:
                writer.note_reference(pk, pair.field.name, remote.values[pair.name], None)
    writer.flush()
