"""Finding edits that nobody rang for: written past the models' signals, by ``QuerySet.update`` or by hand in SQL.

The field history knows them all, for database triggers keep it. What was pulled, and what was pushed since, is left
out; the rest is queued once more, which does no harm.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from common.models import RecordKind
from integrations.models import Connection, Lane, ObjectSettings, Outbox, RecordLink
from integrations.sync import inference, outbox
from integrations.sync.records import RECORD_TYPES

# A row of the history is stamped when its transaction begins and seen when it ends: look this far back again.
LOOK_BACK = timedelta(minutes=15)
NEW = timedelta(minutes=2)  # unlinked records are looked at once or twice: filters may keep them out for good
CHUNK = 1_000


def sweep(connection: Connection) -> int:
    """Queue records that were changed here and are not known to the queue; returns how many.

    What was edited while its kind was not pushed is found when it is again.
    """
    return sum(_sweep(connection, settings) for settings in connection.object_settings.all() if settings.pushes)


def _sweep(connection: Connection, settings: ObjectSettings) -> int:
    now, kind = timezone.now(), RecordKind(settings.record_kind)
    model: Any = RECORD_TYPES[kind].model
    events = model.pgh_event_model.objects.filter(pgh_id__gt=settings.swept_to)
    ids = list(_missed(events, kind, now).values_list("pgh_obj_id", flat=True).distinct())
    for start in range(0, len(ids), CHUNK):
        records = list(model._default_manager.filter(pk__in=ids[start : start + CHUNK]))
        outbox.mark_due(connection, kind, records, lane=Lane.BACKGROUND)
        inference.note(connection, kind, [record.pk for record in records])
    seen = events.filter(pgh_created_at__lt=now - LOOK_BACK).aggregate(last=Max("pgh_id"))["last"]
    if seen:
        ObjectSettings.objects.filter(pk=settings.pk).update(swept_to=seen)
    return len(ids)


def _missed(events: QuerySet[Any], kind: str, now: datetime) -> QuerySet[Any]:
    due = Outbox.objects.filter(record_kind=kind, record_id=OuterRef("pgh_obj_id"))
    links = RecordLink.objects.live().filter(record_kind=kind, record_id=OuterRef("pgh_obj_id"))
    is_ours = Q(pgh_context=None) | ~Q(pgh_context__metadata__contains={"source": "Salesforce"})
    is_stale = Exists(links.filter(Q(pushed_at=None) | Q(pushed_at__lt=OuterRef("pgh_created_at"))))
    is_new = ~Exists(links) & Q(pgh_created_at__gte=now - NEW)
    return events.filter(is_ours, ~Exists(due), is_stale | is_new)
