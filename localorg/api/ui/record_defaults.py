"""/ui-api/record-defaults: what a form for a new record begins with."""

from typing import Any

from localorg.api import layouts, record_types
from localorg.api.call import Call, Reply
from localorg.api.ui import object_info
from localorg.api.ui.supported import object_of, record_type_of
from localorg.errors import refuse
from localorg.schema import Field, RecordType, SObject, Value

Json = dict[str, Any]


def create(call: Call, name: str) -> Reply:
    """With the layout and descriptions of the objects that the form deals with."""
    sobject = object_of(call, name)
    chosen = _chosen(call, sobject)
    shown = [field for field in sobject.fields.values() if field.createable]
    record = _record(call, sobject, chosen, [*shown, *_optional(call, sobject)])
    body = {
        "layout": _layout(sobject, chosen, shown),
        "objectInfos": object_info.with_parents(call, sobject),
        "record": record
        | {"childRelationships": {}, "eTag": "", "id": None, "lastModifiedById": None}
        | {"lastModifiedDate": None, "recordTypeInfo": None, "systemModstamp": None, "weakEtag": 0},
    }
    return Reply(body=body)


def template(call: Call, name: str) -> Reply:
    """The light one: only the fields that the caller asks for."""
    sobject = object_of(call, name)
    record = _record(call, sobject, _chosen(call, sobject), _optional(call, sobject))
    return Reply(body={"objectInfos": object_info.with_parents(call, sobject), "record": record})


def _chosen(call: Call, sobject: SObject) -> RecordType:
    wanted = call.query.get("recordTypeId")
    return record_type_of(sobject, wanted) if wanted else record_types.default(sobject, call.work.profile)


def _optional(call: Call, sobject: SObject) -> list[Field]:
    """Names like Account.OwnerId; those that the user does not see are left out."""
    names = [name.strip() for name in call.query.get("optionalFields", "").split(",") if name.strip()]
    for name in names:
        if "." not in name:
            message = f"Expected '.' in all qualified names: {name} is invalid"
            raise refuse("ILLEGAL_QUERY_PARAMETER_VALUE", message)
    own = (name.partition(".")[2] for name in names if name.partition(".")[0].lower() == sobject.name.lower())
    return [field for name in own if (field := sobject.find(name))]


def _record(call: Call, sobject: SObject, chosen: RecordType, fields: list[Field]) -> Json:
    values = {field.name: _value(call, sobject, chosen, field) for field in fields}
    return {"apiName": sobject.name, "fields": values, "recordTypeId": chosen.id}


def _value(call: Call, sobject: SObject, chosen: RecordType, field: Field) -> Json:
    match field.name:
        case "OwnerId":
            value: Any = call.session.user_id
        case "RecordTypeId":
            value = chosen.id
        case _:
            value = _default(chosen, field)
    return {"displayValue": value if field.values else None, "value": value}


def _default(chosen: RecordType, field: Field) -> Any:
    if field.type == "boolean":
        return bool(field.typed_default)
    picked: Value | None = next((v for v in chosen.values(field) if v.default), None)
    return picked.value if picked else field.typed_default


def _layout(sobject: SObject, chosen: RecordType, fields: list[Field]) -> Json:
    items = [
        {
            "editableForNew": field.createable,
            "editableForUpdate": field.updateable,
            "label": field.label,
            "layoutComponents": [{"apiName": field.name, "componentType": "Field", "label": field.label}],
            "lookupIdApiName": "Id" if field.type == "reference" else None,
            "required": field.required,
            "sortable": False,
        }
        for field in fields
    ]
    rows = [{"layoutItems": items[start : start + 2]} for start in range(0, len(items), 2)]
    layout_id = layouts.layout_id(sobject, chosen)
    section = {"collapsible": False, "columns": 2, "heading": f"{sobject.label} Information", "id": layout_id}
    return {
        "eTag": "",
        "id": layout_id,
        "layoutType": "Full",
        "mode": "Create",
        "objectApiName": sobject.name,
        "recordTypeId": chosen.id,
        "saveOptions": [],
        "sections": [section | {"layoutRows": rows, "rows": len(rows), "useHeading": True}],
    }
