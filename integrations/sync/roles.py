"""Who takes part in deals, compared as one value of the deal: people by what they are in it, and who is the primary.

Both sides are put into the same words, the remote ids of people, and merged by the same plan as fields are. People who
are not on both sides (yet) are left out of it. ``RemoteRole`` holds what the other side was last seen to have.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Q, QuerySet

from common.bulk import any_of, is_any_of
from common.models import RecordKind
from deals.models import Deal, DealContact
from integrations.models import Connection, Credential, ObjectDescription, ObjectSettings, RecordLink, RemoteRole
from integrations.sync.matching import CONTACT
from integrations.sync.outbox import unheard
from integrations.sync.plan import Base, Plan, Rule, Winner, plan
from integrations.sync.provider import Description, RemoteField, RemoteRecord, Value, Values
from integrations.sync.records import ROLES

PRIMARY = "primary"  # stands among the ids of people
TAKES_PART = "+"  # before the role: who takes part without one is not nobody


@dataclass(frozen=True)
class RolePair:
    """What a pull reads of a part: ``remote`` as in the pairs of a record's fields."""

    remote: RemoteField


@dataclass(frozen=True)
class RoleScope:
    """What a pass over the people of deals needs; the counterpart of ``Scope``."""

    connection: Connection
    settings: ObjectSettings
    description: Description
    login: Credential | None = None
    remote_object: str = ROLES.name

    @classmethod
    def load(cls, connection: Connection) -> "RoleScope | None":
        """None where deals are not synced, or the org does not show who takes part in them."""
        stored = ObjectDescription.objects.filter(connection=connection, remote_object=ROLES.name).first()
        settings = connection.object_settings.filter(record_kind=RecordKind.DEAL).first()
        if stored is None or settings is None or settings.sync == ObjectSettings.Sync.OFF:
            return None
        return cls(connection, settings, Description.from_json(stored.content))

    @property
    def names(self) -> list[str]:
        return ROLES.fields

    @cached_property
    def pairs(self) -> tuple[RolePair, ...]:
        return tuple(RolePair(self.description.fields[name]) for name in ROLES.fields)

    @property
    def rule(self) -> Rule:
        return Rule(winner=Winner.THEIRS if self.settings.pulls else Winner.OURS)


@dataclass
class People:
    """The people of a deal: our rows, and theirs as they were agreed on and as they are now, the first ones first."""

    deal: Deal
    remote_id: str
    ours: list[DealContact] = field(default_factory=list)
    agreed: list[RemoteRole] = field(default_factory=list)
    theirs: list[RemoteRole] = field(default_factory=list)
    sent: Values = field(default_factory=dict)  # no answer is known to it
    plan: Plan = field(default_factory=Plan)

    def row_of(self, contact_id: int) -> DealContact | None:
        return next((row for row in self.ours if row.contact_id == contact_id), None)

    def parts_of(self, person: str) -> list[RemoteRole]:
        """All that one person is there; the first one is compared."""
        return [part for part in self.theirs if part.remote_contact_id == person]


@dataclass(frozen=True)
class Contacts:
    """Our contacts that are on both sides, by their remote ids."""

    ids: Mapping[str, int]

    @cached_property
    def remote_ids(self) -> dict[int, str]:
        return {pk: remote_id for remote_id, pk in self.ids.items()}


def standing(connection: Connection, kind: RecordKind, remote_object: str) -> QuerySet[RecordLink]:
    """Links of records that are on both sides, and are not about to go."""
    links = RecordLink.objects.live().filter(connection=connection, record_kind=kind, remote_object=remote_object)
    return links.filter(gone_at=None, record_id__isnull=False)


def linked_deals(connection: Connection, remote_ids: Iterable[str]) -> dict[int, str]:
    """Remote ids of deals that are on both sides, by ours."""
    links = standing(connection, RecordKind.DEAL, "Opportunity").filter(remote_id__in=any_of(remote_ids))
    return {pk: remote_id for pk, remote_id in links.values_list("record_id", "remote_id") if pk}


def mirror(scope: RoleScope, remote: RemoteRecord, known: RemoteRole | None) -> RemoteRole:
    """Their row as we keep it."""
    part = known or RemoteRole(connection=scope.connection, remote_id=remote.id)
    part.remote_deal_id = str(remote.values[ROLES.deal] or "")
    part.remote_contact_id = str(remote.values[ROLES.contact] or "")
    part.role, part.is_primary = str(remote.values[ROLES.role] or ""), bool(remote.values[ROLES.primary])
    return part


