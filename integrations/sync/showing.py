"""Which pulled records are shown in lists and searches: those of a visible kind, where they meet the conditions.

The others count for de-duplication all the same. What people made themselves is always shown.
"""

from collections.abc import Sequence
from time import time_ns

from django.db import transaction
from django.db.models import Q, QuerySet

from common.bulk import any_of
from common.models import Origin
from integrations.models import Connection, ObjectSettings
from integrations.sync.conditions import condition, either
from integrations.sync.records import KINDS, RECORD_TYPES

CHUNK = 5_000


def shown(settings: ObjectSettings) -> Q:
    """Which records of a kind that were pulled are to be shown. Of a field that is gone nothing is asked."""
    if not settings.is_visible:
        return Q(pk__in=[])
    type_ = RECORD_TYPES[settings.record_kind]
    asked: dict[str, Q] = {}
    for row in settings.connection.pull_conditions.filter(remote_object__in=_objects(settings)):
        if row.field in type_.fields:
            met = condition(type_.fields[row.field], row.operator, row.values)
            asked[row.remote_object] = asked.get(row.remote_object, Q()) & met
    if len(_objects(settings)) == 1 or not asked:
        return next(iter(asked.values()), Q())
    of_others = ~Q(crm_object__in=list(asked))
    return of_others | either(Q(crm_object=name) & met for name, met in asked.items())


def _objects(settings: ObjectSettings) -> list[str]:
    return [name for name, kind in KINDS.items() if kind == settings.record_kind]


def follow_conditions(settings: ObjectSettings, ids: Sequence[int]) -> None:
    """Records were pulled or edited: where there are conditions, they may be met now, or not any more."""
    if settings.connection.pull_conditions.filter(remote_object__in=_objects(settings)).exists():
        show_and_hide(settings, ids)


def show_and_hide(settings: ObjectSettings, ids: Sequence[int]) -> None:
    """Bring what is shown of these records up to date, in the caller's transaction, with two statements."""
    pulled = RECORD_TYPES[settings.record_kind].model._default_manager.filter(origin=Origin.CRM_PULL)
    rows = pulled.filter(pk__in=any_of(ids, "bigint"))
    wanted = rows.filter(shown(settings))
    rows.filter(is_hidden=False).exclude(pk__in=wanted.values("pk")).update(is_hidden=True)
    wanted.filter(is_hidden=True).update(is_hidden=False)


def look_again(settings: QuerySet[ObjectSettings]) -> None:
    """Have every pulled record of some kinds looked at again, in the background.

    Each beginning has a number of its own, below every key: a look that is under way sees that it was overtaken.
    """
    settings.update(shown_after=-time_ns())


def look_at_some(connection: Connection) -> bool:
    """Look at the next records; False when there are none left."""
    under_way = connection.object_settings.exclude(shown_after=None).order_by("pk")
    return sum(map(_look_at_chunk, under_way)) > 0  # each kind has its turn


def _look_at_chunk(settings: ObjectSettings) -> bool:
    """The settings are written after the records, under no lock: who changes them meanwhile has it begin anew."""
    pulled = RECORD_TYPES[settings.record_kind].model._default_manager.filter(origin=Origin.CRM_PULL)
    with transaction.atomic():
        rows = pulled.filter(pk__gt=settings.shown_after).select_for_update(of=("self",)).order_by("pk")
        ids = list(rows.values_list("pk", flat=True)[:CHUNK])
        show_and_hide(settings, ids)
    reached = ids[-1] if ids else None
    ObjectSettings.objects.filter(pk=settings.pk, shown_after=settings.shown_after).update(shown_after=reached)
    return bool(ids)
