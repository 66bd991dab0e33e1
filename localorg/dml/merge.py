"""Merging up to three accounts, contacts or leads into one."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localorg.dml import reach, write
from localorg.dml.remove import AUDIT, into_bin
from localorg.dml.work import Row, Work
from localorg.errors import refuse, refuse_record
from localorg.schema import Child, SObject

MOST_LOSERS = 2
ONCE_EACH = {  # what may be linked to the same record only once: the master's own link stays
    "CampaignMember": "CampaignId",
    "ContentDocumentLink": "ContentDocumentId",
    "EventRelation": "EventId",
}


def merge(
    work: Work, sobject: SObject, master_id: str, loser_ids: Sequence[str], values: Mapping[str, Any] | None = None
) -> list[str]:
    """Losers go to the bin pointing at the master, which takes over everything that pointed at them.

    ``values``: fields of the master to set, such as those that a loser knows better. Returns the ids of what was moved.
    """
    if not sobject.can("merge"):
        raise refuse("INVALID_TYPE", f"entity type does not support merge: {sobject.name}")
    if not 1 <= len(set(loser_ids) - {master_id}) == len(loser_ids) <= MOST_LOSERS:
        raise refuse("INVALID_OPERATION", f"merge takes one master and up to {MOST_LOSERS} other records")
    sobject = work.schema[sobject.name]
    rows = [write.existing(work, sobject, record_id) for record_id in (master_id, *loser_ids)]
    if any(row.get("IsConverted") for row in rows):
        raise refuse_record("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    reach.require(work, sobject, master_id, "edit")
    for loser_id in loser_ids:
        reach.require(work, sobject, loser_id, "delete")
    moved: list[str] = []
    for loser_id in loser_ids:
        moved += _reparent(work, sobject, loser_id, master_id)
        into_bin(work, sobject, loser_id, loser_id, MasterRecordId=master_id)
    work.update(sobject, master_id, _kept(sobject, rows))
    if values:
        write.update(work, sobject, master_id, values)
    return list(dict.fromkeys(moved))


def _kept(sobject: SObject, rows: Sequence[Row]) -> Row:
    """The latest activity of all; and nobody is a child of itself."""
    master, losers = rows[0], {row["Id"] for row in rows[1:]}
    own = (f.name for f in sobject.references if f.targets == (sobject.name,) and f.name not in AUDIT)
    kept: Row = {name: None for name in own if master[name] in losers}
    return kept | {"LastActivityDate": max((row["LastActivityDate"] or "" for row in rows), default="") or None}


def _reparent(work: Work, sobject: SObject, loser_id: str, master_id: str) -> Iterator[str]:
    for child in sobject.children:
        if child.field.name not in AUDIT:
            yield from _move_children(work, child, loser_id, master_id)


def _move_children(work: Work, child: Child, loser_id: str, master_id: str) -> Iterator[str]:
    sobject, column = work.schema[child.sobject], child.field.name
    if other := ONCE_EACH.get(sobject.name):
        same = f'SELECT "{other}" FROM "{sobject.name}" WHERE "{column}" = ?'
        sql = f'DELETE FROM "{sobject.name}" WHERE "{column}" = ? AND "{other}" IN ({same})'
        work.db.execute(sql, (loser_id, master_id))
    for (record_id,) in work.db.execute(
        f'SELECT "Id" FROM "{sobject.name}" WHERE "{column}" = ?', (loser_id,)
    ).fetchall():
        work.touch(sobject, record_id, {column: master_id})
        yield record_id
