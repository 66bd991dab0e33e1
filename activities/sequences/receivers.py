"""Who opts out, or comes back from the deleted records, is taken out of what runs."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.db.models.signals import post_save

from activities.sequences import enrolling
from common.bulk import rows_updated
from common.trash import records_restored
from contacts.models import Contact

WATCHED = {"no_email", "do_not_call", "stage"}


def on_contact_saved(sender: type[Model], instance: Contact, created: bool, **kwargs: Any) -> None:
    names = kwargs.get("update_fields")
    if not created and (names is None or WATCHED & set(names)):
        enrolling.end_opted_out([instance.pk])


def on_rows_updated(sender: type[Model], ids: Sequence[int], names: set[str], **kwargs: Any) -> None:
    if WATCHED & names:
        enrolling.end_opted_out(ids)


def on_records_restored(sender: type[Model], records: Sequence[Contact], **kwargs: Any) -> None:
    enrolling.pause_restored([record.pk for record in records])


def connect() -> None:
    post_save.connect(on_contact_saved, sender=Contact, dispatch_uid="opt-outs end sequences")
    rows_updated.connect(on_rows_updated, sender=Contact, dispatch_uid="many opt-outs end sequences")
    records_restored.connect(on_records_restored, sender=Contact, dispatch_uid="who is restored is not written to")
