"""From names in a URL to objects, fields and records."""

from typing import Any

from localorg import ids
from localorg.api.call import Call
from localorg.dml import accept
from localorg.errors import MultipleChoices, not_found, refuse
from localorg.schema import Field, SObject


def attribute(record: Any, name: str) -> Any:
    """What a record of a body says about itself: its type, its referenceId."""
    attributes = record.get("attributes") if isinstance(record, dict) else None
    return attributes.get(name) if isinstance(attributes, dict) else None


def listed(body: dict[str, Any], name: str) -> list[Any]:
    """An array of the body. Raises Refused for anything else."""
    found = body.get(name)
    if not isinstance(found, list):
        raise refuse("JSON_PARSER_ERROR", f"The request body must hold an array named {name}")
    return found


def sobject_of(call: Call, name: str) -> SObject:
    found = call.schema.find(name)
    if found is None:
        raise not_found()
    return found


def record_id_of(sobject: SObject, text: str) -> str:
    """The id in a row's URL. What is no id at all is taken for a field name that does not exist."""
    found = ids.parse(text)
    if found is None:
        raise not_found(f"Provided external ID field does not exist or is not accessible: {text}")
    return found


def external_field(sobject: SObject, name: str) -> Field:
    """A field by which records may be addressed."""
    found = sobject.find(name)
    if found is None or not (found.external_id or found.id_lookup):
        raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
    return found


def by_external_id(call: Call, sobject: SObject, field: Field, value: str) -> str | None:
    """The record that carries the value. Raises MultipleChoices when several do."""
    if field.name == "Id":
        return record_id_of(sobject, value)
    found = accept.find_by(call.work, sobject, field, value)
    if len(found) > 1:
        raise MultipleChoices([call.record_url(sobject, record_id) for record_id in found])
    return found[0] if found else None
