"""Rows that are written in one transaction, each on its own feet: what is wrong with one harms no other."""

from dataclasses import dataclass, field
from typing import Any

from localorg import ids
from localorg.bulk.mapping import Given
from localorg.database import savepoint
from localorg.dml import accept, remove, write
from localorg.dml.work import Work
from localorg.errors import Problem, Refused, TypeMismatch, refuse_record
from localorg.schema import Field, SObject


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row. ``id`` is "" for a record that was not made."""

    id: str
    created: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass
class Chunk:
    """Rows of one object, by one user, as triggers get them: up to 200."""

    work: Work
    sobject: SObject
    operation: str
    key: Field  # of an upsert
    seen: set[str] = field(default_factory=set)  # ids and external ids, which may come once only

    def attempt(self, given: Given) -> Outcome:
        """Write one row, or find out why not."""
        record_id = str(given.get("Id") or "")
        try:
            with savepoint(self.work.db):
                return self._write(given)
        except TypeMismatch as mismatch:
            return Outcome(record_id, problems=(_mistyped(self.sobject, mismatch),))
        except Refused as refused:
            return Outcome(record_id, problems=refused.problems)

    def _write(self, given: Given) -> Outcome:
        match self.operation:
            case "insert":
                return self._create(given)
            case "upsert" if self.key.name != "Id":
                return self._upsert(given)
            case "upsert" if given.get("Id") is None:
                return self._create(given)
        record_id = self._id(given.pop("Id", None))
        if self.operation in ("delete", "hardDelete"):
            self._delete(record_id)
        else:
            write.update(self.work, self.sobject, record_id, given)
        return Outcome(record_id)

    def _create(self, given: Given) -> Outcome:
        return Outcome(write.create(self.work, self.sobject, given), created=True)

    def _upsert(self, given: Given) -> Outcome:
        key, value = self.key, given.pop(self.key.name, None)
        if value is None:
            raise refuse_record("MISSING_ARGUMENT", f"{key.name} not specified", key.name)
        self._once(str(value), f"Duplicate external id specified: {value}", key.name)
        found = accept.find_by(self.work, self.sobject, key, value)
        if len(found) > 1:
            raise refuse_record("DUPLICATE_EXTERNAL_ID", accept.more_than_one(key, found), key.name)
        if not found:
            return self._create({**given, key.name: value})
        write.update(self.work, self.sobject, found[0], given)
        return Outcome(found[0])

    def _delete(self, record_id: str) -> None:
        remove.delete(self.work, self.sobject, record_id)
        if self.operation == "hardDelete" and self.work.is_deleted(record_id):
            remove.erase(self.work, record_id)

    def _id(self, value: Any) -> str:
        if value is None:
            raise refuse_record("MISSING_ARGUMENT", "Id not specified in an update call")
        found = ids.parse(str(value).strip())
        if found is None:
            raise refuse_record("MALFORMED_ID", f"malformed id {value}", "Id")
        self._once(found, f"Duplicate id in list: {found}")
        return found

    def _once(self, value: str, message: str, *fields: str) -> None:
        if value.casefold() in self.seen:
            raise refuse_record("DUPLICATE_VALUE", message, *fields)
        self.seen.add(value.casefold())


def _mistyped(sobject: SObject, mismatch: TypeMismatch) -> Problem:
    """A value that is none of its type: JSON fails in whole then, a CSV in this row."""
    field = sobject.find(mismatch.field)
    message = f"{field.label if field else mismatch.field}: value not of required type: {mismatch.value}"
    return Problem("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (mismatch.field,))
