"""Bringing the people of deals up to date here, with what the other side has."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db import transaction

from common.bulk import any_of, copy_in, upsert, write_columns
from common.models import RecordKind
from contacts.models import Contact
from deals.models import Deal, DealContact
from integrations.models import Connection, Lane, RemoteRole, Run, SyncEvent
from integrations.sync import outbox
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.matching import CONTACT
from integrations.sync.page import Page
from integrations.sync.plan import Conflict, Plan, Side
from integrations.sync.provider import RemoteRecord, Value
from integrations.sync.records import ROLES
from integrations.sync.roles import (
    PRIMARY,
    TAKES_PART,
    Contacts,
    People,
    RoleScope,
    compare,
    contacts_of,
    linked_deals,
    load,
    mirror,
    said,
    see,
    standing,
)

CHUNK = 1_000
COLUMNS = ["remote_deal_id", "remote_contact_id", "role", "is_primary", "is_agreed"]


def apply_roles(scope: RoleScope, page: Page, run: Run) -> Counter[str]:
    """Bring the people of deals up to date with a page of theirs; returns what became of its records."""
    counts: Counter[str] = Counter()
    records = {record.id: record for record in page.records}
    rows = RemoteRole.objects.filter(connection=scope.connection, remote_id__in=any_of(records))
    known = {part.remote_id: part for part in rows}
    changed: list[RemoteRecord] = []
    for record in records.values():
        what = _what(scope, record, known.get(record.id))
        counts[what] += 1
        # One that is not agreed on may have come while its deal or contact was being linked elsewhere.
        is_settled = record.id not in known or known[record.id].is_agreed
        if what not in ("unchanged", "skipped") or not is_settled:
            changed.append(record)
    deals = {str(record.values.get(ROLES.deal) or "") for record in changed}
    deals |= {known[record.id].remote_deal_id for record in changed if record.id in known}
    bring_together(scope, linked_deals(scope.connection, deals - {""}), changed, run)
    return counts


def _what(scope: RoleScope, record: RemoteRecord, known: RemoteRole | None) -> str:
    if record.is_deleted:
        return "deleted" if known else "skipped"
    if known is None:
        return "created"
    before = [getattr(known, name) for name in COLUMNS]
    return "unchanged" if [getattr(mirror(scope, record, known), name) for name in COLUMNS] == before else "updated"


def bring_together(
    scope: RoleScope,
    deals: Mapping[int, str],
    records: Sequence[RemoteRecord],
    run: Run | None,
    *,
    is_pushing: bool = False,
) -> tuple[list[People], Contacts]:
    """Compare the people of deals with what the other side has: the rows of ``records``, else as last seen.

    Writes our side, keeps theirs in mind, and marks deals whose people there differ, unless the caller pushes them. The
    caller has a transaction.
    """
    people = load(scope, deals)
    known = {part.remote_id: part for one in people for part in one.theirs}
    gone = {record.id for record in records if record.is_deleted}
    parts: dict[str, list[RemoteRole]] = defaultdict(list)
    for record in records:
        if not record.is_deleted:
            part = mirror(scope, record, None)
            part.is_agreed = record.id in known and known[record.id].is_agreed
            parts[part.remote_deal_id].append(part)
    for one in people:
        see(one, parts.pop(one.remote_id, []), gone)
    contacts = contacts_of(scope.connection, people)
    for one in people:
        compare(scope, one, contacts)
    before = {one.deal.pk: bool(one.agreed or one.ours) for one in people}
    if scope.settings.pulls:
        _Cast(contacts).carry_out(people)
        _tell([one for one in people if before[one.deal.pk]], contacts, run)
    _keep(people, contacts, [part for left in parts.values() for part in left], gone)
    due = [one.deal for one in people if one.plan.to_remote and not is_pushing]
    outbox.mark_due(scope.connection, RecordKind.DEAL, due, lane=Lane.REAL_TIME)
    return people, contacts


@dataclass
class _Cast:
    """Collects what becomes of our rows, and writes it at once."""

    contacts: Contacts
    new: list[DealContact] = field(default_factory=list)
    changed: dict[int, DealContact] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)

    def carry_out(self, people: Sequence[People]) -> None:
        for one in people:
            for person, value in one.plan.to_local.items():
                if person != PRIMARY:
                    self._take(one, self.contacts.ids[person], value)
            if PRIMARY in one.plan.to_local:
                self._point_out(one, self.contacts.ids.get(str(one.plan.to_local[PRIMARY])))
        DealContact.objects.filter(pk__in=any_of(self.gone, "bigint"))._raw_delete("default")  # no signals: no echo
        write_columns(list(self.changed.values()), ["role", "is_primary"])
        copy_in(self.new)

    def _take(self, one: People, contact_id: int, value: Value) -> None:
        row = one.row_of(contact_id)
        role = str(value or "").removeprefix(TAKES_PART)
        if row is None:
            self.new.append(DealContact(deal=one.deal, contact_id=contact_id, role=role))
            one.ours.append(self.new[-1])
        elif value is None:
            one.ours.remove(row)
            self.changed.pop(row.pk, None)
            self.gone.append(row.pk)
        else:
            row.role = role
            self.changed[row.pk] = row

    def _point_out(self, one: People, contact_id: int | None) -> None:
        for row in one.ours:
            if row.is_primary != (row.contact_id == contact_id):
                row.is_primary = row.contact_id == contact_id
                if row.pk:
                    self.changed[row.pk] = row


def _keep(people: Sequence[People], contacts: Contacts, elsewhere: Sequence[RemoteRole], gone: Collection[str]) -> None:
    """Keep in mind what they have. What ours took out and theirs still have stays agreed, so that it is seen to go."""
    RemoteRole.objects.filter(remote_id__in=any_of(gone)).delete()
    kept = list(elsewhere)
    for one in people:
        here = {contacts.remote_ids.get(row.contact_id) for row in one.ours}
        for part in one.theirs:
            person = part.remote_contact_id
            part.is_agreed = person in contacts.ids and (person in here or person in one.plan.to_remote)
            kept.append(part)
    upsert(kept, ["connection", "remote_id"], COLUMNS)


def _tell(people: Sequence[People], contacts: Contacts, run: Run | None) -> None:
    """Say in the deals' timelines who came, went or changed roles."""
    moved = [one for one in people if one.plan.to_local]
    names = names_of(moved, contacts)
    events = [
        event(one, SyncEvent.Kind.PULLED, "", _changes(one.plan.to_local, one, names), run)
        for one in moved
        if set(one.plan.to_local) - {PRIMARY}
    ]
    events += [_conflict(one, conflict, names, run) for one in moved for conflict in one.plan.conflicts]
    copy_in(events)
    if run:
        run.count(conflicts=sum(len(one.plan.conflicts) for one in moved))


