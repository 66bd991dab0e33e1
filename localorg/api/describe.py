"""What objects and fields there are: describe global, basic information, full describe, layouts."""

from functools import lru_cache
from typing import Any

from localorg import ids
from localorg.api.call import Call, Reply
from localorg.api.lookups import sobject_of
from localorg.errors import not_found
from localorg.schema import Child, Field, SObject, Value

Json = dict[str, Any]

SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}
PERSON_NAMES = {"LastName", "FirstName", "Salutation", "Name"}
UNAGGREGATED = {"boolean", "address", "multipicklist"}


def everything(call: Call) -> Reply:
    known = [_summary(sobject, call.data_url) for sobject in call.schema]
    return Reply(body={"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": known})


def basic(call: Call, name: str) -> Reply:
    sobject = sobject_of(call, name)
    recent = []
    if sobject.name_field:
        column = sobject.name_field.name
        condition = ('NOT "IsDeleted"' if sobject.has("IsDeleted") else "1") + call.schema.and_seen(sobject, "t")
        sql = (
            f'SELECT "Id", "{column}" FROM "{sobject.name}" t WHERE {condition} ORDER BY "SystemModstamp" DESC LIMIT 5'
        )
        recent = [_recent(call, sobject, column, *row) for row in call.db.execute(sql)]
    return Reply(body={"objectDescribe": _summary(sobject, call.data_url), "recentItems": recent})


def full(call: Call, name: str) -> Reply:
    return Reply(body=_build(sobject_of(call, name), call.data_url, call.origin))


def layouts(call: Call, name: str) -> Reply:
    sobject = sobject_of(call, name)
    mapping = {
        **_record_type(sobject, call.data_url),
        "layoutId": ids.make("00h", 1),
        "picklistsForRecordType": _picklists(sobject),
    }
    del mapping["urls"]
    body = {"layouts": [_layout(sobject)], "recordTypeMappings": [mapping], "recordTypeSelectorRequired": [False]}
    return Reply(body=body)


def layout(call: Call, name: str, record_type: str) -> Reply:
    if ids.parse(record_type) != ids.MASTER_RECORD_TYPE:
        raise not_found()
    return Reply(body=_layout(sobject_of(call, name)))


def _recent(call: Call, sobject: SObject, column: str, record_id: str, shown: str) -> Json:
    return {
        "attributes": {"type": sobject.name, "url": call.record_url(sobject, record_id)},
        "Id": record_id,
        column: shown,
    }


def _summary(sobject: SObject, data_url: str) -> Json:
    rows = f"{data_url}/sobjects/{sobject.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": sobject.can("create"),
        "custom": sobject.custom,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": sobject.can("delete"),
        "deprecatedAndHidden": False,
        "feedEnabled": sobject.can("feed"),
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": sobject.can("layout"),
        "mergeable": sobject.can("merge"),
        "mruEnabled": sobject.can("layout"),
        "name": sobject.name,
        "queryable": True,
        "replicateable": sobject.has("SystemModstamp"),
        "retrieveable": True,
        "searchable": sobject.can("search"),
        "triggerable": sobject.can("layout"),
        "undeletable": sobject.can("undelete"),
        "updateable": sobject.can("update"),
        "urls": _urls(sobject, rows),
    }


def _urls(sobject: SObject, rows: str) -> Json:
    urls = {"rowTemplate": f"{rows}/{{ID}}", "describe": f"{rows}/describe", "sobject": rows}
    if sobject.can("layout"):
        names = ("compactLayouts", "approvalLayouts", "layouts")
        urls |= {name: f"{rows}/describe/{name}" for name in names}
        urls |= {"listviews": f"{rows}/listviews", "quickActions": f"{rows}/quickActions"}
    return urls


@lru_cache(maxsize=512)
def _build(sobject: SObject, data_url: str, origin: str) -> Json:
    summary = _summary(sobject, data_url)
    ui = {
        "uiDetailTemplate": f"{origin}/{{ID}}",
        "uiEditTemplate": f"{origin}/{{ID}}/e",
        "uiNewRecord": f"{origin}/{sobject.prefix}/e",
    }
    return summary | {
        "actionOverrides": [],
        "childRelationships": [_child(child) for child in sobject.children],
        "compactLayoutable": sobject.can("layout"),
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [_field(sobject, field) for field in sobject.fields.values()],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [_record_type(sobject, data_url)] if sobject.can("layout") else [],
        "searchLayoutable": sobject.can("search"),
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {sobject.plural.lower()}", "name": "everything"}],
        "urls": summary["urls"] | ui,
    }


