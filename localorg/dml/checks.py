"""System validation of a record about to be written."""

from collections.abc import Iterable

from localorg.dml import reach, record_types, values
from localorg.dml.work import Row, Work
from localorg.errors import Problem, RecordRefused, refuse_record
from localorg.schema import Field, SObject


def required(sobject: SObject, row: Row, creating: bool) -> None:
    """On create all required fields must have a value, on update none may be emptied."""
    asked = (f for f in sobject.mandatory if (creating and f.required) or f.name in row)
    missing = [f.name for f in asked if row.get(f.name) is None]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        raise refuse_record("REQUIRED_FIELD_MISSING", message, *missing)


def formats(sobject: SObject, row: Row) -> None:
    """Lengths, ranges, e-mail addresses, restricted picklists: all complaints of the first kind found."""
    found = [refused for name, value in row.items() if (refused := values.check(sobject.fields[name], value))]
    problems = [problem for refused in found for problem in refused.problems]
    if problems:
        raise RecordRefused([problem for problem in problems if problem.code == problems[0].code])


def references(work: Work, sobject: SObject, row: Row) -> None:
    for name, value in row.items():
        field = sobject.fields[name]
        if field.type == "reference" and value is not None and name != record_types.FIELD:
            _reference(work, field, str(value))


def _reference(work: Work, field: Field, value: str) -> None:
    target = work.schema.of_id(value)
    if target is None or target.name not in field.targets:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", message, field.name)
    deleted = work.is_deleted(value)
    if deleted is None:
        raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
    if deleted:
        raise refuse_record("ENTITY_IS_DELETED", "entity is deleted")
    reach.require_readable(work, value)


def owner(work: Work, sobject: SObject, row: Row) -> None:
    """An owner must be an active user who may read such records, or a queue where these may own."""
    owner_id = row.get("OwnerId")
    if owner_id is None:
        raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "Owner ID: owner cannot be blank", "OwnerId")
    if str(owner_id).startswith("005"):
        _user_as_owner(work, sobject, str(owner_id))
    else:
        _queue_as_owner(work, sobject, str(owner_id))


def _queue_as_owner(work: Work, sobject: SObject, queue_id: str) -> None:
    sql = 'SELECT 1 FROM "QueueSobject" WHERE "QueueId" = ? AND "SobjectType" = ?'
    if work.db.execute(sql, (queue_id, sobject.name)).fetchone() is None:
        raise refuse_record("FIELD_INTEGRITY_EXCEPTION", "Queue not associated with this SObject type", "OwnerId")


def _user_as_owner(work: Work, sobject: SObject, owner_id: str) -> None:
    view, access = work.view_of(owner_id), work.view.access
    if view is not None:
        reach.require_owner_reads(view, sobject)
    elif access is not None and not access.may("UpdateWithInactiveOwner"):
        message = f"operation performed with inactive user [{owner_id}] as owner of {sobject.label.lower()}"
        raise refuse_record("INACTIVE_OWNER_OR_USER", message)


def unique(work: Work, sobject: SObject, row: Row, own_id: str | None) -> None:
    for name, value in row.items():
        field = sobject.fields[name]
        if field.unique and value is not None:
            _unique(work, sobject, field, value, own_id)


def _unique(work: Work, sobject: SObject, field: Field, value: object, own_id: str | None) -> None:
    alive = ' AND NOT "IsDeleted"' if sobject.has("IsDeleted") else ""
    sql = f'SELECT "Id" FROM "{sobject.name}" WHERE "{field.name}" = ? AND "Id" IS NOT ?{alive} LIMIT 1'
    found = work.db.execute(sql, (value, own_id)).fetchone()
    if found:
        access = work.view.access
        known = access is None or access.reaches(work.db, sobject, found[0], "read")
        shown = found[0][:15] if known else "<unknown>"
        message = f"duplicate value found: {field.name} duplicates value on record with id: {shown}"
        raise RecordRefused([Problem("DUPLICATE_VALUE", message, ())])


def all_of(work: Work, sobject: SObject, row: Row, given: Iterable[str], creating: bool) -> None:
    """Every check of the values a caller gave, in Salesforce's order."""
    required(sobject, row, creating)
    named = {name: row[name] for name in given}
    formats(sobject, named)
    references(work, sobject, named)
    reach.require_parents(work, sobject, row)
    if "OwnerId" in named and sobject.has("OwnerId"):
        owner(work, sobject, named)
