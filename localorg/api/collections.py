"""Up to 200 records in one call: /composite/sobjects."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

from localorg import ids
from localorg.api import records
from localorg.api.call import Call, Reply
from localorg.api.lookups import attribute, external_field, listed, sobject_of
from localorg.database import savepoint
from localorg.dml import accept, remove, write
from localorg.errors import Problem, RecordRefused, refuse, refuse_record
from localorg.schema import Field, SObject

MOST_RECORDS = 200
MOST_RETRIEVED = 2000
MOST_CHUNKS = 10
ROLLED_BACK = Problem(
    "ALL_OR_NONE_OPERATION_ROLLED_BACK",
    "Record rolled back because not all records were valid and the request was using AllOrNone header",
    (),
)

Item = dict[str, Any]
Step = Callable[[], Item]


class _RolledBack(Exception):
    """Undo the savepoint around all records."""


def create(call: Call) -> Reply:
    body = call.mapping()
    given = _records(body)
    typed = [(_sobject(call, record), record) for record in given]
    _check_chunks(sobject.name for sobject, _ in typed)
    _check_names(call, typed)
    return run(call, [_create_step(call, *pair) for pair in typed], _all_or_none(body))


def update(call: Call) -> Reply:
    body = call.mapping()
    typed = [(_sobject(call, record), record) for record in _records(body)]
    _check_chunks(sobject.name for sobject, _ in typed)
    split = [(sobject, *_split_id(record)) for sobject, record in typed]
    _check_names(call, [(sobject, rest) for sobject, _, rest in split])
    seen: set[str] = set()
    return run(call, [_update_step(call, seen, *part) for part in split], _all_or_none(body))


def upsert(call: Call, name: str, field: str) -> Reply:
    body = call.mapping()
    sobject = sobject_of(call, name)
    key = external_field(sobject, field)
    given = _records(body)
    if any(_sobject(call, record) is not sobject for record in given):
        raise refuse("INVALID_INPUT", f"All records of an upsert must be of type {sobject.name}")
    split = [_split_key(record, key.name) for record in given]
    _check_names(call, [(sobject, rest) for _, rest in split])
    seen: set[str] = set()
    return run(call, [_upsert_step(call, seen, sobject, key, *part) for part in split], _all_or_none(body))


def delete(call: Call) -> Reply:
    wanted = [text.strip() for text in call.query.get("ids", "").split(",") if text.strip()]
    if not wanted:
        raise refuse("REQUIRED_FIELD_MISSING", "The ids parameter is required.")
    _check_size(len(wanted))
    steps = [_delete_step(call, text) for text in wanted]
    return run(call, steps, call.query.get("allOrNone", "").lower() == "true")


def retrieve(call: Call, name: str) -> Reply:
    wanted = [text for text in call.query.get("ids", "").split(",") if text]
    fields = [text for text in call.query.get("fields", "").split(",") if text]
    return _retrieve(call, name, wanted, fields)


def retrieve_posted(call: Call, name: str) -> Reply:
    body = call.mapping()
    return _retrieve(call, name, listed(body, "ids"), listed(body, "fields"))


def _retrieve(call: Call, name: str, wanted: list[str], fields: list[str]) -> Reply:
    sobject = sobject_of(call, name)
    if not fields:
        raise refuse("REQUIRED_FIELD_MISSING", "The fields parameter is required.")
    if not wanted:
        raise refuse("REQUIRED_FIELD_MISSING", "The ids parameter is required.")
    _check_size(len(wanted), MOST_RETRIEVED)
    parsed = [ids.parse(str(text).strip()) for text in wanted]
    return Reply(body=records.many(call, sobject, parsed, [str(f).strip() for f in fields]))


def run(call: Call, steps: Sequence[Step], all_or_none: bool) -> Reply:
    """Each step in a savepoint of its own; with ``all_or_none`` one failure undoes all."""
    results: list[Item] = []
    try:
        with savepoint(call.db):
            for step in steps:
                results.append(_attempt(call, step))
            if all_or_none and not all(item["success"] for item in results):
                raise _RolledBack
    except _RolledBack:
        results = [_rolled_back(item) for item in results]
    return Reply(body=results)


def _attempt(call: Call, step: Step) -> Item:
    try:
        with savepoint(call.db):
            return step()
    except RecordRefused as refused:
        return {"success": False, "errors": [problem.as_row() for problem in refused.problems]}


def _rolled_back(item: Item) -> Item:
    if not item["success"]:
        return item
    return {"id": item["id"], "success": False, "errors": [ROLLED_BACK.as_row()]}


def _create_step(call: Call, sobject: SObject, record: Item) -> Step:
    return lambda: _success(write.create(call.work, sobject, record))


def _update_step(call: Call, seen: set[str], sobject: SObject, record_id: Any, rest: Item) -> Step:
    def step() -> Item:
        found = given_id(record_id)
        if found in seen:
            raise refuse_record("DUPLICATE_VALUE", f"Duplicate id in list: {found}")
        seen.add(found)
        write.update(call.work, sobject, found, rest)
        return _success(found)

    return step


def _upsert_step(call: Call, seen: set[str], sobject: SObject, key: Field, value: Any, rest: Item) -> Step:
    def step() -> Item:
        if value not in (None, "") and str(value).casefold() in seen:
            raise refuse_record("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", key.name)
        seen.add(str(value).casefold())
        if key.name == "Id":
            return _upsert_by_id(call, sobject, value, rest)
        return _upsert_by_key(call, sobject, key, value, rest)

    return step


def _upsert_by_id(call: Call, sobject: SObject, value: Any, rest: Item) -> Item:
    if value in (None, ""):
        return _success(write.create(call.work, sobject, rest)) | {"created": True}
    write.update(call.work, sobject, given_id(value), rest)
    return _success(given_id(value)) | {"created": False}


def _upsert_by_key(call: Call, sobject: SObject, key: Field, value: Any, rest: Item) -> Item:
    if value in (None, ""):
        raise refuse_record("MISSING_ARGUMENT", f"{key.name} not specified", key.name)
    found = accept.find_by(call.work, sobject, key, value)
    if len(found) > 1:
        raise refuse_record("DUPLICATE_EXTERNAL_ID", accept.more_than_one(key, found), key.name)
    if not found:
        return _success(write.create(call.work, sobject, {**rest, key.name: value})) | {"created": True}
    write.update(call.work, sobject, found[0], rest)
    return _success(found[0]) | {"created": False}


def _delete_step(call: Call, text: str) -> Step:
    def step() -> Item:
        found = given_id(text)
        sobject = call.schema.of_id(found)
        if sobject is None:
            raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
        remove.delete(call.work, sobject, found)
        return _success(found)

    return step


def given_id(value: Any) -> str:
    """The id that a row of the body names. Raises RecordRefused for none or a malformed one."""
    if value in (None, ""):
        raise refuse_record("MISSING_ARGUMENT", "Id not specified in an update call")
    found = ids.parse(str(value).strip())
    if found is None:
        raise refuse_record("MALFORMED_ID", f"malformed id {value}", "Id")
    return found


def _success(record_id: str) -> Item:
    return {"id": record_id, "success": True, "errors": []}


def _records(body: Item) -> list[Item]:
    found = listed(body, "records")
    if not all(isinstance(record, dict) for record in found):
        raise refuse("JSON_PARSER_ERROR", "Every record must be an object")
    _check_size(len(found))
    return found


def _check_size(size: int, most: int = MOST_RECORDS) -> None:
    if size > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise refuse("EXCEEDED_ID_LIMIT", message)


def _check_chunks(names: Iterable[str]) -> None:
    """Neighbours of one type are a chunk."""
    listed = list(names)
    if 1 + sum(a != b for a, b in pairwise(listed)) > MOST_CHUNKS:
        message = "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking."
        raise refuse("INVALID_INPUT", message)


def _check_names(call: Call, typed: list[tuple[SObject, Item]]) -> None:
    """An unknown field in one record refuses the whole body."""
    for sobject, record in typed:
        for name in record:
            lower = name.lower()
            if lower != "attributes" and lower not in sobject.by_lower_name and lower not in sobject.by_relationship:
                raise refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")


def _sobject(call: Call, record: Item) -> SObject:
    name = attribute(record, "type")
    if not name:
        raise refuse("INVALID_INPUT", "Include an SObject type with your record.")
    found = call.schema.find(str(name))
    if found is None:
        raise refuse("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return found


def _all_or_none(body: Item) -> bool:
    return body.get("allOrNone") is True


def _split_id(record: Item) -> tuple[Any, Item]:
    return _split_key(record, "Id")


def _split_key(record: Item, key: str) -> tuple[Any, Item]:
    value, rest = None, {}
    for name, given in record.items():
        if name.lower() == key.lower():
            value = given
        else:
            rest[name] = given
    return value, rest
