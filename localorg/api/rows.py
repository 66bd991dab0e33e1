"""Single records: /sobjects/Contact/003…"""

from typing import Any

from localorg.api import blobs, conditions, recent, records
from localorg.api.call import Call, Reply
from localorg.api.lookups import by_external_id, external_field, record_id_of, sobject_of
from localorg.dml import remove, write
from localorg.errors import not_found, refuse, refuse_record
from localorg.schema import SObject

TELLS_CREATED = 46.0  # the version since which an upsert that updates has a body


def create(call: Call, name: str) -> Reply:
    sobject = sobject_of(call, name)
    record_id = write.create(call.work, sobject, call.mapping())
    return _created(call, sobject.name, record_id)


def read(call: Call, name: str, record_id: str) -> Reply:
    sobject = sobject_of(call, name)
    known = record_id_of(sobject, record_id)
    found = records.one(call, sobject, known, _wanted(call))
    if found is None and call.work.is_deleted(known) and call.schema.of_id(known) is sobject:
        raise refuse_record("ENTITY_IS_DELETED", "entity is deleted", status=404)
    if found is None:
        raise not_found()
    recent.look(call, known)
    return conditions.answer(call, Reply(body=found), conditions.of_record(call, sobject, known))


def create_by_id(call: Call, name: str) -> Reply:
    """An upsert by Id without an id: always a create."""
    reply = create(call, name)
    return Reply(201, reply.body | {"created": True}, reply.headers)


def update(call: Call, name: str, record_id: str) -> Reply:
    sobject = sobject_of(call, name)
    known = record_id_of(sobject, record_id)
    conditions.check(call, conditions.of_record(call, sobject, known))
    write.update(call.work, sobject, known, call.mapping())
    recent.look(call, known)
    return Reply(204, headers=_tag(call, sobject, known))


def delete(call: Call, name: str, record_id: str) -> Reply:
    sobject = sobject_of(call, name)
    remove.delete(call.work, sobject, record_id_of(sobject, record_id))
    return Reply(204)


def read_by(call: Call, name: str, field: str, value: str) -> Reply:
    """By external id, a file of a record, or a relationship of it: /Contact/003…/Account."""
    sobject = sobject_of(call, name)
    if value.lower() in sobject.blobs and sobject.find(field) is None:
        return blobs.download(call, sobject, record_id_of(sobject, field))
    if sobject.find(field) is None:
        return records.related(call, sobject, record_id_of(sobject, field), value, _wanted(call))
    record_id = by_external_id(call, sobject, external_field(sobject, field), value)
    found = records.one(call, sobject, record_id, _wanted(call)) if record_id else None
    if found is None or record_id is None:
        raise not_found()
    return conditions.answer(call, Reply(body=found), conditions.of_record(call, sobject, record_id))


def upsert(call: Call, name: str, field: str, value: str) -> Reply:
    sobject = sobject_of(call, name)
    key = external_field(sobject, field)
    given = _without_key(call.mapping(), key.name, value)
    found = by_external_id(call, sobject, key, value)
    if found is not None:
        conditions.check(call, conditions.of_record(call, sobject, found))
        write.update(call.work, sobject, found, given)
        return Reply(200, _success(found) | {"created": False}) if _tells_created(call) else Reply(204)
    if call.query.get("updateOnly", "").lower() == "true":
        raise not_found()
    record_id = write.create(call.work, sobject, {**given, key.name: value})
    reply = _created(call, sobject.name, record_id)
    return Reply(201, reply.body | {"created": True}, reply.headers)


def delete_by(call: Call, name: str, field: str, value: str) -> Reply:
    sobject = sobject_of(call, name)
    record_id = by_external_id(call, sobject, external_field(sobject, field), value)
    if record_id is None:
        raise not_found()
    remove.delete(call.work, sobject, record_id)
    return Reply(204)


def _tag(call: Call, sobject: SObject, record_id: str) -> dict[str, str]:
    """What an update of an account is answered with, so that the next one may tell what it builds on."""
    state = conditions.of_record(call, sobject, record_id) if sobject.name == conditions.TAGGED else None
    return {"ETag": state.headers["ETag"]} if state and state.tag else {}


def _without_key(given: dict[str, Any], key: str, value: str) -> dict[str, Any]:
    """The body of an upsert may repeat the key, but not contradict it."""
    for name in list(given):
        if name.lower() == key.lower():
            if str(given[name]).lower() != value.lower():
                raise refuse("INVALID_FIELD", f"The {key} field should not be specified in the sobject data.")
            return {n: v for n, v in given.items() if n != name}
    return given


def _tells_created(call: Call) -> bool:
    return float(call.version) >= TELLS_CREATED


def _wanted(call: Call) -> list[str] | None:
    fields = call.query.get("fields")
    return [name.strip() for name in fields.split(",") if name.strip()] if fields else None


def _created(call: Call, name: str, record_id: str) -> Reply:
    recent.look(call, record_id)
    return Reply(201, _success(record_id), {"Location": f"{call.rows_url}{name}/{record_id}"})


def _success(record_id: str) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": []}
