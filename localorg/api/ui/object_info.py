"""/ui-api/object-info: objects and their fields as forms see them."""

from functools import lru_cache
from http import HTTPStatus
from typing import Any

from localorg.api import record_types
from localorg.api.call import Call, Reply
from localorg.api.fields import describe_field
from localorg.api.ui.supported import is_supported, object_of, tagged
from localorg.errors import Refused
from localorg.schema import Field, SObject

Json = dict[str, Any]

MOST_IN_BATCH = 100
DATA_TYPES = {
    "multipicklist": "MultiPicklist",
    "combobox": "ComboBox",
    "textarea": "TextArea",
    "datetime": "DateTime",
    "id": "String",
}
COLORS = {"Account": "5867E8", "Contact": "9602C7", "Lead": "06A59A", "Opportunity": "FF5D2D"}
GREY = "747474"
PARTS_OF_NAMES = ("FirstName", "LastName")
TAKEN_OVER = (  # keys that describe has, too
    "calculated",
    "compoundFieldName",
    "controllerName",
    "createable",
    "custom",
    "filterable",
    "filteredLookupInfo",
    "highScaleNumber",
    "htmlFormatted",
    "inlineHelpText",
    "label",
    "nameField",
    "polymorphicForeignKey",
    "precision",
    "referenceTargetField",
    "relationshipName",
    "scale",
    "searchPrefilterable",
    "sortable",
    "unique",
    "updateable",
)


def directory(call: Call) -> Reply:
    """All objects that the API supports."""
    entries = {sobject.name: _entry(sobject, call.data_url) for sobject in call.schema if is_supported(sobject)}
    return Reply(body=tagged({"objects": entries}))


def one(call: Call, name: str) -> Reply:
    return Reply(body=_of(call, object_of(call, name)))


def batch(call: Call, names: str) -> Reply:
    """A comma-separated list; each stands or falls by itself."""
    results = [_result(call, name.strip()) for name in names.split(",")[:MOST_IN_BATCH]]
    has_errors = any(result["statusCode"] != HTTPStatus.OK for result in results)
    return Reply(body={"hasErrors": has_errors, "results": results})


def with_parents(call: Call, sobject: SObject) -> dict[str, Json]:
    """The object and those that its records point at, by name."""
    targets = {target for field in sobject.references for target in field.targets}
    shown = [s for s in call.schema if s is sobject or (s.name in targets and is_supported(s))]
    return {s.name: _of(call, s) for s in shown}


def _result(call: Call, name: str) -> Json:
    try:
        return {"result": _of(call, object_of(call, name)), "statusCode": 200}
    except Refused as refused:
        return {"result": refused.as_rest(), "statusCode": refused.status}


def _of(call: Call, sobject: SObject) -> Json:
    return _build(sobject, call.work.profile, call.data_url)


def _entry(sobject: SObject, data_url: str) -> Json:
    return {
        "apiName": sobject.name,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "nameFields": _name_fields(sobject),
        "objectInfoUrl": f"{data_url}/ui-api/object-info/{sobject.name}",
    }


@lru_cache(maxsize=512)
def _build(sobject: SObject, profile: str, data_url: str) -> Json:
    infos = record_types.infos(sobject, profile, data_url)
    kept = ("available", "defaultRecordTypeMapping", "master", "name", "recordTypeId")
    return tagged(
        {
            "apiName": sobject.name,
            "associateEntityType": None,
            "associateParentEntity": None,
            "childRelationships": _children(sobject),
            "compactLayoutable": True,
            "createable": sobject.can("create"),
            "custom": sobject.custom,
            "defaultRecordTypeId": record_types.default(sobject, profile).id,
            "deletable": sobject.can("delete"),
            "dependentFields": _dependents(sobject, None),
            "feedEnabled": sobject.can("feed"),
            "fields": {field.name: _field(sobject, field) for field in sobject.fields.values()},
            "keyPrefix": sobject.prefix,
            "label": sobject.label,
            "labelPlural": sobject.plural,
            "layoutable": True,
            "mruEnabled": True,
            "nameFields": _name_fields(sobject),
            "queryable": True,
            "recordTypeInfos": {info["recordTypeId"]: {key: info[key] for key in kept} for info in infos},
            "searchLayoutable": sobject.can("search"),
            "searchable": sobject.can("search"),
            "themeInfo": {"color": COLORS.get(sobject.name, GREY), "iconUrl": ""},
            "updateable": sobject.can("update"),
        }
    )


def _children(sobject: SObject) -> list[Json]:
    """Only relationships that have a name."""
    named = sorted((c for c in sobject.children if c.relationship), key=lambda c: (c.sobject, str(c.relationship)))
    return [
        {
            "childObjectApiName": child.sobject,
            "fieldName": child.field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": child.relationship,
        }
        for child in named
    ]


def _dependents(sobject: SObject, controller: str | None) -> Json:
    """The tree of dependent picklists: each with those that depend on it."""
    if controller is None:
        roots = {f.controller for f in sobject.fields.values() if f.controller}
        tops = (name for name in roots if name and not sobject.fields[name].controller)
        return {name: _dependents(sobject, name) for name in sorted(tops)}
    below = (field.name for field in sobject.fields.values() if field.controller == controller)
    return {name: _dependents(sobject, name) for name in below}


def _controlling(sobject: SObject, field: Field) -> list[str]:
    found = []
    while field.controller:
        found.append(field.controller)
        field = sobject.fields[field.controller]
    return found


def _field(sobject: SObject, field: Field) -> Json:
    described = describe_field(sobject, field)
    extra = described["extraTypeInfo"]
    return {
        "apiName": field.name,
        "compound": field.type == "address" or (field.name_field and _has_person_name(sobject)),
        "compoundComponentName": field.name.removeprefix(str(field.compound or "")) if field.compound else None,
        "controllingFields": _controlling(sobject, field),
        "dataType": DATA_TYPES.get(field.type, field.type.capitalize()),
        "extraTypeInfo": {"plaintextarea": "PlainTextArea", "personname": "PersonName"}.get(extra),
        "length": described["length"],
        "reference": field.type == "reference",
        "referenceToInfos": [{"apiName": t, "nameFields": ["Name"]} for t in field.targets],
        "required": not field.nillable,
    } | {key: described[key] for key in TAKEN_OVER}


def _has_person_name(sobject: SObject) -> bool:
    return sobject.has("LastName")


def _name_fields(sobject: SObject) -> list[str]:
    if sobject.name_field is None:
        return []
    parts = [name for name in PARTS_OF_NAMES if sobject.has(name)]
    return [*parts, sobject.name_field.name]
