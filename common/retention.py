"""For how long what happened is kept. Apps say what there is and throw it away part by part; people say for how long.

@retention.keeps("runs", "Runs", "What each pull and push did.")
def prune_runs(before: datetime, most: int) -> int:
    ...  # delete at most ``most`` that ended earlier; answer how many were looked at
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from django.utils import timezone
from django_q.tasks import async_task
from pghistory.models import Context

from common.models import Retention
from common.records import MODELS, record_model

SLICE = 20.0  # seconds that a worker stays with it before it takes its turn again
CHUNK = 2_000

Prune = Callable[[datetime, int], int]


@dataclass(frozen=True)
class Kept:
    """Something that grows as time goes by; ``name`` as the columns of Retention begin."""

    name: str
    prune: Prune


_kept: list[Kept] = []


def keeps(name: str) -> Callable[[Prune], Prune]:
    """Register what throws away a part of what is older, and answers how many that were."""

    def register(prune: Prune) -> Prune:
        _kept.append(Kept(name, prune))
        return prune

    return register


def before(months: int) -> datetime:
    return timezone.now() - timedelta(days=months * 365 // 12)


def prune(seconds: float = SLICE) -> None:
    """Once a day: throw away what is kept long enough. Where that is much, it goes on by itself."""
    until, chosen = monotonic() + seconds, Retention.load()
    for kept in _kept:
        months = getattr(chosen, f"{kept.name}_months")
        while months and kept.prune(before(months), CHUNK):
            if monotonic() >= until:
                async_task("common.retention.prune")
                return
    if chosen.history_months and chosen.settings_months:
        earlier = before(max(chosen.history_months, chosen.settings_months))
        Context.objects.filter(created_at__lt=earlier).delete()


@keeps("history")
def prune_history(earlier: datetime, most: int) -> int:
    """Which fields of records were changed."""
    models: list[Any] = [record_model(kind) for kind in MODELS]
    return sum(delete_events(model.pgh_event_model, earlier, most) for model in models)


def delete_events(events: Any, earlier: datetime, most: int) -> int:
    """Delete the oldest events of one model. They are numbered as time goes by, so no other index is needed."""
    oldest = events._base_manager.order_by("pgh_id").values_list("pgh_id", "pgh_created_at")[:most]
    old = [pk for pk, at in oldest if at < earlier]
    events._base_manager.filter(pk__in=old).delete()
    return len(old)
