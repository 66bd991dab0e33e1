"""What the sync knows of a person who is erased: forgotten here, and deleted over there if that was chosen."""

from collections.abc import Collection, Sequence
from typing import Any

from activities.models import Activity
from common import erasing
from common.acting import acting_user
from common.erasing import Elsewhere
from common.models import DeletedRecord, Record, RecordKind
from deals.models import DealContact
from integrations import services
from integrations.models import Connection, DeletionSettings, Outbox, RecordLink, RunLine, SyncEvent
from integrations.sync import members
from integrations.sync.activities import leaving
from integrations.sync.records import RECORD_TYPES
from integrations.sync.tombstones import ERASED

BIN = "Salesforce keeps what is deleted in its recycle bin for fifteen days: empty it there to be rid of it at once."


@erasing.tells_of_elsewhere
def what_salesforce_has(kind: str, ids: Sequence[int]) -> Elsewhere:
    links = _links(kind, ids)
    if not links:
        return Elsewhere("Salesforce has no record of this person that Tandem knows of.")
    names = " and ".join(f"{link.remote_object} {link.remote_id}" for link in links)
    beside = " ".join(f"The lead {link.also_lead_id} beside it stays there." for link in links if link.also_lead_id)
    follows = DeletionSettings.objects.filter(
        connection__in=Connection.objects.all(),
        remote_object__in=[link.remote_object for link in links],
        sync_deletes=True,
    )
    mark = f"The number of the record in Salesforce ({names}), so that it is never pulled again."
    if follows.exists():
        return Elsewhere(f"{mark} Deletion sync is on: it is deleted there as well. {BIN} {beside}".strip())
    return Elsewhere(f"{mark} {beside}".strip(), choice=f"Delete it in Salesforce as well. {BIN}")


def _links(kind: str, ids: Sequence[int]) -> list[RecordLink]:
    live = RecordLink.objects.live().of(kind, list(ids))
    gone = RecordLink.objects.tombstones_of(kind, list(ids)).filter(record_id=None, gone_at=None)
    return [*live, *gone]


def on_records_erasing(sender: type[Record], ids: Sequence[int], names: Collection[str], **kwargs: Any) -> None:
    """Deals tell by name who takes part in them, activities what was spoken of."""
    leaving.forget(_activities(ids))
    deals = set(DealContact.objects.filter(contact__in=ids).values_list("deal_id", flat=True))
    for row in DeletedRecord.objects.filter(record_kind=RecordKind.CONTACT, record_id__in=ids):
        deals |= {part["deal_id"] for part in row.lost.get(DealContact._meta.label, ())}
    for _, relation, stored in erasing.kept_with_others(sender, ids):
        deals |= {part["deal_id"] for part in stored if relation.model is DealContact}
    told = SyncEvent.objects.filter(record_kind=RecordKind.DEAL, record_id__in=deals)
    told.filter(changes__has_any_keys=[f"Contact {name}" for name in names]).delete()


def _activities(ids: Sequence[int]) -> list[int]:
    """Activities of people, those that went with them included."""
    found = list(Activity.objects.filter(contact__in=ids).values_list("pk", flat=True))
    for row in DeletedRecord.objects.filter(record_kind=RecordKind.CONTACT, record_id__in=ids):
        found += [lost["id"] for lost in row.lost.get(Activity._meta.label, ())]
    return found


def on_records_erased(sender: type[Record], ids: Sequence[int], elsewhere: bool, **kwargs: Any) -> None:
    kind = next(kind for kind, type_ in RECORD_TYPES.items() if type_.model is sender)
    SyncEvent.objects.filter(record_kind=kind, record_id__in=ids).delete()
    RunLine.objects.filter(record_kind=kind, record_id__in=ids).delete()
    Outbox.objects.of(kind, list(ids)).filter(operation=Outbox.Operation.UPDATE).delete()
    members.forget(ids)
    user = acting_user()
    if elsewhere and user:
        services.delete_there(kind, ids, user)
    RecordLink.objects.tombstones_of(kind, list(ids)).filter(record_id=None).update(drop_reason=ERASED)


def connect() -> None:
    model = RECORD_TYPES[RecordKind.CONTACT].model
    erasing.records_erasing.connect(on_records_erasing, sender=model, dispatch_uid="deals name no one who is erased")
    erasing.records_erased.connect(on_records_erased, sender=model, dispatch_uid="the sync forgets who is erased")
