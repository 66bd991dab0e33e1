"""The org's daily allowance of API calls: what Tandem used it for, and which work waits when it runs short.

The allowance is the org's, shared with everybody else's integrations, and counts the last 24 hours. As it is used up,
work stops in the order in which nobody waits for it; what people asked for goes on to the org's own limit.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from django.db.models import F
from django.utils import timezone

from integrations.models import ApiUsage, Connection, Credential

Purpose = ApiUsage.Purpose
WINDOW = timedelta(hours=24)
ASK_AGAIN = timedelta(minutes=15)  # while work is held and nothing else tells how much is used
NEAR = 0.9  # of the ceiling: background pushes stop here, before they stop anything else


class Meter(Protocol):
    """What has spoken to the org: calls made, the org's (used, allowed) in 24 hours, its clock less ours."""

    @property
    def calls(self) -> int: ...

    @property
    def usage(self) -> tuple[int, int] | None: ...

    @property
    def clock_offset(self) -> timedelta: ...


@dataclass(frozen=True)
class Hold:
    """Work that waits for the allowance, and why. ``until``: when it is expected to go on; others' use decides."""

    purpose: Purpose
    reason: str
    until: datetime


def note(credential: Credential, meter: Meter, purpose: str) -> None:
    """Add the calls of ``meter``, which must be new to this function, and keep what the org said of itself."""
    if not meter.calls:
        return
    now = timezone.now()
    Credential.objects.filter(pk=credential.pk).update(last_used_at=now)
    known: dict[str, object] = {"clock_offset": meter.clock_offset}
    if meter.usage:
        used, limit = meter.usage
        known |= {"api_used": used, "api_limit": limit, "api_read_at": now}
    Connection.objects.filter(pk=credential.connection_id).update(**known)
    today = {"connection_id": credential.connection_id, "day": now.astimezone(UTC).date(), "purpose": purpose}
    if not ApiUsage.objects.filter(**today).update(calls=F("calls") + meter.calls):
        ApiUsage.objects.bulk_create([ApiUsage(**today)], ignore_conflicts=True)
        ApiUsage.objects.filter(**today).update(calls=F("calls") + meter.calls)


def stops_at(connection: Connection, purpose: str) -> int | None:
    """Calls of the org in 24 hours at which this work stops; None when nothing but the org's limit stops it."""
    if not connection.api_limit:
        return None
    match purpose:
        case Purpose.BACKGROUND:
            return round(connection.api_ceiling * NEAR)
        case Purpose.ACTIVITIES | Purpose.PULLS | Purpose.METADATA:
            return connection.api_ceiling
        case Purpose.REAL_TIME:
            return (connection.api_ceiling + connection.api_limit) // 2
    return None


def hold(connection: Connection, purpose: str) -> Hold | None:
    """Why this work waits now; None when it need not."""
    stop = stops_at(connection, purpose)
    if stop is None or connection.api_used < stop:
        return None
    reason = (
        f"Salesforce counts {connection.api_used:,} of its {connection.api_limit:,} API calls in 24 hours; "
        f"this work waits from {stop:,} on."
    )
    return Hold(Purpose(purpose), reason, _expected(connection, stop))


def _expected(connection: Connection, stop: int) -> datetime:
    """When enough calls will have left the window, taking them as spread over it evenly."""
    read_at = connection.api_read_at or timezone.now()
    too_many = connection.api_used - stop + 1
    return max(read_at + WINDOW * min(1, too_many / max(1, connection.api_used)), timezone.now())


def holds(connection: Connection) -> list[Hold]:
    """Everything that waits for the allowance."""
    return [held for purpose in Purpose if (held := hold(connection, purpose))]


@dataclass(frozen=True)
class Use:
    """Calls of Tandem today for one purpose, where that work stops, and whether it waits now."""

    purpose: Purpose
    calls: int
    stops_at: int | None
    hold: Hold | None


def uses(connection: Connection) -> list[Use]:
    """Every purpose, what stops last first."""
    calls = today(connection)
    return [Use(one, calls[one], stops_at(connection, one), hold(connection, one)) for one in Purpose]


def is_to_be_asked(connection: Connection) -> bool:
    """Whether work waits and what is known of the allowance is old."""
    read_at = connection.api_read_at
    return bool(holds(connection)) and (read_at is None or read_at < timezone.now() - ASK_AGAIN)


def today(connection: Connection) -> dict[str, int]:
    """Calls of Tandem on this day (UTC) by purpose."""
    rows = ApiUsage.objects.filter(connection=connection, day=timezone.now().astimezone(UTC).date())
    calls = dict(rows.values_list("purpose", "calls"))
    return {str(purpose): calls.get(purpose, 0) for purpose in Purpose}
