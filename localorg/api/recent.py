"""Recently viewed records: those that the caller looked at or wrote, then whatever was changed last."""

from collections.abc import Iterable, Iterator
from typing import Any

from localorg.api.call import Call, Reply
from localorg.schema import SObject

SOME, MOST = 10, 200

Json = dict[str, Any]
Row = tuple[str, str | None, str | None]  # id, name, when it was changed


def recent(call: Call) -> Reply:
    """GET recent?limit=n"""
    wanted = call.query.get("limit", "")
    limit = min(int(wanted), MOST) if wanted.isdecimal() else SOME
    return Reply(body=items(call, (sobject for sobject in call.schema if sobject.can("layout")), limit))


def items(call: Call, sobjects: Iterable[SObject], limit: int) -> list[Json]:
    named = {sobject.name: sobject for sobject in sobjects if sobject.name_field}
    found = {row[0]: _item(call, sobject, row) for sobject, row in _viewed(call, named)}
    if len(found) < limit:
        changed = [(sobject, row) for sobject in named.values() for row in _changed(call, sobject, limit)]
        changed.sort(key=lambda pair: pair[1][2] or "", reverse=True)
        for sobject, row in changed[:limit]:
            found.setdefault(row[0], _item(call, sobject, row))
    return list(found.values())[:limit]


def look(call: Call, *record_ids: str) -> None:
    """Remember that the caller looked, unless they said Sforce-Mru: updateMru=false."""
    if "updatemru=false" not in call.headers.get("sforce-mru", "").lower().replace(" ", ""):
        call.org.recent.look(call.session.user_id, record_ids)


def _viewed(call: Call, named: dict[str, SObject]) -> Iterator[tuple[SObject, Row]]:
    for record_id in call.org.recent.of(call.session.user_id):
        sobject = call.schema.of_id(record_id)
        if sobject is not None and sobject.name in named:
            yield from ((sobject, row) for row in _rows(call, sobject, 'AND "Id" = ?', record_id))


def _changed(call: Call, sobject: SObject, limit: int) -> Iterator[Row]:
    return _rows(call, sobject, "ORDER BY stamp DESC LIMIT ?", limit)


def _rows(call: Call, sobject: SObject, rest: str, parameter: str | int) -> Iterator[Row]:
    stamp = '"SystemModstamp"' if sobject.has("SystemModstamp") else "NULL"
    seen = ('NOT "IsDeleted"' if sobject.has("IsDeleted") else "1") + call.schema.and_seen(sobject, "t")
    sql = f'SELECT "Id", "{_name(sobject)}", {stamp} AS stamp FROM "{sobject.name}" t WHERE {seen} {rest}'
    yield from call.db.execute(sql, (parameter,))


def _item(call: Call, sobject: SObject, row: Row) -> Json:
    attributes = {"type": sobject.name, "url": call.record_url(sobject, row[0])}
    return {"attributes": attributes, "Id": row[0], _name(sobject): row[1]}


def _name(sobject: SObject) -> str:
    return sobject.name_field.name if sobject.name_field else "Id"
