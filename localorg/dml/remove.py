"""Deleting and undeleting: the recycle bin and what goes along."""

from datetime import timedelta

from localorg import clock
from localorg.dml import blobs, checks, locks, reach, rules
from localorg.dml.work import Row, Work
from localorg.dml.write import existing
from localorg.errors import refuse_record
from localorg.schema import Child, SObject

ERASED_AT_ONCE = {"CampaignMember"}  # these never rest in the recycle bin
KEPT = timedelta(days=15)  # in the recycle bin
AUDIT = {"CreatedById", "LastModifiedById", "MasterRecordId"}
STANDS_FOR = {"ContentNote": "ContentDocument"}  # one thing with two names


def delete(work: Work, sobject: SObject, record_id: str) -> None:
    """Put a record, and what hangs on it, into the recycle bin."""
    seen = work.view.sobjects.get(sobject.name)
    if seen is None or not seen.can("delete"):
        raise reach.read_only()
    sobject = work.schema[sobject.name]
    row = existing(work, sobject, record_id)
    reach.require(work, sobject, record_id, "delete")
    locks.require(work, sobject, record_id, row)
    rules.of(sobject.name).before_delete(work, record_id, row)
    _drop(work, work.schema[STANDS_FOR.get(sobject.name, sobject.name)], record_id, root=record_id)


def undelete(work: Work, record_id: str) -> None:
    """Take a record and what went with it out of the bin again.

    Whoever pointed at it does so again unless they point elsewhere by now. The loser of a merge comes back alone: what
    was its own stays with the master, as documented for undelete().
    """
    sobject = work.schema.of_id(record_id)
    if sobject is None or not sobject.can("undelete") or root_of(work, record_id) != record_id:
        raise refuse_record("UNDELETE_FAILED", "Entity is not in the recycle bin")
    reach.require(work, sobject, record_id, "delete")
    for (companion,) in work.db.execute("SELECT id FROM _bin WHERE root = ?", (record_id,)).fetchall():
        _restore(work, companion)
    loosened = "SELECT id, field, value FROM _loosened WHERE root = ?"
    for other, field, value in work.db.execute(loosened, (record_id,)).fetchall():
        _tie(work, other, field, value)
    _forget_root(work, record_id)


def erase(work: Work, record_id: str) -> None:
    """Empty the bin of a record and of what went with it: gone for good."""
    sobject = work.schema.of_id(record_id)
    if sobject is None or root_of(work, record_id) is None:
        raise refuse_record("INVALID_ID_FIELD", "record is not in the recycle bin")
    reach.require(work, sobject, record_id, "delete")
    for (companion,) in work.db.execute("SELECT id FROM _bin WHERE root = ?1 OR id = ?1", (record_id,)).fetchall():
        owner = work.schema.of_id(companion)
        if owner is not None:
            _destroy(work, owner, companion)
            work.db.execute("DELETE FROM _bin WHERE id = ?", (companion,))
    _forget_root(work, record_id)


def purge(work: Work) -> None:
    """Erase what has lain in the bin for so long that a real org would have."""
    limit = clock.stored(clock.now() - KEPT)
    for sobject in work.schema:
        if sobject.has("IsDeleted"):
            deleted = "LastModifiedDate" if sobject.has("LastModifiedDate") else "SystemModstamp"
            sql = f'SELECT "Id" FROM "{sobject.name}" WHERE "IsDeleted" AND "{deleted}" < ?'
            for (record_id,) in work.db.execute(sql, (limit,)).fetchall():
                _destroy(work, sobject, record_id)
                work.db.execute("DELETE FROM _bin WHERE id = ?", (record_id,))
                work.db.execute("DELETE FROM _loosened WHERE root = ?", (record_id,))


def root_of(work: Work, record_id: str) -> str | None:
    """The record whose delete brought this one into the bin: itself, or a parent; None for what is not there."""
    found = work.db.execute("SELECT root FROM _bin WHERE id = ?", (record_id,)).fetchone()
    return found[0] if found else None


def into_bin(work: Work, sobject: SObject, record_id: str, root: str, **values: str) -> None:
    work.update(sobject, record_id, {"IsDeleted": 1, **values})
    work.db.execute("INSERT OR REPLACE INTO _bin VALUES (?, ?)", (record_id, root))
    work.forget(record_id)


def _drop(work: Work, sobject: SObject, record_id: str, root: str) -> None:
    row = work.fetch(sobject, record_id) or {}
    if sobject.has("IsDeleted") and sobject.name not in ERASED_AT_ONCE:
        into_bin(work, sobject, record_id, root)
    else:
        _destroy(work, sobject, record_id)
    rule = rules.of(sobject.name)
    rule.removed(work, record_id, row)
    for name, other in rule.along(work, record_id):
        _drop(work, work.schema[name], other, root)
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
            work.db.execute("INSERT INTO _loosened VALUES (?, ?, ?, ?)", (root, record_id, column, parent_id))


def _has_other_parent(work: Work, sobject: SObject, record_id: str, column: str) -> bool:
    """An activity lives on with whoever else it is about."""
    if sobject.name not in ("Task", "Event"):
        return False
    row: Row = work.fetch(sobject, record_id) or {}
    other = row.get("WhatId" if column == "WhoId" else "WhoId")
    return other is not None and work.is_deleted(str(other)) is False


def _restore(work: Work, record_id: str) -> None:
    sobject = work.schema.of_id(record_id)
    row = work.fetch(sobject, record_id) if sobject else None
    if sobject is None or row is None:
        return
    checks.unique(work, sobject, row, record_id)
    gone = {f.name: None for f in sobject.references if f.nillable and _is_gone(work, row[f.name], record_id)}
    merged = {"MasterRecordId": None} if sobject.has("MasterRecordId") else {}
    work.update(sobject, record_id, {"IsDeleted": 0} | gone | merged)
    work.forget(record_id)
    rules.of(sobject.name).restored(work, record_id, row)


def _is_gone(work: Work, parent_id: str | None, record_id: str) -> bool:
    """Whether a parent is deleted and does not come back together with the record."""
    return bool(parent_id and work.is_deleted(parent_id) and root_of(work, parent_id) != root_of(work, record_id))


def _tie(work: Work, record_id: str, field: str, value: str) -> None:
    sobject = work.schema.of_id(record_id)
    row = work.fetch(sobject, record_id) if sobject else None
    if sobject is not None and row is not None and row[field] is None:
        work.touch(sobject, record_id, {field: value})


def _destroy(work: Work, sobject: SObject, record_id: str) -> None:
    work.db.execute(f'DELETE FROM "{sobject.name}" WHERE "Id" = ?', (record_id,))
    blobs.drop(work.db, record_id)
    work.forget(record_id)


def _forget_root(work: Work, record_id: str) -> None:
    work.db.execute("DELETE FROM _bin WHERE root = ?", (record_id,))
    work.db.execute("DELETE FROM _loosened WHERE root = ?", (record_id,))
