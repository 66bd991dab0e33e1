"""/ui-api/object-info/{object}/picklist-values/{record type}[/{field}]: what a form's lists offer."""

from collections.abc import Mapping
from typing import Any

from localorg.api import record_types
from localorg.api.call import Call, Reply
from localorg.api.ui.supported import object_of, record_type_of, tagged
from localorg.dml.work import Row, select_columns
from localorg.errors import refuse
from localorg.schema import Field, RecordType, SObject, Value

Json = dict[str, Any]

LISTS = {"picklist", "multipicklist"}
# Fields whose values are rows of an object that tells more about them: the object, its columns, our keys for these.
DETAILED = {
    ("Lead", "Status"): ("LeadStatus", {"converted": "IsConverted"}),
    ("Opportunity", "StageName"): (
        "OpportunityStage",
        {
            "closed": "IsClosed",
            "defaultProbability": "DefaultProbability",
            "forecastCategoryName": "ForecastCategoryName",
            "won": "IsWon",
        },
    ),
    ("Task", "Status"): ("TaskStatus", {"closed": "IsClosed"}),
    ("Task", "Priority"): ("TaskPriority", {"highPriority": "IsHighPriority"}),
}


def every(call: Call, name: str, record_type: str) -> Reply:
    sobject = object_of(call, name)
    chosen = record_type_of(sobject, record_type)
    lists = (field for field in sobject.fields.values() if field.type in LISTS)
    return Reply(body=tagged({"picklistFieldValues": {f.name: _values(call, sobject, chosen, f) for f in lists}}))


def one(call: Call, name: str, record_type: str, field: str) -> Reply:
    sobject = object_of(call, name)
    chosen = record_type_of(sobject, record_type)
    found = sobject.find(field)
    if found is None:
        raise refuse("INVALID_FIELD", f"No such column '{field}' on sobject of type {sobject.name}")
    if found.type not in LISTS:
        raise refuse("INVALID_FIELD", f"Field {found.name} is not a picklist.")
    return Reply(body=_values(call, sobject, chosen, found))


def _values(call: Call, sobject: SObject, chosen: RecordType, field: Field) -> Json:
    controller = sobject.fields[field.controller] if field.controller else None
    details = _details(call, sobject, field)
    values = [_value(sobject, field, value, details) for value in chosen.values(field)]
    default = next((shown for shown, v in zip(values, chosen.values(field), strict=True) if v.default), None)
    place = f"{call.data_url}/ui-api/object-info/{sobject.name}/picklist-values/{chosen.id}/{field.name}"
    return tagged(
        {
            "controllerValues": {v: n for n, v in enumerate(controller.controlling_values)} if controller else {},
            "defaultValue": default,
            "url": place,
            "values": values,
        }
    )


def _value(sobject: SObject, field: Field, value: Value, details: Mapping[str, Json]) -> Json:
    return {
        "attributes": details.get(value.value),
        "label": value.value,
        "validFor": record_types.valid_for(sobject, field, value),
        "value": value.value,
    }


def _details(call: Call, sobject: SObject, field: Field) -> dict[str, Json]:
    """Value -> its attributes. One key is misspelt in the real API, too."""
    table, keys = DETAILED.get((sobject.name, field.name), (None, {}))
    if table is None:
        return {}
    sobject = call.org.schema[table]
    found = call.db.execute(f'SELECT {select_columns(sobject)} FROM "{table}"')
    rows = (dict(zip(sobject.columns, row, strict=True)) for row in found)
    return {row["ApiName"]: {"picklistAtrributesValueType": table} | _named(sobject, row, keys) for row in rows}


def _named(values_of: SObject, row: Row, keys: Mapping[str, str]) -> Json:
    truths = {name for name, field in values_of.fields.items() if field.type == "boolean"}
    return {key: bool(row[column]) if column in truths else row[column] for key, column in keys.items()}
