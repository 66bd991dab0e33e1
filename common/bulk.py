"""Changing many rows in one statement, and telling so: ``save()`` is not called, its signals are not sent."""

from typing import Any

from django.db.models import Model, QuerySet
from django.dispatch import Signal
from django.utils import timezone

CHUNK = 5_000

# Sent in the transaction of the write, once for each chunk. sender: the model; ids: whose rows; names: which columns.
rows_updated = Signal()


def update_rows(queryset: QuerySet[Any], **values: Any) -> int:
    """Set ``values`` on all rows of ``queryset``; inside the caller's transaction."""
    model: type[Model] = queryset.model
    ids = list(queryset.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        model._base_manager.filter(pk__in=chunk).update(**values, updated_at=timezone.now())
        rows_updated.send(sender=model, ids=chunk, names=set(values))
    return len(ids)
