"""Create and update one record. Each raises RecordRefused for this record, Refused for the whole body."""

from collections.abc import Mapping
from typing import Any

from localorg.dml import accept, checks, locks, places, reach, record_types, rules
from localorg.dml.work import Row, Work
from localorg.errors import refuse_record
from localorg.rules import saving
from localorg.schema import SObject


def create(work: Work, sobject: SObject, given: Mapping[str, Any]) -> str:
    """Store a new record; returns its id."""
    seen = work.view.sobjects.get(sobject.name)
    if seen is None or not seen.can("create"):
        raise refuse_record("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {sobject.label}")
    named = accept.body(work, seen, given, creating=True)
    sobject = work.schema[sobject.name]
    locks.require(work, sobject, "", named)
    row = with_defaults(work, sobject, named)
    places.complete(sobject, row, None)
    rule = rules.of(sobject.name)
    rule.check(work, row, None)
    checks.all_of(work, sobject, row, named, creating=True)
    record_types.check(work, sobject, named, row)
    rule.derive(work, row, None)
    found = saving.before(work, sobject, row, None)
    checks.unique(work, sobject, row, None)
    record_id = work.insert(sobject, row)
    rule.after(work, record_id, row, None)
    saving.after(work, sobject, record_id, row, None, found)
    return record_id


def update(work: Work, sobject: SObject, record_id: str, given: Mapping[str, Any]) -> None:
    seen = work.view.sobjects.get(sobject.name)
    if seen is None or not seen.can("update"):
        raise reach.read_only()
    row = accept.body(work, seen, given, creating=False)
    sobject = work.schema[sobject.name]
    old = existing(work, sobject, record_id)
    reach.require(work, sobject, record_id, "edit")
    reach.require_transfer(work, sobject, record_id, row, old)
    locks.require(work, sobject, record_id, row, old)
    named = dict(row)
    places.complete(sobject, row, old)
    rule = rules.of(sobject.name)
    rule.check(work, row, old)
    checks.all_of(work, sobject, row, named, creating=False)
    record_types.check(work, sobject, named, old | row)
    rule.derive(work, row, old)
    found = saving.before(work, sobject, row, old)
    checks.unique(work, sobject, row, record_id)
    work.update(sobject, record_id, row)
    rule.after(work, record_id, row, old)
    saving.after(work, sobject, record_id, row, old, found)


def existing(work: Work, sobject: SObject, record_id: str) -> Row:
    """The live row. Raises RecordRefused with 404 for one that is deleted or never was."""
    row = work.fetch(sobject, record_id) if record_id.startswith(sobject.prefix) else None
    if row is None:
        raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", status=404)
    if row.get("IsDeleted"):
        raise refuse_record("ENTITY_IS_DELETED", "entity is deleted", status=404)
    return row


def with_defaults(work: Work, sobject: SObject, named: Row) -> Row:
    """What a create stores where the caller gave nothing."""
    row = dict(named)
    record_types.fill(work, sobject, row)
    for name, value in sobject.defaults.items():
        if row.get(name) is None:
            row[name] = value
    if sobject.has("OwnerId") and row.get("OwnerId") is None:
        row["OwnerId"] = work.user_id
    return row
