"""Whether the user may touch this very record: sharing, ownership and their refusals."""

from localorg.access.sharing import DETAILS, Level
from localorg.dml.work import Row, Work
from localorg.errors import RecordRefused, refuse_record
from localorg.schema import Schema, SObject

PARTS = {"Attachment", "CampaignMember", "CampaignMemberStatus", "EventRelation", "OpportunityContactRole"}


def require(work: Work, sobject: SObject, record_id: str, level: Level) -> None:
    """Raises RecordRefused for a record that the user cannot see, or not touch in this way."""
    access = work.view.access
    if access is None or access.reaches(work.db, sobject, record_id, level):
        return
    if access.reaches(work.db, sobject, record_id, "read"):
        raise read_only()
    raise out_of_reach(record_id)


def require_parents(work: Work, sobject: SObject, row: Row) -> None:
    """Who adds to a record changes it: its contact roles, members, invitees."""
    access = work.view.access
    if access is None or sobject.name not in PARTS:
        return
    for column in DETAILS[sobject.name]:
        parent_id = str(row.get(column) or "")
        parent = work.schema.of_id(parent_id)
        if parent and not access.reaches(work.db, parent, parent_id, "edit"):
            raise out_of_reach(parent_id)


def require_readable(work: Work, record_id: str) -> None:
    """A lookup may only point at what its user sees."""
    access, sobject = work.view.access, work.schema.of_id(record_id)
    if access and sobject and not access.reaches(work.db, sobject, record_id, "read"):
        raise out_of_reach(record_id)


def require_transfer(work: Work, sobject: SObject, record_id: str, row: Row, old: Row) -> None:
    """Giving a record away is more than editing it."""
    if row.get("OwnerId", old.get("OwnerId")) != old.get("OwnerId"):
        require(work, sobject, record_id, "transfer")


def require_owner_reads(view: Schema, sobject: SObject) -> None:
    """Nobody gets records of an object that they may not read. ``view``: the new owner's."""
    if sobject.name not in view.sobjects:
        raise refuse_record("TRANSFER_REQUIRES_READ", "The new owner must have read permission", "OwnerId")


def read_only() -> RecordRefused:
    return refuse_record("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")


def out_of_reach(record_id: str) -> RecordRefused:
    message = f"insufficient access rights on cross-reference id: {record_id[:15]}"
    return refuse_record("INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", message)