def load(scope: RoleScope, deals: Mapping[int, str]) -> list[People]:
    """Deals, by our ids, with their people as far as they are known, locked until the transaction ends."""
    rows = Deal.objects.filter(pk__in=any_of(deals, "bigint")).select_for_update(of=("self",)).order_by("pk")
    people = {deal.pk: People(deal, deals[deal.pk]) for deal in rows}
    for pk, sent in unheard(scope.settings.record_kind, list(people)).items():
        people[pk].sent = sent.get(scope.remote_object, {})
    for row in DealContact.objects.filter(deal__in=any_of(people, "bigint")).order_by("-is_primary", "pk"):
        people[row.deal_id].ours.append(row)
    owners = {one.remote_id: one for one in people.values()}
    for part in RemoteRole.objects.filter(connection=scope.connection, remote_deal_id__in=any_of(owners)):
        owners[part.remote_deal_id].theirs.append(part)
    for one in owners.values():
        one.theirs.sort(key=_order)
    return list(owners.values())


def _order(part: RemoteRole) -> tuple[bool, str]:
    return not part.is_primary, part.remote_id


def see(one: People, changed: Sequence[RemoteRole], gone: set[str]) -> None:
    """Take over what theirs are by now. What was agreed stays as it was."""
    one.agreed = [_copy(part) for part in one.theirs if part.is_agreed]
    ids = {part.remote_id for part in changed} | gone
    one.theirs = sorted([*(part for part in one.theirs if part.remote_id not in ids), *changed], key=_order)


def _copy(part: RemoteRole) -> RemoteRole:
    return RemoteRole(remote_contact_id=part.remote_contact_id, role=part.role, is_primary=part.is_primary)


def contacts_of(connection: Connection, people: Iterable[People]) -> Contacts:
    """Who of these people is on both sides."""
    here = {row.contact_id for one in people for row in one.ours}
    there = {part.remote_contact_id for one in people for part in [*one.agreed, *one.theirs]}
    links = standing(connection, RecordKind.CONTACT, CONTACT)
    known = links.filter(Q(is_any_of("record_id", here, "bigint")) | Q(is_any_of("remote_id", there, "varchar")))
    return Contacts({remote_id: pk for remote_id, pk in known.values_list("remote_id", "record_id") if pk})


def compare(scope: RoleScope, one: People, contacts: Contacts) -> None:
    """Plan what should move between the people of a deal on the two sides."""
    here = {
        contacts.remote_ids[row.contact_id]: f"{TAKES_PART}{row.role.strip()}"
        for row in one.ours
        if row.contact_id in contacts.remote_ids
    }
    before, now = _told(one.agreed), _told(one.theirs)
    names = [name for name in dict.fromkeys([*here, *before, *now]) if name in contacts.ids]
    local: dict[str, Value] = {name: here.get(name) for name in names}
    base: dict[str, Value] = {**{name: before.get(name) for name in names}, PRIMARY: _primary(one.agreed, contacts)}
    remote: dict[str, Value] = {**{name: now.get(name) for name in names}, PRIMARY: _primary(one.theirs, contacts)}
    first = next((row for row in one.ours if row.is_primary), None)
    if first is None or first.contact_id in contacts.remote_ids:
        local[PRIMARY] = contacts.remote_ids[first.contact_id] if first else None
    one.plan = plan(Base(base).after(one.sent, remote), local, remote, dict.fromkeys([*names, PRIMARY], scope.rule))


def _told(parts: Iterable[RemoteRole]) -> dict[str, str]:
    told: dict[str, str] = {}
    for part in parts:
        told.setdefault(part.remote_contact_id, f"{TAKES_PART}{part.role}")
    return told


def _primary(parts: Iterable[RemoteRole], contacts: Contacts) -> str | None:
    names = (part.remote_contact_id for part in parts if part.is_primary and part.remote_contact_id in contacts.ids)
    return next(names, None)


def said(value: Value) -> str:
    """What somebody is in a deal, for people."""
    return "" if value is None else str(value).removeprefix(TAKES_PART) or "takes part"
