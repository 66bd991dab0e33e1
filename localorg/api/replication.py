"""What was updated and what was deleted in a span of time, to the minute."""

from datetime import UTC, datetime, timedelta

from localorg import clock
from localorg.api.call import Call, Reply
from localorg.api.lookups import sobject_of
from localorg.errors import Refused, refuse
from localorg.schema import SObject

UPDATED_WINDOW = timedelta(days=30)
DELETED_WINDOW = timedelta(days=15)
MOST = 600_000  # ids of one answer

SPAN = '"SystemModstamp" >= ? AND "SystemModstamp" < ?'


def updated(call: Call, name: str) -> Reply:
    sobject = _replicated(call, name)
    start, end = _span(call, UPDATED_WINDOW)
    alive = 'AND NOT "IsDeleted"' if sobject.has("IsDeleted") else ""
    sql = f'SELECT "Id" FROM "{sobject.name}" t WHERE {SPAN} {alive}{call.schema.and_seen(sobject, "t")}'
    found = [row[0] for row in _rows(call, sql, start, end)]
    return Reply(body={"ids": found, "latestDateCovered": _covered(end)})


def deleted(call: Call, name: str) -> Reply:
    """What lies in the bin, and what was erased since."""
    sobject = _replicated(call, name)
    start, end = _span(call, DELETED_WINDOW)
    found = []
    if sobject.has("IsDeleted"):
        seen = call.schema.and_seen(sobject, "t")
        sql = f'SELECT "Id", "SystemModstamp" FROM "{sobject.name}" t WHERE "IsDeleted" AND {SPAN}{seen}'
        found += _rows(call, sql, start, end)
    found += _rows(call, "SELECT id, at FROM _erased WHERE at >= ? AND at < ? AND object = ?", start, end, sobject.name)
    return Reply(
        body={
            "deletedRecords": [{"id": record_id, "deletedDate": at} for record_id, at in found],
            "earliestDateAvailable": clock.stored(_whole_minute(clock.now() - DELETED_WINDOW)),
            "latestDateCovered": _covered(end),
        }
    )


def _replicated(call: Call, name: str) -> SObject:
    sobject = sobject_of(call, name)
    if not sobject.has("SystemModstamp"):
        raise refuse("INVALID_TYPE", f"sObject type '{sobject.name}' is not replicateable.")
    return sobject


def _rows(call: Call, sql: str, *parameters: str) -> list[tuple[str, ...]]:
    rows = call.db.execute(f"{sql} LIMIT {MOST + 1}", parameters).fetchall()
    if len(rows) > MOST:
        raise refuse("EXCEEDED_ID_LIMIT", "Too many records fit the span; ask for a shorter one.")
    return rows


def _covered(end: str) -> str:
    """Up to where the answer is complete, to the minute as every recorded one."""
    return min(end, clock.stored(_whole_minute(clock.now())))


def _whole_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def _span(call: Call, window: timedelta) -> tuple[str, str]:
    """Start and end to the minute; seconds are ignored."""
    start, end = (_minute(call.query.get(name)) for name in ("start", "end"))
    if end - start < timedelta(minutes=1):
        raise _bad_date("endDate must be at least one minute greater than startDate")
    if start < clock.now() - window - timedelta(minutes=1):
        raise _bad_date(f"startDate before org replication enabled date or more than {window.days} days ago")
    return clock.stored(start), clock.stored(end)


def _minute(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text).replace(" ", "+"))
        if moment.tzinfo is None:
            raise ValueError(text)
        return _whole_minute(moment.astimezone(UTC))
    except (ValueError, OverflowError):
        raise _bad_date(f"{text} is not a valid value for the type xsd:dateTime") from None


def _bad_date(message: str) -> Refused:
    return refuse("INVALID_REPLICATION_DATE", message)
