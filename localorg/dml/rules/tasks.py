"""Tasks: closed by their status; the account follows from whom and what they are about."""

from localorg.dml.rules.base import Rules, merged
from localorg.dml.rules.people import refuse_converted_lead
from localorg.dml.work import Row, Work
from localorg.errors import refuse_record


def check(work: Work, row: Row, old: Row | None) -> None:
    check_activity(work, row, old)


def check_activity(work: Work, row: Row, old: Row | None) -> None:
    refuse_series(row)
    refuse_lead_with_what(row, old)
    refuse_converted_lead(work, row, old, "WhoId")


def refuse_series(row: Row) -> None:
    """This org has no recurring activities: better refused than stored as if they came again."""
    if row.get("IsRecurrence"):
        message = "Recurring activities are not available in this organization"
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", message, "IsRecurrence")


def refuse_lead_with_what(row: Row, old: Row | None) -> None:
    """An activity about a lead cannot be related to anything else."""
    now = merged(row, old)
    if str(now.get("WhoId") or "").startswith("00Q") and now.get("WhatId"):
        message = "Related To ID: a lead cannot be associated with a different object"
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", message, "WhatId")


def derive(work: Work, row: Row, old: Row | None) -> None:
    if "Status" in row:
        closed = _flag(work, "TaskStatus", "IsClosed", row["Status"])
        row["IsClosed"] = closed
        was_closed = bool(old and old["IsClosed"])
        row["CompletedDateTime"] = None if not closed else old["CompletedDateTime"] if old and was_closed else work.now
    if "Priority" in row:
        row["IsHighPriority"] = _flag(work, "TaskPriority", "IsHighPriority", row["Priority"])
    derive_account(work, row, old)


def derive_account(work: Work, row: Row, old: Row | None) -> None:
    if {"WhoId", "WhatId"} & row.keys() or old is None:
        now = merged(row, old)
        row["AccountId"] = account_of(work, now.get("WhatId"), now.get("WhoId"))


def account_of(work: Work, what: str | None, who: str | None) -> str | None:
    """The account itself or that of the opportunity; where it is about anything else, that of the contact."""
    if what and what.startswith("001"):
        return what
    if what and what.startswith("006"):
        return _account(work, "Opportunity", what)
    return _account(work, "Contact", who) if who and who.startswith("003") else None


def _account(work: Work, sobject: str, record_id: str) -> str | None:
    found = work.db.execute(f'SELECT "AccountId" FROM "{sobject}" WHERE "Id" = ?', (record_id,)).fetchone()
    return found[0] if found else None


def _flag(work: Work, table: str, flag: str, value: str | None) -> int:
    found = work.db.execute(f'SELECT "{flag}" FROM "{table}" WHERE "ApiName" = ?', (value,)).fetchone()
    return int(found[0]) if found else 0


def note_activity(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """A finished task shows on its people and accounts; this moves none of their stamps."""
    now = merged(row, old)
    if now.get("IsClosed") and now.get("ActivityDate"):
        note_on(work, now, now["ActivityDate"])


def note_on(work: Work, activity: Row, day: str) -> None:
    for record_id in {activity.get("WhoId"), activity.get("WhatId"), activity.get("AccountId")} - {None}:
        sobject = work.schema.of_id(str(record_id))
        if sobject and sobject.has("LastActivityDate"):
            latest = "max(coalesce(\"LastActivityDate\", ''), ?)"
            sql = f'UPDATE "{sobject.name}" SET "LastActivityDate" = {latest} WHERE "Id" = ?'
            work.db.execute(sql, (day, record_id))


TASK = Rules(check=check, derive=derive, after=note_activity)
