"""SOQL over REST: query, queryAll, locators; what was updated and deleted in a span of time."""

from datetime import UTC, datetime, timedelta

from localorg import clock
from localorg.access import record_access
from localorg.api import paging, recent
from localorg.api.call import Call, Reply
from localorg.api.explain import explain
from localorg.api.lookups import sobject_of
from localorg.errors import Refused, refuse
from localorg.soql import run
from localorg.soql.calendar import Calendar, of_user
from localorg.soql.compile import Compiled
from localorg.soql.parse import parse

UPDATED_WINDOW = timedelta(days=30)
DELETED_WINDOW = timedelta(days=15)


def query(call: Call) -> Reply:
    if "explain" in call.query:
        return explain(call, call.query["explain"])
    return _query(call, deleted=False)


def query_all(call: Call) -> Reply:
    return _query(call, deleted=True)


def more(call: Call, locator: str) -> Reply:
    """The next page of a result whose locator was given out before."""
    cursor, offset = call.org.cursors.find(locator, call.session.user_id)
    return Reply(body=paging.following(call, cursor, offset))


def _query(call: Call, deleted: bool) -> Reply:
    text = call.query.get("q", "")
    compiled = run.prepare(call.schema, text, deleted, calendar_of(call))
    if compiled.sobject.name == record_access.NAME:
        with record_access.filled(call.db, call.org.views, parse(text).where):
            return _answer(call, compiled)
    return _answer(call, compiled)


def _answer(call: Call, compiled: Compiled) -> Reply:
    if compiled.count_only:
        return Reply(body={"totalSize": run.count(call.db, compiled), "done": True, "records": []})
    if compiled.aggregate:
        return Reply(body=paging.whole(run.aggregates(call.db, compiled)))
    page = paging.first(call, compiled)
    if compiled.looks:
        recent.look(call, *(record["attributes"]["url"].rpartition("/")[2] for record in page["records"]))
    return Reply(body=page)


def calendar_of(call: Call) -> Calendar:
    """Whose TODAY it is: the caller's."""
    sql = 'SELECT "TimeZoneSidKey", "LocaleSidKey" FROM "User" WHERE "Id" = ?'
    return of_user(*call.db.execute(sql, (call.session.user_id,)).fetchone())


def updated(call: Call, name: str) -> Reply:
    sobject = sobject_of(call, name)
    start, end = _span(call, UPDATED_WINDOW)
    alive = ' AND NOT "IsDeleted"' if sobject.has("IsDeleted") else ""
    condition = alive + call.schema.and_seen(sobject, "t")
    sql = f'SELECT "Id" FROM "{sobject.name}" t WHERE "SystemModstamp" >= ? AND "SystemModstamp" < ?{condition}'
    found = [row[0] for row in call.db.execute(sql, (start, end))]
    return Reply(body={"ids": found, "latestDateCovered": _covered(end)})


def deleted(call: Call, name: str) -> Reply:
    sobject = sobject_of(call, name)
    start, end = _span(call, DELETED_WINDOW)
    found: list[dict[str, str]] = []
    if sobject.has("IsDeleted"):
        span = '"SystemModstamp" >= ? AND "SystemModstamp" < ?' + call.schema.and_seen(sobject, "t")
        sql = f'SELECT "Id", "SystemModstamp" FROM "{sobject.name}" t WHERE "IsDeleted" AND {span}'
        found = [{"id": row[0], "deletedDate": row[1]} for row in call.db.execute(sql, (start, end))]
    earliest = clock.stored(_whole_minute(clock.now() - DELETED_WINDOW))
    return Reply(body={"deletedRecords": found, "earliestDateAvailable": earliest, "latestDateCovered": _covered(end)})


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
    except ValueError:
        raise _bad_date(f"{text} is not a valid value for the type xsd:dateTime") from None
    if moment.tzinfo is None:
        raise _bad_date(f"{text} is not a valid value for the type xsd:dateTime")
    return _whole_minute(moment.astimezone(UTC))


def _bad_date(message: str) -> Refused:
    return refuse("INVALID_REPLICATION_DATE", message)
