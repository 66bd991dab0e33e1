"""A field as describe shows it."""

from typing import Any

from localorg.api import record_types
from localorg.schema import Field, SObject

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
    "base64": "xsd:base64Binary",
    "complexvalue": "urn:JunctionIdListNames",
}
PERSON_NAMES = {"LastName", "FirstName", "Salutation", "Name"}
UNAGGREGATED = {"boolean", "address", "multipicklist", "base64", "complexvalue"}


def describe_field(sobject: SObject, field: Field) -> Json:
    """All keys that a field has since version 50."""
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
        "controllerName": field.controller,
        "createable": field.createable and sobject.can("create"),
        "custom": field.custom,
        "defaultValue": _default(field),
        "defaultValueFormula": None,
        "defaultedOnCreate": field.defaulted,
        "dependentPicklist": field.controller is not None,
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
        "picklistValues": [record_types.value(sobject, field, value) for value in field.values],
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
