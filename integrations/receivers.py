"""The doorbell: a record that was saved here is due to be pushed. Ringing once too often does no harm."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.db.models import Model
from django.db.models.signals import post_delete, post_save, pre_delete

from activities.models import Activity, Message
from common.acting import acting_user
from common.bulk import rows_created, rows_updated
from common.models import Record, RecordKind
from common.trash import records_deleted, records_purged, records_restored
from deals.models import DealContact
from integrations import services
from integrations.connecting import match_users
from integrations.embedding import sessions as panel_sessions
from integrations.models import ActivitySettings, Connection, Lane
from integrations.services import Bell, queue_push
from integrations.sync import members
from integrations.sync.activities import leaving
from integrations.sync.casting import deals_with
from integrations.sync.records import RECORD_TYPES, kind_of
from integrations.sync.tombstones import forget_values, leave_tombstones, revive, tell_of_merge, tell_of_return
from users.models import User


def on_record_saved(sender: type[Model], instance: Record, raw: bool = False, **kwargs: Any) -> None:
    if not raw:  # raw: a fixture is being loaded
        queue_push(instance)
        services.follow_conditions([instance])
        services.follow_deals([instance])


def on_activity_saved(sender: type[Activity], instance: Activity, raw: bool = False, **kwargs: Any) -> None:
    if not raw:
        queue_push(instance, lane=Lane.ACTIVITIES)


def on_message_saved(sender: type[Message], instance: Message, raw: bool = False, **kwargs: Any) -> None:
    """What kind of e-mail it is, and so whether it goes, is known from now on."""
    if not raw:
        queue_push(instance.activity, lane=Lane.ACTIVITIES)


def on_activity_settings_saved(sender: type[ActivitySettings], instance: ActivitySettings, **kwargs: Any) -> None:
    services.follow_task_pull(instance)


def on_activities_written(sender: type[Activity], **kwargs: Any) -> None:
    """Many at once: new ones, or changed ones by their ids."""
    rows = kwargs.get("rows") or sender._default_manager.filter(pk__in=kwargs["ids"])
    queue_push(list(rows), lane=Lane.ACTIVITIES)


def on_activity_deleted(sender: type[Activity], instance: Activity, origin: Any = None, **kwargs: Any) -> None:
    """What one ``delete`` takes is seen to once, with the first of it. What goes with a record, with that."""
    if not leaving.is_direct(origin) or hasattr(origin, "_has_left"):
        return
    origin._has_left = True
    activities = [origin] if isinstance(origin, Activity) else list(origin.all())
    user = acting_user()
    if leaving.leave_tombstones(activities, user.pk if user else None, is_own=True):
        Bell(Lane.ACTIVITIES).ring()


def on_user_saved(sender: type[User], instance: User, created: bool, raw: bool = False, **kwargs: Any) -> None:
    """Somebody new here may be somebody whom the org knows."""
    connection = Connection.objects.exclude(org_id="").first()
    if created and not raw and connection:
        match_users(connection)


def on_user_left(sender: type[User], instance: User, raw: bool = False, **kwargs: Any) -> None:
    if not instance.is_active and not raw:
        panel_sessions.end_all(instance)


def on_signed_out(sender: type[User], user: User | None, **kwargs: Any) -> None:
    if user is not None:
        panel_sessions.end_all(user)


def on_rows_created(sender: type[Record], rows: Sequence[Record], **kwargs: Any) -> None:
    queue_push(rows, lane=Lane.BACKGROUND)
    services.follow_deals(rows)


def on_rows_updated(sender: type[Record], ids: Sequence[int], **kwargs: Any) -> None:
    """A bulk update, which no save is heard of."""
    records = list(sender._default_manager.filter(pk__in=ids))
    queue_push(records, lane=Lane.BACKGROUND)
    services.follow_conditions(records)
    services.follow_deals(records)


def on_part_changed(sender: type[DealContact], instance: DealContact, raw: bool = False, **kwargs: Any) -> None:
    """Who takes part in a deal is pushed with it. What goes because a deal or contact goes is no edit of the deal."""
    origin = kwargs.get("origin")
    if not raw and (origin is None or isinstance(origin, DealContact) or getattr(origin, "model", None) is DealContact):
        queue_push(instance.deal)


def on_records_deleted(
    sender: type[Record], records: Sequence[Record], into: Record | None = None, **kwargs: Any
) -> None:
    """The records on the other side are not pulled into new ones; where deletions are synced, they go as well."""
    user, kind = acting_user(), kind_of(records[0])
    assert kind is not None, "only record types are connected"
    services.follow_deals([*records, *([into] if into else [])], are_moved=True)
    if into:
        tell_of_merge(kind, records, into, user.pk if user else None)
    if into and kind == RecordKind.CONTACT:
        members.follow_merge([record.pk for record in records], into.pk)
    if into:
        leaving.stay_after_merge(records, into)
    else:
        leaving.go_along(records)
    if leave_tombstones(kind, records, into=into, actor_id=user.pk if user else None):
        Bell(Lane.REAL_TIME).ring()
    if into and kind == RecordKind.CONTACT:
        queue_push(deals_with([into.pk]))
    elif into and kind == RecordKind.DEAL:
        queue_push(into)  # who took part in the other one does so in this one


def on_records_restored(
    sender: type[Record], records: Sequence[Record], out_of: Record | None = None, **kwargs: Any
) -> None:
    user, kind = acting_user(), kind_of(records[0])
    assert kind is not None, "only record types are connected"
    tell_of_return(kind, records, user.pk if user else None, out_of=out_of)
    revive(kind, records)
    leaving.revive(records)
    services.follow_deals([*records, *([out_of] if out_of else [])], are_moved=True)
    queue_push(list(records))
    if kind == RecordKind.CONTACT:
        queue_push(deals_with([record.pk for record in records]))


def on_records_purged(sender: type[Record], ids: Sequence[int], **kwargs: Any) -> None:
    kind = next(kind for kind, type_ in RECORD_TYPES.items() if type_.model is sender)
    forget_values(kind, ids)
    if kind == RecordKind.CONTACT:
        members.forget(ids)


def connect() -> None:
    for signal in (post_save, post_delete):
        signal.connect(on_part_changed, sender=DealContact, dispatch_uid="push a deal's people")
    post_save.connect(on_activity_settings_saved, sender=ActivitySettings, dispatch_uid="pull tasks or not")
    post_save.connect(on_activity_saved, sender=Activity, dispatch_uid="push activity")
    post_save.connect(on_message_saved, sender=Message, dispatch_uid="push email")
    pre_delete.connect(on_activity_deleted, sender=Activity, dispatch_uid="tombstone activity")
    rows_created.connect(on_activities_written, sender=Activity, dispatch_uid="push many new activities")
    rows_updated.connect(on_activities_written, sender=Activity, dispatch_uid="push many activities")
    post_save.connect(on_user_saved, sender=User, dispatch_uid="match users")
    post_save.connect(on_user_left, sender=User, dispatch_uid="end sign-ins to the panel")
    user_logged_out.connect(on_signed_out, dispatch_uid="end sign-ins to the panel with the other")
    for type_ in RECORD_TYPES.values():
        post_save.connect(on_record_saved, sender=type_.model, dispatch_uid=f"push {type_.kind}")
        rows_created.connect(on_rows_created, sender=type_.model, dispatch_uid=f"push many new {type_.kind}")
        rows_updated.connect(on_rows_updated, sender=type_.model, dispatch_uid=f"push many {type_.kind}")
        records_deleted.connect(on_records_deleted, sender=type_.model, dispatch_uid=f"tombstone {type_.kind}")
        records_restored.connect(on_records_restored, sender=type_.model, dispatch_uid=f"revive {type_.kind}")
        records_purged.connect(on_records_purged, sender=type_.model, dispatch_uid=f"forget {type_.kind}")