def names_of(people: Sequence[People], contacts: Contacts) -> dict[str, str]:
    """What people are called, by their remote ids."""
    wanted = {pk for one in people for pk in _named(one.plan, contacts)}
    rows = Contact.objects.in_bulk(list(wanted))
    return {contacts.remote_ids[pk]: str(row) for pk, row in rows.items()}


def _named(planned: Plan, contacts: Contacts) -> set[int]:
    both = [planned.to_local, planned.to_remote]
    primaries = {value for conflict in planned.conflicts for value in (conflict.base, conflict.ours, conflict.theirs)}
    people = {*planned.to_local, *planned.to_remote, *primaries, *(one.get(PRIMARY) for one in both)}
    return {contacts.ids[str(person)] for person in people if person in contacts.ids}


def _changes(values: Mapping[str, Value], one: People, names: Mapping[str, str]) -> dict[str, Any]:
    before = {part.remote_contact_id: f"{TAKES_PART}{part.role}" for part in reversed(one.agreed)}
    return {
        f"Contact {names.get(person, person)}": [said(before.get(person)), said(value)]
        for person, value in values.items()
        if person != PRIMARY
    }


def _conflict(one: People, conflict: Conflict, names: Mapping[str, str], run: Run | None) -> SyncEvent:
    winner = "Tandem" if conflict.winner == Side.OURS else "Salesforce"
    what = "Primary contact" if conflict.name == PRIMARY else f"Contact {names.get(conflict.name, conflict.name)}"
    sides = {"base": conflict.base, "ours": conflict.ours, "theirs": conflict.theirs}
    is_person = conflict.name == PRIMARY
    values = {side: names.get(str(value), "") if is_person else said(value) for side, value in sides.items()}
    return event(one, SyncEvent.Kind.CONFLICT, f"{winner}’s value was kept.", {what: values}, run)


def event(one: People, kind: SyncEvent.Kind, summary: str, changes: dict[str, Any], run: Run | None) -> SyncEvent:
    return SyncEvent(
        record_kind=RecordKind.DEAL, record_id=one.deal.pk, kind=kind, summary=summary, changes=changes, run=run
    )


def records_arrived(connection: Connection, kind: str, ids: Collection[int]) -> None:
    """Contacts or deals are on both sides from now on: what waited for them to say who takes part in what moves."""
    scope = RoleScope.load(connection) if ids and kind in (RecordKind.CONTACT, RecordKind.DEAL) else None
    if scope is None:
        return
    pks, parts = any_of(ids, "bigint"), RemoteRole.objects.filter(connection=connection)
    if kind == RecordKind.DEAL:
        here = DealContact.objects.filter(deal__in=pks)
        there = parts.filter(remote_deal_id__in=Deal.objects.filter(pk__in=pks).exclude(crm_id="").values("crm_id"))
    else:
        here = DealContact.objects.filter(contact__in=pks)
        people = Contact.objects.filter(pk__in=pks).exclude(crm_id="")
        there = parts.filter(remote_contact_id__in=people.values("crm_id"), is_agreed=False)
    remote_ids = {*here.values_list("deal__crm_id", flat=True), *there.values_list("remote_deal_id", flat=True)} - {""}
    if remote_ids:
        bring_together(scope, linked_deals(connection, remote_ids), (), None)


def cast_waiting(connection: Connection) -> None:
    """Tie who is on both sides to deals that are: two workers that pull an object each don't see what the other has
    not committed yet, and the one whose run ends last sees both.
    """
    scope = RoleScope.load(connection)
    if scope is None or not scope.settings.pulls:
        return
    deals = standing(connection, RecordKind.DEAL, "Opportunity").values("remote_id")
    people = standing(connection, RecordKind.CONTACT, CONTACT).values("remote_id")
    missed = RemoteRole.objects.filter(
        connection=connection, is_agreed=False, remote_deal_id__in=deals, remote_contact_id__in=people
    )
    remote_ids = iter(list(missed.order_by("remote_deal_id").values_list("remote_deal_id", flat=True).distinct()))
    while chunk := list(islice(remote_ids, CHUNK)):
        _cast_in_one(scope, chunk)


@on_deadlock_again
@transaction.atomic
def _cast_in_one(scope: RoleScope, remote_ids: Collection[str]) -> None:
    bring_together(scope, linked_deals(scope.connection, remote_ids), (), None)


def deals_with(contact_ids: Collection[int]) -> list[Deal]:
    """Deals in which any of these contacts takes part."""
    rows = DealContact.objects.filter(contact__in=any_of(contact_ids, "bigint"))
    return list(Deal.objects.filter(pk__in=rows.values("deal")))
