"""Record types and picklists as describe, layouts and the UI API show them."""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from localorg.ids import MASTER_RECORD_TYPE
from localorg.schema import Field, RecordType, SObject, Value

Json = dict[str, Any]

MASTER = RecordType(MASTER_RECORD_TYPE, "Master", "Master")


def infos(sobject: SObject, profile: str, data_url: str) -> list[Json]:
    """For a user with this profile; Master comes last and always."""
    return [_info(sobject, each, profile, data_url) for each in offered(sobject)]


def offered(sobject: SObject) -> tuple[RecordType, ...]:
    return (*sobject.record_types, MASTER)


def find(sobject: SObject, record_type_id: str | None) -> RecordType | None:
    return next((each for each in offered(sobject) if each.id == record_type_id), None)


def default(sobject: SObject, profile: str) -> RecordType:
    return sobject.default_record_type(profile) or MASTER


def _info(sobject: SObject, each: RecordType, profile: str, data_url: str) -> Json:
    return {
        "active": each.active,
        "available": each.is_available(profile),
        "defaultRecordTypeMapping": each is default(sobject, profile),
        "developerName": each.name,
        "master": each is MASTER,
        "name": each.label,
        "recordTypeId": each.id,
        "urls": {"layout": f"{data_url}/sobjects/{sobject.name}/describe/layouts/{each.id}"},
    }


def picklists(sobject: SObject) -> Iterator[Field]:
    return (field for field in sobject.fields.values() if field.values)


def value(sobject: SObject, field: Field, each: Value) -> Json:
    return {
        "active": True,
        "defaultValue": each.default,
        "label": each.label or each.value,
        "validFor": _bits(sobject, field, each) if field.controller else None,
        "value": each.value,
    }


def valid_for(sobject: SObject, field: Field, each: Value) -> list[int]:
    """The places of the controlling values that a dependent value goes with."""
    controlling = sobject.fields[field.controller].controlling_values if field.controller else ()
    return [place for place, name in enumerate(controlling) if name in each.valid_for]


def _bits(sobject: SObject, field: Field, each: Value) -> str:
    """One bit a controlling value, the first is the highest; bytes come in threes, so that base64 needs no padding."""
    places = valid_for(sobject, field, each)
    count = len(sobject.fields[str(field.controller)].controlling_values)
    bits = bytearray(-(-count // 24) * 3)
    for place in places:
        bits[place // 8] |= 0x80 >> place % 8
    return b64encode(bits).decode()
