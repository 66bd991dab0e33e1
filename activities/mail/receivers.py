"""Whoever is erased is no longer named among those who took part in anything."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import Model, Q

from activities.models import Participant
from common.bulk import is_any_of
from common.erasing import records_erasing
from common.models import DeletedRecord, RecordKind
from contacts.models import Contact


def on_records_erasing(sender: type[Model], ids: Sequence[int], names: Collection[str], **kwargs: Any) -> None:
    """By their addresses as well: a deleted contact left them behind when it went."""
    rows = list(Contact.objects.filter(pk__in=ids).values_list("email", "other_emails"))
    kept = DeletedRecord.objects.filter(record_kind=RecordKind.CONTACT, record_id__in=ids)
    for values in kept.values_list("values", flat=True):
        rows.append((values.get("email", ""), values.get("other_emails") or []))
    addresses = {address.lower() for email, others in rows for address in (email, *others) if address}
    named = Q(is_any_of("address", addresses, "varchar")) | Q(is_any_of("contact", ids, "bigint"))
    Participant.objects.filter(named).delete()


def connect() -> None:
    records_erasing.connect(on_records_erasing, sender=Contact, dispatch_uid="participants name no one who is erased")
