"""When a step is due: no database, no clock of its own."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from activities.models import Sequence, SequenceStep

OPENS, CLOSES = time(8), time(18)
FRIDAY, SATURDAY = 4, 5


def due_at(step: SequenceStep, after: datetime, hours: str, zone: str) -> datetime:
    """The wait of a step after ``after``, on a day and at an hour at which the sequence works.

    Days are those of the calendar: what is written at nine is followed at nine, also over a change of the clocks.
    """
    local = after.astimezone(ZoneInfo(zone))
    if step.unit == SequenceStep.Unit.DAYS:
        moment = local + timedelta(days=step.wait)
    else:
        moment = (after + timedelta(**{step.unit: step.wait})).astimezone(ZoneInfo(zone))
    return _opened(moment) if hours == Sequence.Hours.OFFICE else moment


def _opened(moment: datetime) -> datetime:
    """The first moment from this one on at which the office is open."""
    weekday = moment.weekday()
    if weekday >= SATURDAY or moment.time() >= CLOSES:
        return _at_opening(moment + timedelta(days=7 - weekday if weekday >= FRIDAY else 1))
    return _at_opening(moment) if moment.time() < OPENS else moment


def _at_opening(moment: datetime) -> datetime:
    return moment.replace(hour=OPENS.hour, minute=0, second=0, microsecond=0)
