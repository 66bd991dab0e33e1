"""Calls of workers to lanes: saves that follow one another quickly share one, and their changes go out together.

The row of a save is there before its call, and a worker takes the call back before it looks for rows: whoever finds
that one is on its way need not call. A call whose job was lost counts for ``CALLED_FOR``; what was saved meanwhile is
found by the sweep of each minute.
"""

from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from integrations.models import Lane, LaneCall

CALLED_FOR = timedelta(seconds=2)
BREATH = timedelta(seconds=0.5)  # from one round of a lane to the next: every one costs calls


def note(lane: str) -> bool:
    """Note that a worker is called; False when one is on its way already."""
    now = timezone.now()
    is_free = Q(called_at=None) | Q(called_at__lt=now - CALLED_FOR)
    if LaneCall.objects.filter(is_free, lane=lane).update(called_at=now):
        return True
    return LaneCall.objects.get_or_create(lane=lane, defaults={"called_at": now})[1]


def answer(lane: str, sleeper: Callable[[float], None]) -> None:
    """Begin in a lane: what is saved from now on calls another worker. What a person pushes waits for no breath."""
    call = LaneCall.objects.filter(lane=lane).exclude(called_at=None).first()
    if call is None:
        return
    rest = call.begun_at + BREATH - timezone.now() if call.begun_at and lane != Lane.PEOPLE else timedelta()
    if rest > timedelta():
        sleeper(rest.total_seconds())
    LaneCall.objects.filter(lane=lane).update(called_at=None, begun_at=timezone.now())
