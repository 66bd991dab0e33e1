"""SOQL over REST: query, queryAll, locators."""

from localorg.access import record_access
from localorg.api import paging, recent
from localorg.api.call import Call, Reply
from localorg.api.explain import explain
from localorg.soql import run
from localorg.soql.calendar import Calendar, of_user
from localorg.soql.compile import Compiled
from localorg.soql.parse import parse


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
