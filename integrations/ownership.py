"""Who owns a record in Salesforce, and who will have created it there."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.models import Record
from integrations.models import (
    Connection,
    Credential,
    FieldMapping,
    ObjectSettings,
    Outbox,
    RecordLink,
    SyncedKind,
    UserMapping,
)
from integrations.permissions import lacking_for
from integrations.sync.activities.objects import object_of
from integrations.sync.credentials import Logins
from integrations.sync.foresight import foreseen_problems
from integrations.sync.outbox import has_new_notes, remote_object_of
from integrations.sync.records import kind_of
from users.models import User


def remote_owners(records: Sequence[Record], links: Iterable[RecordLink] | None = None) -> dict[int, str]:
    """Salesforce owners who are nobody here, queues among them, by the ids of their records of one kind.

    An owner whose name the org did not tell stands there by id. ``links``: those of the records, if they are read.
    """
    kind = kind_of(records[0]) if records else None
    if kind is None:
        return {}
    columns = dict(
        FieldMapping.objects.filter(record_kind=kind, field="owner").values_list("remote_object", "remote_field")
    )
    if links is None:
        links = RecordLink.objects.live().of(kind, [record.pk for record in records])
    owners = {
        link.record_id: str(owner)
        for link in links
        if link.record_id and (owner := link.base.get(columns.get(link.remote_object, "")))
    }
    known = UserMapping.objects.filter(remote_id__in=set(owners.values()))
    names = {row.remote_id: "" if row.user_id else row.name or row.remote_id for row in known}
    return {pk: name for pk, owner in owners.items() if (name := names.get(owner, owner))}


@dataclass(frozen=True)
class PushPreview:
    """How a push of a record would be signed. ``owner``: in Salesforce, also one who is nobody here; ``lacking``: what
    the login may not do of it; ``problems``: why it would be refused as it is.
    """

    operation: str
    remote_object: str
    login: Credential | None
    reason: str
    created_by: str
    owner: str
    lacking: tuple[str, ...]
    problems: tuple[str, ...]


def push_preview(record: Record, user: User | None) -> PushPreview | None:
    """Whose login a push by ``user`` would use, and who will be Created By and Owner. None: it is not synced."""
    connection, kind = Connection.objects.exclude(org_id="").first(), kind_of(record)
    if connection is None or kind is None:
        return None
    operation = Outbox.Operation.UPDATE if record.crm_id else Outbox.Operation.CREATE
    settings = ObjectSettings.objects.filter(connection=connection, record_kind=kind).first()
    is_log = kind == SyncedKind.ACTIVITY
    choice = Logins(connection).choose(operation, record.origin, user.pk if user else None, is_log=is_log)
    is_new = operation == Outbox.Operation.CREATE
    if is_log:
        remote_object = object_of(record, has_notes=has_new_notes(connection))  # type: ignore[arg-type]
    else:
        remote_object = remote_object_of(kind, record, settings)
    return PushPreview(
        operation=str(operation),
        remote_object=remote_object,
        login=choice.credential,
        reason=choice.reason,
        created_by=str(choice.credential or "") if is_new else "",
        owner=_owner(connection, record, choice.credential if is_new else None),
        lacking=lacking_for(choice.credential, remote_object, operation) if choice.credential else (),
        problems=foreseen_problems(connection, record, remote_object, choice.credential),
    )


def _owner(connection: Connection, record: Record, creator: Credential | None) -> str:
    """A new record without an owner whom the org knows belongs to the login that creates it."""
    mappings = connection.user_mappings.filter(user__isnull=False, user=record.owner)
    mapping = mappings.order_by("-is_active", "remote_id").first()
    return str(mapping or creator or "") or remote_owners([record]).get(record.pk, "")
