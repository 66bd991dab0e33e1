"""Ending runs whose worker is no more."""

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from integrations.models import Cursor, Run
from integrations.sync.outbox import lease

# Those that nobody is at between their chunks, and those that are told otherwise: see previewing.end_broken_off.
OTHERS = (Run.Kind.EVERYTHING, Run.Kind.ALIGN, Run.Kind.PREVIEW, Run.Kind.CARRIED, Run.Kind.TRIAL, Run.Kind.UNDO)


def end_lost_runs() -> int:
    """Runs that no worker has been at for longer than a claim or lease lasts are incomplete; returns how many.

    A pull whose cursor is free waits for its next slice, or is held by a person. One that is ended here goes on under
    the same run; a push that only slept ends its run itself when it wakes.
    """
    now = timezone.now()
    silent = Run.objects.filter(state=Run.State.RUNNING, seen_at__lt=now - 2 * lease())
    waiting = Cursor.objects.filter(Q(leased_until=None) | Q(leased_until__gte=now), run=OuterRef("pk"))
    lost = silent.exclude(kind__in=OTHERS).exclude(Exists(waiting))
    message = "Its worker was stopped. What was left goes with the next run."
    return lost.update(state=Run.State.INCOMPLETE, finished_at=now, message=message)
