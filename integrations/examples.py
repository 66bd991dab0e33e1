"""What two fields hold on a few records, side by side, before they are mapped: one question to Salesforce."""

from dataclasses import dataclass, field
from typing import Any

from integrations import budget
from integrations.field_table import UNSHOWN, shown
from integrations.models import ApiUsage, Connection, Credential, RecordLink
from integrations.providers import provider_for
from integrations.services import Refused
from integrations.sync.credentials import Logins
from integrations.sync.mapping import normal
from integrations.sync.provider import Provider, Question, RemoteField
from integrations.sync.records import KINDS, RECORD_TYPES, Field

FEW = 5


@dataclass(frozen=True)
class Compared:
    """One linked record."""

    record: Any
    ours: str
    theirs: str


@dataclass
class Held:
    """Of linked records side by side; while none is linked, of some on either side."""

    linked: list[Compared] = field(default_factory=list)
    ours: list[str] = field(default_factory=list)
    theirs: list[str] = field(default_factory=list)


def held(connection: Connection, remote_object: str, field: Field, remote: RemoteField | None) -> Held:
    """A few values; only ours without a field of theirs. Raises Refused and ProviderError."""
    records = RECORD_TYPES[KINDS[remote_object]].model._default_manager
    links = list(
        RecordLink.objects.live()
        .filter(connection=connection, remote_object=remote_object, record_kind=KINDS[remote_object], gone_at=None)
        .exclude(record_id=None)
        .order_by("-record_id")[:FEW]
    )
    if remote is None or field.type in UNSHOWN:
        return Held() if field.type in UNSHOWN else Held(ours=_distinct(records.order_by("-pk")[:FEW], field))
    credential = _login(connection)
    provider = provider_for(credential)
    try:
        if links:
            return Held(linked=_side_by_side(records, links, field, remote, provider))
        found = provider.changes(Question(remote_object, [remote.name], None, FEW))
    finally:
        budget.note(credential, provider, ApiUsage.Purpose.PEOPLE)
    theirs = [shown(one.values.get(remote.name)) for one in found if not one.is_deleted]
    return Held(ours=_distinct(records.order_by("-pk")[:FEW], field), theirs=list(dict.fromkeys(filter(None, theirs))))


def _side_by_side(
    records: Any, links: list[RecordLink], field: Field, remote: RemoteField, provider: Provider
) -> list[Compared]:
    ours = records.in_bulk([link.record_id for link in links])
    theirs = provider.retrieve(links[0].remote_object, [link.remote_id for link in links], [remote.name])
    return [
        Compared(
            record,
            shown(field.get(record)),
            shown(normal(remote, one.values.get(remote.name))) if one else "",
        )
        for link, one in zip(links, theirs, strict=True)
        if (record := ours.get(link.record_id))
    ]


def _distinct(records: Any, field: Field) -> list[str]:
    return list(dict.fromkeys(filter(None, (shown(field.get(record)) for record in records))))


def _login(connection: Connection) -> Credential:
    credential = Logins(connection).for_team().credential
    if credential is None or credential.broken_reason:
        raise Refused("There is no working login to read with: connect one.")
    return credential
