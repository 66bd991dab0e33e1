"""The schema as somebody with certain permissions sees it: what is hidden is not there at all."""

from collections.abc import Iterator
from dataclasses import replace

from localorg.access.permissions import Allowed, Permissions
from localorg.schema import Field, Schema, SObject

NEEDED = {  # ability of an object -> permissions without which it is lost
    "create": {"create"},
    "update": {"edit"},
    "delete": {"delete"},
    "undelete": {"delete"},
    "merge": {"edit", "delete"},
}
AUDIT = frozenset({"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"})


def view_of(schema: Schema, permissions: Permissions, audit_fields: bool) -> Schema:
    """``audit_fields``: whether the org lets those who may set who created a record, and when."""
    writes_audit = audit_fields and permissions.may("CreateAuditFields")
    return Schema(
        _seen(sobject, permissions, writes_audit and sobject.can("layout") and sobject.name != "User")
        for sobject in schema
        if "read" in permissions.on(sobject)
    )


def _seen(sobject: SObject, permissions: Permissions, writes_audit: bool) -> SObject:
    allowed = permissions.on(sobject)
    abilities = frozenset(a for a in sobject.abilities if _keeps(a, allowed))
    fields = {field.name: field for field in _fields(sobject, permissions, writes_audit)}
    for field in list(fields.values()):
        if field.controller is not None and field.controller not in fields:
            fields[field.name] = replace(field, controller=None)
    return replace(sobject, abilities=abilities, fields=fields, children=[])


def _keeps(ability: str, allowed: Allowed) -> bool:
    return allowed >= NEEDED.get(ability, set())


def _fields(sobject: SObject, permissions: Permissions, writes_audit: bool) -> Iterator[Field]:
    allowed = permissions.on(sobject)
    changes = {"create", "edit"} & allowed
    for field in sobject.fields.values():
        if writes_audit and field.name in AUDIT:
            yield replace(field, createable=True)
        elif not changes or not permissions.edits(sobject, field):
            if permissions.reads(sobject, field):
                yield _untouchable(field)
        else:
            yield field


def _untouchable(field: Field) -> Field:
    return replace(field, createable=False, updateable=False) if field.createable or field.updateable else field
