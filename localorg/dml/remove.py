"""Deleting, undeleting and merging: the recycle bin and what goes along."""

from collections.abc import Iterator, Sequence

from localorg.dml import reach
from localorg.dml.work import Row, Work
from localorg.dml.write import existing, refuse_locked
from localorg.errors import refuse, refuse_record
from localorg.schema import Child, SObject

BIN_DDL = "CREATE TABLE IF NOT EXISTS _bin (id TEXT PRIMARY KEY, root TEXT NOT NULL)"
ERASED_AT_ONCE = {"CampaignMember"}  # these never rest in the recycle bin
AUDIT = {"CreatedById", "LastModifiedById", "MasterRecordId"}
MOST_LOSERS = 2


def delete(work: Work, sobject: SObject, record_id: str) -> None:
    """Put a record, and what hangs on it, into the recycle bin."""
    seen = work.view.sobjects.get(sobject.name)
    if seen is None or not seen.can("delete"):
        raise reach.read_only()
    sobject = work.schema[sobject.name]
    existing(work, sobject, record_id)
    reach.require(work, sobject, record_id, "delete")
    refuse_locked(work, sobject, record_id)
    _drop(work, sobject, record_id, root=record_id)


def undelete(work: Work, record_id: str) -> None:
    """Take a record and what went with it out of the bin again."""
    sobject = work.schema.of_id(record_id)
    row = work.fetch(sobject, record_id) if sobject else None
    if sobject is None or row is None or not row.get("IsDeleted"):
        raise refuse_record("UNDELETE_FAILED", "Entity is not in the recycle bin")
    if row.get("MasterRecordId"):
        raise refuse_record("UNDELETE_FAILED", "Entity was merged and cannot be restored")
    reach.require(work, sobject, record_id, "delete")
    for (companion,) in work.db.execute("SELECT id FROM _bin WHERE root = ?", (record_id,)).fetchall():
        owner = work.schema.of_id(companion)
        if owner is not None:
            work.update(owner, companion, {"IsDeleted": 0})
        work.forget(companion)
    work.db.execute("DELETE FROM _bin WHERE root = ?", (record_id,))


def erase(work: Work, record_id: str) -> None:
    """Empty the bin of a record and of what went with it: gone for good."""
    sobject = work.schema.of_id(record_id)
    row = work.fetch(sobject, record_id) if sobject else None
    if sobject is None or row is None or not row.get("IsDeleted"):
        raise refuse_record("INVALID_ID_FIELD", "record is not in the recycle bin")
    reach.require(work, sobject, record_id, "delete")
    for (companion,) in work.db.execute("SELECT id FROM _bin WHERE root = ?", (record_id,)).fetchall():
        owner = work.schema.of_id(companion)
        if owner is not None:
            work.db.execute(f'DELETE FROM "{owner.name}" WHERE "Id" = ?', (companion,))
        work.forget(companion)
    work.db.execute("DELETE FROM _bin WHERE root = ?", (record_id,))


def merge(work: Work, sobject: SObject, master_id: str, loser_ids: Sequence[str]) -> list[str]:
    """Losers go to the bin pointing at the master, which takes over everything that pointed at them.

    Returns the ids of what was moved.
    """
    if not sobject.can("merge"):
        raise refuse("INVALID_TYPE", f"entity type does not support merge: {sobject.name}")
    sobject = work.schema[sobject.name]
    if not 1 <= len(loser_ids) <= MOST_LOSERS or master_id in loser_ids:
        raise refuse("INVALID_OPERATION", f"merge takes one master and up to {MOST_LOSERS} other records")
    existing(work, sobject, master_id)
    reach.require(work, sobject, master_id, "edit")
    moved: list[str] = []
    for loser_id in loser_ids:
        existing(work, sobject, loser_id)
        reach.require(work, sobject, loser_id, "delete")
        moved += _reparent(work, sobject, loser_id, master_id)
        work.update(sobject, loser_id, {"IsDeleted": 1, "MasterRecordId": master_id})
        work.db.execute("INSERT OR REPLACE INTO _bin VALUES (?, ?)", (loser_id, loser_id))
        work.forget(loser_id)
    work.update(sobject, master_id, {})
    return list(dict.fromkeys(moved))


def _reparent(work: Work, sobject: SObject, loser_id: str, master_id: str) -> Iterator[str]:
    for child in sobject.children:
        if child.field.name not in AUDIT:
            yield from _move_children(work, child, loser_id, master_id)


def _move_children(work: Work, child: Child, loser_id: str, master_id: str) -> Iterator[str]:
    sobject, column = work.schema[child.sobject], child.field.name
    if sobject.name == "CampaignMember":
        # the same person twice in a campaign: the master's membership stays
        same = f'SELECT "CampaignId" FROM "CampaignMember" WHERE "{column}" = ?'
        sql = f'DELETE FROM "CampaignMember" WHERE "{column}" = ? AND "CampaignId" IN ({same})'
        work.db.execute(sql, (loser_id, master_id))
    for (record_id,) in work.db.execute(
        f'SELECT "Id" FROM "{sobject.name}" WHERE "{column}" = ?', (loser_id,)
    ).fetchall():
        work.touch(sobject, record_id, {column: master_id})
        yield record_id


def _drop(work: Work, sobject: SObject, record_id: str, root: str) -> None:
    if sobject.has("IsDeleted") and sobject.name not in ERASED_AT_ONCE:
        work.update(sobject, record_id, {"IsDeleted": 1})
        work.db.execute("INSERT OR REPLACE INTO _bin VALUES (?, ?)", (record_id, root))
    else:
        work.db.execute(f'DELETE FROM "{sobject.name}" WHERE "Id" = ?', (record_id,))
    work.forget(record_id)
    for child in sobject.children:
        if child.field.name not in AUDIT:
            _drop_children(work, child, record_id, root)


def _drop_children(work: Work, child: Child, parent_id: str, root: str) -> None:
    sobject, column = work.schema[child.sobject], child.field.name
    alive = ' AND NOT "IsDeleted"' if sobject.has("IsDeleted") else ""
    for (record_id,) in work.db.execute(
        f'SELECT "Id" FROM "{sobject.name}" WHERE "{column}" = ?{alive}', (parent_id,)
    ).fetchall():
        if child.field.on_delete == "cascade" and not _has_other_parent(work, sobject, record_id, column):
            _drop(work, sobject, record_id, root)
        else:
            work.touch(sobject, record_id, {column: None})


def _has_other_parent(work: Work, sobject: SObject, record_id: str, column: str) -> bool:
    """An activity lives on with whoever else it is about; a converted lead's membership with the contact."""
    if sobject.name not in ("Task", "Event"):
        return False
    row: Row = work.fetch(sobject, record_id) or {}
    other = row.get("WhatId" if column == "WhoId" else "WhoId")
    return other is not None and work.is_deleted(str(other)) is False
