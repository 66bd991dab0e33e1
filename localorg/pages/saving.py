"""What the buttons of pages do to records, and what is told when the org refuses."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from localorg.dml import remove, write
from localorg.dml.work import Work
from localorg.errors import Refused, TypeMismatch
from localorg.pages import inputs
from localorg.pages.soql import Record
from localorg.pages.visit import Visit
from localorg.rules.duplicates import HEADER, DuplicatesDetected
from localorg.schema import Field, SObject

KINDS = {"base64Binary": "file", "double": "number", "int": "whole number", "datetime": "date and time"}
MISSING = "Complete this field."
STALE = "Somebody changed this record while you were editing it. Note what you entered, reload the page, do it again."


@dataclass
class Outcome:
    """An id, or what is wrong: by field name, "" for the whole record.

    ``can_insist``: whether saving anyway works; ``alike``: ids of records that this one may be a duplicate of.
    """

    record_id: str | None = None
    problems: dict[str, str] = field(default_factory=dict)
    can_insist: bool = False
    alike: list[str] = field(default_factory=list)

    @property
    def words(self) -> str:
        """All that is wrong, in one line."""
        return "; ".join(self.problems.values())


def save(visit: Visit, sobject: SObject, fields: list[Field], record: Record | None) -> Outcome:
    """Create, or update what the person changed."""
    given, unresolved = _given(visit, fields, record)
    if unresolved:
        return Outcome(problems=unresolved)
    if record is not None and visit.text("_seen") not in ("", record.get("LastModifiedDate")):
        return Outcome(problems={"": STALE})

    def run(work: Work) -> str:
        if visit.text("_insist"):
            work.options = {HEADER: "allowSave=true"}
        if record is None:
            return write.create(work, sobject, given)
        write.update(work, sobject, record["Id"], given)
        return str(record["Id"])

    return act(visit, run)


def act(visit: Visit, run: Callable[[Work], str]) -> Outcome:
    """Do something in a transaction of its own; a refusal undoes it."""
    try:
        with visit.org.database.write() as db:
            return Outcome(run(visit.org.work(db, visit.person.id)))
    except TypeMismatch as mismatch:
        return Outcome(problems={mismatch.field: f"This is not a valid {KINDS.get(mismatch.kind, mismatch.kind)}."})
    except DuplicatesDetected as found:
        can_insist = not any(finding.reaction.blocks for finding in found.findings)
        alike = [record_id for finding in found.findings for match in finding.matches for record_id in match.records]
        return Outcome(None, _problems(found), can_insist, list(dict.fromkeys(alike)))
    except Refused as refused:
        return Outcome(None, _problems(refused))


def delete(visit: Visit, sobject: SObject, record_ids: list[str]) -> Outcome:
    def run(work: Work) -> str:
        for record_id in record_ids:
            remove.delete(work, sobject, record_id)
        return record_ids[-1]

    return act(visit, run)


def _given(visit: Visit, fields: list[Field], record: Record | None) -> tuple[dict[str, Any], dict[str, str]]:
    """Values to write by field name, and what is wrong with lookups."""
    given: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for one in fields:
        if not inputs.is_there(visit, one) or (one.type == "base64" and visit.file(one.name) is None):
            continue
        try:
            value = inputs.entered(visit, one)
        except inputs.Unresolved as unresolved:
            wrong[one.name] = str(unresolved)
            continue
        if (record is None and value is not None) or (record is not None and _is_changed(visit, one, record, value)):
            given[one.name] = value
    return given, wrong


def _is_changed(visit: Visit, one: Field, record: Record, value: Any) -> bool:
    """Whether the form holds something other than what it began with."""
    if one.type in ("boolean", "reference"):
        return bool(value != record.get(one.name))
    if one.type == "base64":
        return True
    before = inputs.of_record(visit, visit.schema[record["attributes"]["type"]], one, record).text
    now = ";".join(visit.texts(one.name)) if one.type == "multipicklist" else visit.text(one.name)
    return now.replace("\r\n", "\n") != before.replace("\r\n", "\n").strip()


def _problems(refused: Refused) -> dict[str, str]:
    found: dict[str, str] = {}
    for problem in refused.problems:
        message = MISSING if problem.code == "REQUIRED_FIELD_MISSING" and problem.fields else problem.message
        for name in problem.fields or ("",):
            found.setdefault(name, message)
    return found
