"""Records with their children in one body, all or nothing: /composite/tree/Account."""

from collections.abc import Iterator
from typing import Any

from localorg.api.call import Call, Reply
from localorg.api.lookups import attribute, listed, sobject_of
from localorg.database import savepoint
from localorg.dml import write
from localorg.errors import Problem, RecordRefused, refuse
from localorg.schema import Child, SObject

MOST_RECORDS = 200
MOST_TYPES = 5
DEEPEST = 5

Item = dict[str, Any]


class _Undo(Exception):
    """Some record was refused."""


def create(call: Call, name: str) -> Reply:
    sobject = sobject_of(call, name)
    records = listed(call.mapping(), "records")
    if sum(1 for _ in _walk(records)) > MOST_RECORDS:
        raise refuse(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MOST_RECORDS} records into this call",
        )
    if mistaken := list(_mistaken_references(records)):
        return Reply(400, {"hasErrors": True, "results": mistaken})
    if len(_types(call, sobject, records)) > MOST_TYPES:
        raise refuse("INVALID_INPUT", f"Cannot create records of more than {MOST_TYPES} different types in one call")
    results: list[Item] = []
    try:
        with savepoint(call.db):
            for record in records:
                results += _create(call, sobject, record, {}, 1)
            if any("errors" in result for result in results):
                raise _Undo
    except _Undo:
        failed = [result for result in results if "errors" in result]
        return Reply(400, {"hasErrors": True, "results": failed})
    return Reply(201, {"hasErrors": False, "results": results})


def _create(call: Call, sobject: SObject, record: Item, parent: Item, depth: int) -> Iterator[Item]:
    if depth > DEEPEST:
        raise refuse("INVALID_INPUT", f"Records are nested deeper than {DEEPEST} levels")
    if not isinstance(record, dict):
        raise refuse("JSON_PARSER_ERROR", "Every record must be an object")
    reference = attribute(record, "referenceId")
    nested = {name: child for name in record if (child := _child(sobject, name))}
    own = {name: value for name, value in record.items() if name not in nested} | parent
    try:
        record_id = write.create(call.work, sobject, own)
    except RecordRefused as refused:
        yield _refused(reference, refused.problems)
        return
    yield {"referenceId": reference, "id": record_id}
    for name, child in nested.items():
        for inner in listed(record[name], "records") if isinstance(record[name], dict) else ():
            yield from _create(call, call.schema[child.sobject], inner, {child.field.name: record_id}, depth + 1)


def _mistaken_references(records: list[Any]) -> Iterator[Item]:
    """Each record needs a referenceId of its own, by which the answer speaks of it."""
    seen: set[str] = set()
    for record in _walk(records):
        reference = attribute(record, "referenceId")
        if not isinstance(reference, str) or not reference:
            yield _refused(None, (Problem("INVALID_INPUT", "Include a reference ID for each record in the request."),))
        elif reference in seen:
            yield _refused(reference, (Problem("INVALID_INPUT", "Duplicate ReferenceId provided in the request."),))
        seen.add(str(reference))


def _walk(records: list[Any]) -> Iterator[Item]:
    """The records and those in them, at any depth."""
    waiting = list(reversed(records))
    while waiting:
        record = waiting.pop()
        if isinstance(record, dict):
            yield record
            waiting += reversed([inner for _, found in _nested(record) for inner in found])


def _nested(record: Item) -> Iterator[tuple[str, list[Any]]]:
    """The lists of records that a record holds."""
    for name, value in record.items():
        if isinstance(value, dict) and isinstance(value.get("records"), list):
            yield name, value["records"]


def _types(call: Call, sobject: SObject, records: list[Any]) -> set[str]:
    types = {sobject.name}
    for record in records:
        for name, found in _nested(record) if isinstance(record, dict) else ():
            if child := _child(sobject, name):
                types |= _types(call, call.schema[child.sobject], found)
    return types


def _refused(reference: Any, problems: tuple[Problem, ...]) -> Item:
    return {"referenceId": reference, "errors": [problem.as_row() for problem in problems]}


def _child(sobject: SObject, name: str) -> Child | None:
    return next((c for c in sobject.children if c.relationship and c.relationship.lower() == name.lower()), None)
