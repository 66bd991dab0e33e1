"""The doorbell: a record that was saved here is due to be pushed. Ringing once too often does no harm."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.db.models.signals import post_save, pre_delete

from common.bulk import rows_updated
from common.models import Record
from integrations.connecting import match_users
from integrations.models import Connection, ErrorEntry, Lane, Outbox, PendingReference, RecordLink, SkippedRecord
from integrations.services import queue_push
from integrations.sync.linking import dropped
from integrations.sync.records import RECORD_TYPES, REFERENCES, kind_of
from users.models import User


def on_record_saved(sender: type[Model], instance: Record, raw: bool = False, **kwargs: Any) -> None:
    if not raw:  # raw: a fixture is being loaded
        queue_push(instance)


def on_user_saved(sender: type[User], instance: User, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Somebody new here may be somebody whom the org knows."""
    connection = Connection.objects.exclude(org_id="").first()
    if created and not raw and connection:
        match_users(connection)


def on_rows_updated(sender: type[Record], ids: Sequence[int], **kwargs: Any) -> None:
    """A bulk update, which no save is heard of."""
    queue_push(list(sender._default_manager.filter(pk__in=ids)), lane=Lane.BACKGROUND)


def on_record_deleted(sender: type[Model], instance: Record, **kwargs: Any) -> None:
    """Leave a tombstone: the record on the other side stays, and is not pulled into a new record."""
    kind = kind_of(instance)
    assert kind is not None, "only record types are connected"
    for link in RecordLink.objects.live().of(kind, [instance.pk]):
        _keep_references(link)
        dropped(link, "It was deleted in Tandem.").record_id = None
        link.save(update_fields=["dropped_at", "drop_reason", "record_id"])
    # A create that is under way is kept, to know what it makes for what it is.
    Outbox.objects.of(kind, [instance.pk]).filter(sent_at=None).delete()
    ErrorEntry.objects.of(kind, [instance.pk]).delete()
    SkippedRecord.objects.of(kind, [instance.pk]).delete()
    PendingReference.objects.filter(record_kind=kind, record_id=instance.pk).delete()


def _keep_references(link: RecordLink) -> None:
    """Records that point at one that goes here still point at it there: that they lose it here is no edit of theirs."""
    for kind, type_ in RECORD_TYPES.items():
        for name in (name for name in type_.names if REFERENCES.get(name) == link.record_kind):
            pointing = type_.model._default_manager.filter(**{f"{name}_id": link.record_id}).exclude(crm_id="")
            PendingReference.objects.bulk_create(
                (
                    PendingReference(
                        connection_id=link.connection_id,
                        record_kind=kind,
                        record_id=pk,
                        field=name,
                        remote_id=link.remote_id,
                    )
                    for pk in pointing.values_list("pk", flat=True)
                ),
                ignore_conflicts=True,
            )


def connect() -> None:
    post_save.connect(on_user_saved, sender=User, dispatch_uid="match users")
    for type_ in RECORD_TYPES.values():
        post_save.connect(on_record_saved, sender=type_.model, dispatch_uid=f"push {type_.kind}")
        rows_updated.connect(on_rows_updated, sender=type_.model, dispatch_uid=f"push many {type_.kind}")
        pre_delete.connect(on_record_deleted, sender=type_.model, dispatch_uid=f"tombstone {type_.kind}")
