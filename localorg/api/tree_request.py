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
DEEPEST = 5

Item = dict[str, Any]


class _Undo(Exception):
    """Some record was refused."""


def create(call: Call, name: str) -> Reply:
    sobject = sobject_of(call, name)
    records = listed(call.mapping(), "records")
    if sum(_count(record) for record in records) > MOST_RECORDS:
        raise refuse(
            "EXCEEDED_ID_LIMIT",
            f"record limit reached. cannot submit more than {MOST_RECORDS} records into this call",
        )
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


def _refused(reference: Any, problems: tuple[Problem, ...]) -> Item:
    return {"referenceId": reference, "errors": [problem.as_row() for problem in problems]}


def _child(sobject: SObject, name: str) -> Child | None:
    return next((c for c in sobject.children if c.relationship and c.relationship.lower() == name.lower()), None)


def _count(record: Any) -> int:
    if not isinstance(record, dict):
        return 1
    nested = (
        value["records"]
        for value in record.values()
        if isinstance(value, dict) and isinstance(value.get("records"), list)
    )
    return 1 + sum(_count(inner) for inner_list in nested for inner in inner_list)
