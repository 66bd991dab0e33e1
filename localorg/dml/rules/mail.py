"""E-mail messages with Enhanced Email: sent ones stay as they are, and each has a task for the activity timeline.

The Object Reference: update() changes drafts, and of all others only IsExternallyVisible and custom fields; a new
message may become a read one.
"""

from localorg.dml.rules.base import Rules, merged
from localorg.dml.rules.tasks import TASK
from localorg.dml.work import Row, Work
from localorg.errors import refuse_record

NEW, READ, SENT, DRAFT = "0", "1", "3", "5"  # values of Status
LISTS = {"ToIds": "ToAddress", "CcIds": "CcAddress", "BccIds": "BccAddress"}  # list of ids -> type of the relation
LONGEST_SUBJECT, LONGEST_TEXT = 255, 32_000  # of a task


def check(work: Work, row: Row, old: Row | None) -> None:
    if old is None or old["Status"] == DRAFT:
        return
    free = {"IsExternallyVisible"}
    if old["Status"] == NEW and row.get("Status") == READ:
        free.add("Status")
    if any(name not in free and not name.endswith("__c") for name in row):
        raise refuse_record("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def derive(work: Work, row: Row, old: Row | None) -> None:
    if old is None:
        row["Status"] = row.get("Status") or (NEW if row.get("Incoming") else SENT)
        row["MessageDate"] = row.get("MessageDate") or work.now


def relate(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """Links to people, and the task once the message is more than a draft."""
    for name, kind in LISTS.items():
        if name in row:
            _replace_relations(work, record_id, kind, row[name] or ())
    now = merged(row, old)
    if now["Status"] != DRAFT and not now.get("ActivityId"):
        _log(work, record_id, now)


def _replace_relations(work: Work, record_id: str, kind: str, people: tuple[str, ...]) -> None:
    sobject = work.schema["EmailMessageRelation"]
    sql = (
        'DELETE FROM "EmailMessageRelation" WHERE "EmailMessageId" = ? AND "RelationType" = ? AND "RelationId" NOTNULL'
    )
    work.db.execute(sql, (record_id, kind))
    for person in dict.fromkeys(people):
        row = {"EmailMessageId": record_id, "RelationId": person, "RelationType": kind}
        work.insert(sobject, row | {"RelationAddress": _address(work, person)})


def _address(work: Work, person: str) -> str | None:
    """Raises RecordRefused for an id that is no contact's, lead's or user's."""
    sobject = work.schema.of_id(person)
    if sobject is None or sobject.name not in ("Contact", "Lead", "User"):
        raise refuse_record(
            "FIELD_INTEGRITY_EXCEPTION", f"Relation ID: id value of incorrect type: {person}", "RelationId"
        )
    row = work.fetch(sobject, person)
    if row is None or row.get("IsDeleted"):
        raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    address: str | None = row["Email"]
    return address


def _log(work: Work, record_id: str, message: Row) -> None:
    """The completed task, as Salesforce writes it for a message that is about somebody or something."""
    people = 'SELECT "RelationId" FROM "EmailMessageRelation" WHERE "EmailMessageId" = ? ORDER BY "_n"'
    found = [str(row[0]) for row in work.db.execute(people, (record_id,)) if row[0]]
    who = next((person for person in found if person[:3] in ("003", "00Q")), None)
    what = message.get("RelatedToId")
    if who is None and what is None:
        return
    sobject = work.schema["Task"]
    task: Row = dict(sobject.defaults) | {
        "Subject": f"Email: {message.get('Subject') or ''}"[:LONGEST_SUBJECT].strip(),
        "Description": _text(message)[:LONGEST_TEXT],
        "Status": _closed_status(work),
        "TaskSubtype": "Email",
        "ActivityDate": message["MessageDate"][:10],
        "OwnerId": work.user_id,
        "WhoId": who,
        "WhatId": None if who and who.startswith("00Q") else what,
    }
    TASK.derive(work, task, None)
    task_id = work.insert(sobject, task)
    TASK.after(work, task_id, task, None)
    work.store(work.schema["EmailMessage"], record_id, {"ActivityId": task_id})


def _text(message: Row) -> str:
    head = {"To": "ToAddress", "CC": "CcAddress", "BCC": "BccAddress"}
    lines = [f"{label}: {message.get(name) or ''}" for label, name in head.items()]
    return "\r\n".join([*lines, "", f"Subject: {message.get('Subject') or ''}", "Body:", message.get("TextBody") or ""])


def _closed_status(work: Work) -> str:
    found = work.db.execute('SELECT "ApiName" FROM "TaskStatus" WHERE "IsClosed" ORDER BY "SortOrder"').fetchone()
    return str(found[0])


EMAIL = Rules(check=check, derive=derive, after=relate)
