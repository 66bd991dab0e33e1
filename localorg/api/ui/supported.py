"""What every part of the UI API begins and ends with."""

from hashlib import md5
from typing import Any

import orjson

from localorg import ids
from localorg.api import record_types
from localorg.api.call import Call
from localorg.api.lookups import sobject_of
from localorg.errors import refuse
from localorg.schema import RecordType, SObject

Json = dict[str, Any]


def object_of(call: Call, name: str) -> SObject:
    """Raises Refused for what there is not, and for what has no page of its own."""
    sobject = sobject_of(call, name)
    if not is_supported(sobject):
        raise refuse("INVALID_TYPE", f"Object {sobject.name} is not supported in UI API")
    return sobject


def is_supported(sobject: SObject) -> bool:
    return sobject.can("layout")


def record_type_of(sobject: SObject, text: str) -> RecordType:
    found = record_types.find(sobject, ids.parse(text))
    if found is None:
        message = f"The record type id {text} is not valid for the object {sobject.name}."
        raise refuse("INVALID_RECORD_TYPE", message)
    return found


def tagged(body: Json) -> Json:
    """With the eTag that changes when anything else in it does."""
    return body | {"eTag": md5(orjson.dumps(body), usedforsecurity=False).hexdigest()}
