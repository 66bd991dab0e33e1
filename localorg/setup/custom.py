"""Puts what a file says of objects, fields and picklists into the schema."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from localorg.access.permissions import is_secured, secured_by
from localorg.schema import Field, Schema, SObject, Value, load
from localorg.setup.model import CustomField, CustomObject, Picklist, Setup
from localorg.setup.places import add_code_fields
from localorg.setup.reading import SetupError
from localorg.setup.record_types import add_dependencies, add_record_types

TYPES = {  # metadata type -> API type and default length
    "Checkbox": ("boolean", 0),
    "Currency": ("currency", 0),
    "Date": ("date", 0),
    "DateTime": ("datetime", 0),
    "Email": ("email", 80),
    "LongTextArea": ("textarea", 32_768),
    "Lookup": ("reference", 18),
    "MasterDetail": ("reference", 18),
    "MultiselectPicklist": ("multipicklist", 4099),
    "Number": ("double", 0),
    "Percent": ("percent", 0),
    "Phone": ("phone", 40),
    "Picklist": ("picklist", 255),
    "Text": ("string", 255),
    "TextArea": ("textarea", 255),
    "Url": ("url", 255),
}
NUMBERS = {"Currency", "Number", "Percent"}
REFERENCES = {"Lookup", "MasterDetail"}
CUSTOM_ABILITIES = frozenset({"create", "update", "delete", "undelete", "search", "feed", "layout", "permissions"})
AUDIT = ("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp")


def schema_of(setup: Setup) -> Schema:
    """The org's whole schema. Raises SetupError for what cannot be part of it."""
    sobjects = load()
    if setup.features.state_and_country_picklists:
        for sobject in sobjects.values():
            add_code_fields(sobject)
    for number, custom in enumerate(setup.objects):
        sobjects[custom.name] = _object(custom, f"a{number:02x}")
    for number, field in enumerate(setup.fields, 1):
        key = f"fields[{number}]"
        _object_named(sobjects, field.object, f"{key}.object").fields[field.name] = _field(sobjects, field, key)
    for number, picklist in enumerate(setup.picklists, 1):
        _change(sobjects, picklist, f"picklists[{number}]")
    add_dependencies(sobjects, setup)
    add_record_types(sobjects, setup)
    _name_permissions(sobjects)
    return Schema(sobjects.values())


def _name_permissions(sobjects: dict[str, SObject]) -> None:
    """Permissions can be given for these objects and fields."""
    objects = [Value(s.name, label=s.label) for s in sobjects.values() if s.can("permissions")]
    secured = {
        f"{s.name}.{secured_by(f)}": s.name for s in sobjects.values() for f in s.fields.values() if is_secured(s, f)
    }
    holders = [Value(name, label=sobjects[name].label) for name in dict.fromkeys(secured.values())]
    for holder, name, values in (
        ("ObjectPermissions", "SobjectType", objects),
        ("FieldPermissions", "SobjectType", holders),
        ("FieldPermissions", "Field", [Value(path) for path in secured]),
    ):
        fields = sobjects[holder].fields
        fields[name] = replace(fields[name], values=tuple(values))


def _object(custom: CustomObject, prefix: str) -> SObject:
    sobject = SObject(custom.name, prefix, custom.label, custom.plural, CUSTOM_ABILITIES)
    person: dict[str, Any] = {"type": "reference", "length": 18, "targets": ("User",), "defaulted": True}
    fields = [
        Field("Id", "id", f"{custom.label} ID", length=18, defaulted=True, id_lookup=True),
        Field("OwnerId", label="Owner ID", createable=True, updateable=True, relationship="Owner", **person),
        Field("IsDeleted", "boolean", "Deleted", defaulted=True),
        Field("Name", "string", f"{custom.label} Name", length=80, createable=True, updateable=True, name_field=True),
    ]
    for name in AUDIT:
        label = name.replace("ById", " By ID").replace("Date", " Date")
        if name.endswith("Id"):
            fields.append(Field(name, label=label, relationship=name.removesuffix("Id"), **person))
        else:
            fields.append(Field(name, "datetime", label, defaulted=True))
    sobject.fields |= {field.name: field for field in fields}
    return sobject


def _field(sobjects: dict[str, SObject], custom: CustomField, key: str) -> Field:
    if not custom.name.endswith("__c"):
        raise SetupError(f"{key}.name", f'the name of a custom field ends in __c, not as "{custom.name}" does')
    kind, length = TYPES[custom.type]
    given: dict[str, Any] = {"nillable": not custom.required and kind != "boolean", "defaulted": kind == "boolean"}
    if custom.type in NUMBERS:
        given |= {"precision": custom.precision, "scale": custom.scale}
    if custom.type in REFERENCES:
        target = _object_named(sobjects, custom.references or "", f"{key}.references")
        given |= {"targets": (target.name,), "relationship": f"{custom.name[:-3]}__r", "children": custom.children}
        given |= {"on_delete": "cascade"} if custom.type == "MasterDetail" else {}
    if custom.type.endswith("icklist"):
        given |= {"values": _values(custom.values, custom.default, key), "restricted": custom.restricted}
    elif custom.default is not None:
        given |= {"default": custom.default, "defaulted": True}
    return Field(
        custom.name,
        kind,
        custom.label or custom.name[:-3].replace("_", " "),
        length=custom.length or length,
        createable=True,
        updateable=custom.type != "MasterDetail",
        unique=custom.unique,
        external_id=custom.external_id,
        case_sensitive=custom.case_sensitive,
        permissionable=not custom.required and custom.type != "MasterDetail",
        **given,
    )


def _change(sobjects: dict[str, SObject], picklist: Picklist, key: str) -> None:
    name, _, field_name = picklist.field.partition(".")
    sobject = _object_named(sobjects, name, f"{key}.field")
    field = sobject.find(field_name)
    lists = [f.name for f in sobject.fields.values() if f.type in ("picklist", "multipicklist", "combobox")]
    if field is None or field.name not in lists:
        raise SetupError(f"{key}.field", f"{name} has no picklist {field_name}; allowed: {', '.join(lists)}")
    values = _values(picklist.values, picklist.default, key)
    sobject.fields[field.name] = replace(field, values=values, restricted=picklist.restricted)


def _values(values: Iterable[str], default: str | None, key: str) -> tuple[Value, ...]:
    listed = tuple(values)
    if not listed:
        raise SetupError(f"{key}.values", "is missing; a picklist needs at least one")
    if default is not None and default not in listed:
        raise SetupError(f"{key}.default", f'"{default}" is none of the values; allowed: {", ".join(listed)}')
    return tuple(Value(value, value == default) for value in listed)


def _object_named(sobjects: dict[str, SObject], name: str, key: str) -> SObject:
    if name not in sobjects:
        raise SetupError(key, f'there is no object "{name}"; allowed: {", ".join(sorted(sobjects))}')
    return sobjects[name]
