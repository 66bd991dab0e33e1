"""Invitees: a user who is asked to an event gets an event of their own, a child of the first one.

So a group event shows once for everybody who goes; clients that want it once leave out those with IsChild.
"""

from localorg.dml.rules.base import Rules
from localorg.dml.work import Row, Work
from localorg.errors import Problem, RecordRefused

SHARED = (
    "WhoId",
    "WhatId",
    "AccountId",
    "Subject",
    "Location",
    "IsAllDayEvent",
    "ActivityDateTime",
    "ActivityDate",
    "DurationInMinutes",
    "StartDateTime",
    "EndDateTime",
    "EndDate",
    "Description",
    "IsPrivate",
    "ShowAs",
)


def check(work: Work, row: Row, old: Row | None) -> None:
    if old is None:
        sql = 'SELECT 1 FROM "EventRelation" WHERE "EventId" = ? AND "RelationId" = ? AND NOT "IsDeleted"'
        if work.db.execute(sql, (row.get("EventId"), row.get("RelationId"))).fetchone():
            raise RecordRefused([Problem("DUPLICATE_VALUE", "The invitee is already on the event", ("RelationId",))])


def invite(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """The event becomes a group event, and a user sees it in a calendar of their own."""
    if old is not None:
        return
    sobject = work.schema["Event"]
    event = work.fetch(sobject, row["EventId"]) or {}
    work.touch(sobject, row["EventId"], {"IsGroupEvent": 1, "GroupEventType": "1"})
    if str(row["RelationId"]).startswith("005") and row["RelationId"] != event["OwnerId"]:
        child = dict(sobject.defaults) | {name: event[name] for name in SHARED} | {"OwnerId": row["RelationId"]}
        child_id = work.insert(sobject, child | {"IsChild": 1, "IsGroupEvent": 1, "GroupEventType": "1"})
        work.db.execute("INSERT INTO _invited VALUES (?, ?, ?)", (record_id, row["EventId"], child_id))


def own_event(work: Work, record_id: str) -> list[tuple[str, str]]:
    found = work.db.execute("SELECT child FROM _invited WHERE relation = ?", (record_id,))
    return [("Event", child) for (child,) in found.fetchall() if work.is_deleted(child) is False]


def tell(work: Work, event_id: str, row: Row) -> None:
    """What changes in a group event changes in the calendars of all who go."""
    told = {name: row[name] for name in SHARED if name in row}
    if told:
        for (child,) in work.db.execute("SELECT child FROM _invited WHERE event = ?", (event_id,)).fetchall():
            work.touch(work.schema["Event"], child, told)


INVITEE = Rules(check=check, after=invite, along=own_event)