def _child(child: Child) -> Json:
    return {
        "cascadeDelete": child.field.on_delete == "cascade",
        "childSObject": child.sobject,
        "deprecatedAndHidden": False,
        "field": child.field.name,
        "junctionIdListNames": [],
        "junctionReferenceTo": [],
        "relationshipName": child.relationship,
        "restrictedDelete": child.field.on_delete == "restrict",
    }


def _record_type(sobject: SObject, data_url: str) -> Json:
    return {
        "active": True,
        "available": True,
        "defaultRecordTypeMapping": True,
        "developerName": "Master",
        "master": True,
        "name": "Master",
        "recordTypeId": ids.MASTER_RECORD_TYPE,
        "urls": {"layout": f"{data_url}/sobjects/{sobject.name}/describe/layouts/{ids.MASTER_RECORD_TYPE}"},
    }


def _layout(sobject: SObject) -> Json:
    empty: Json = {
        "buttonLayoutSection": None,
        "detailLayoutSections": [],
        "editLayoutSections": [],
        "relatedLists": [],
    }
    return {"id": ids.make("00h", 1), "name": f"{sobject.label} Layout"} | empty


def _picklists(sobject: SObject) -> list[Json]:
    fields = (f for f in sobject.fields.values() if f.values)
    return [{"picklistName": f.name, "picklistValues": [_value(v) for v in f.values]} for f in fields]


def _value(value: Value) -> Json:
    return {"active": True, "defaultValue": value.default, "label": value.value, "validFor": None, "value": value.value}


def _field(sobject: SObject, field: Field) -> Json:
    textual = field.is_text
    return {
        "aggregatable": field.filterable and field.type not in UNAGGREGATED,
        "aiPredictionField": False,
        "autoNumber": False,
        "byteLength": field.length * 3 if textual else 18 if field.type in ("id", "reference") else 0,
        "calculated": False,
        "calculatedFormula": None,
        "cascadeDelete": False,
        "caseSensitive": field.case_sensitive,
        "compoundFieldName": field.compound,
        "controllerName": None,
        "createable": field.createable and sobject.can("create"),
        "custom": field.custom,
        "defaultValue": _default(field),
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted,
        "dependentPicklist": False,
        "deprecatedAndHidden": False,
        "digits": field.length if field.type == "int" else 0,
        "displayLocationInDecimal": field.name.endswith(("Latitude", "Longitude")),
        "encrypted": False,
        "externalId": field.external_id,
        "extraTypeInfo": _extra_type(sobject, field),
        "filterable": field.filterable,
        "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": field.groupable,
        "highScaleNumber": False,
        "htmlFormatted": False,
        "idLookup": field.id_lookup or field.external_id,
        "inlineHelpText": None,
        "label": field.label,
        "length": field.length if textual or field.type in ("id", "reference") else 0,
        "mask": None,
        "maskType": None,
        "name": field.name,
        "nameField": field.name_field,
        "namePointing": field.polymorphic,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "picklistValues": [_value(value) for value in field.values],
        "polymorphicForeignKey": field.polymorphic,
        "precision": field.precision,
        "queryByDistance": False,
        "referenceTargetField": None,
        "referenceTo": list(field.targets),
        "relationshipName": field.relationship,
        "relationshipOrder": None,
        "restrictedDelete": field.on_delete == "restrict",
        "restrictedPicklist": field.restricted,
        "scale": field.scale,
        "searchPrefilterable": field.type == "reference" and not field.polymorphic,
        "soapType": SOAP_TYPES.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "unique": field.unique,
        "updateable": field.updateable and sobject.can("update"),
        "writeRequiresMasterRead": False,
    }


def _default(field: Field) -> bool | None:
    return bool(field.typed_default) if field.type == "boolean" else None


def _extra_type(sobject: SObject, field: Field) -> str | None:
    if field.type == "textarea":
        return "plaintextarea"
    return "personname" if sobject.name in ("Contact", "Lead", "User") and field.name in PERSON_NAMES else None
