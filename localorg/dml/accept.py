"""The body of a create or update: names known, values readable, fields writable by the caller."""

from collections.abc import Mapping
from typing import Any

from localorg.dml import record_types, values
from localorg.dml.work import Row, Work
from localorg.errors import Problem, RecordRefused, refuse, refuse_record
from localorg.schema import Field, SObject


def body(work: Work, sobject: SObject, given: Mapping[str, Any], creating: bool) -> Row:
    """Stored values by field name. Raises Refused for the whole body, RecordRefused for this record.

    The stages come in Salesforce's order: names, types, then what may be written.
    """
    fields = named(work, sobject, given)
    row = {field.name: values.read(field, value) for field, value in fields}
    record_types.master_as_none(row)
    _refuse_unwritable(fields, creating)
    return row


def named(work: Work, sobject: SObject, given: Mapping[str, Any]) -> list[tuple[Field, Any]]:
    """The fields that the keys mean; a parent given by its external id becomes its id."""
    found = []
    for name, value in given.items():
        field = sobject.find(name)
        if field is not None:
            found.append((field, value))
        elif name.lower() != "attributes":
            found.append(_by_relationship(work, sobject, name, value))
    return found


def _by_relationship(work: Work, sobject: SObject, name: str, value: Any) -> tuple[Field, Any]:
    reference = sobject.by_relationship.get(name.lower())
    if reference is None:
        raise refuse("INVALID_FIELD", f"No such column '{name}' on sobject of type {sobject.name}")
    if value is None:
        return reference, None
    if not isinstance(value, dict):
        raise refuse("INVALID_FIELD", f"Cannot reference a foreign key field {name}.")
    if reference.name == record_types.FIELD:
        return reference, record_types.named(sobject, value)
    return reference, _parent_id(work, reference, value)


def _parent_id(work: Work, reference: Field, value: Mapping[str, Any]) -> str:
    keys = {key: v for key, v in value.items() if key.lower() != "attributes"}
    target = work.view.sobjects.get(_target(reference, value))
    if target is None:
        raise refuse("INVALID_FIELD", f"Cannot reference a foreign key field {reference.relationship}.")
    if len(keys) != 1:
        raise refuse("INVALID_FIELD", f"Specify exactly one external id of {target.name}")
    ((key, wanted),) = keys.items()
    field = target.find(key)
    if field is None or not (field.external_id or field.id_lookup):
        raise refuse("INVALID_FIELD", f"{key} is not an External ID or indexed field for {target.name}")
    matches = find_by(work, target, field, str(wanted))
    if len(matches) == 1:
        return matches[0]
    if not matches:
        message = (
            f"Foreign key external ID: {str(wanted).lower()} not found for field {field.name} in entity {target.name}"
        )
        raise refuse_record("INVALID_FIELD", message)
    raise refuse_record("DUPLICATE_EXTERNAL_ID", more_than_one(field, matches), field.name)


def _target(reference: Field, value: Mapping[str, Any]) -> str:
    attributes = value.get("attributes")
    kind = attributes.get("type") if isinstance(attributes, dict) else None
    return kind if kind in reference.targets else reference.targets[0]


def find_by(work: Work, sobject: SObject, field: Field, wanted: str) -> list[str]:
    """Ids of the live records that carry this value and are seen by the user; at most ten."""
    alive = ' AND NOT t."IsDeleted"' if sobject.has("IsDeleted") else ""
    seen = work.view.and_seen(sobject, "t")
    value = values.read(field, wanted)
    sql = f'SELECT t."Id" FROM "{sobject.name}" t WHERE t."{field.name}" = ?{alive}{seen} ORDER BY t."Id" LIMIT 10'
    return [row[0] for row in work.db.execute(sql, (value,))]


def more_than_one(field: Field, found: list[str]) -> str:
    return f"{field.name}: more than one record found for external id field: [{', '.join(found)}]"


def _refuse_unwritable(fields: list[tuple[Field, Any]], creating: bool) -> None:
    refused = [f.name for f, _ in fields if not (f.createable if creating else f.updateable)]
    if "Id" in refused:
        if creating:
            raise refuse_record("INVALID_FIELD_FOR_INSERT_UPDATE", "cannot specify Id in an insert call", "Id")
        raise refuse("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
    if refused:
        message = (
            f"Unable to create/update fields: {', '.join(refused)}. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set."
        )
        raise RecordRefused([Problem("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(refused))])
