"""What the profile and the permission sets of a user allow together."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

from localorg.schema import Field, SObject

Allowed = frozenset[str]

OBJECT_PERMISSIONS = ("read", "create", "edit", "delete", "viewAll", "modifyAll")
EVERYTHING: Allowed = frozenset(OBJECT_PERMISSIONS)
LOOKING: Allowed = frozenset({"read", "viewAll"})
COLUMNS = {  # of ObjectPermissions
    "read": "PermissionsRead",
    "create": "PermissionsCreate",
    "edit": "PermissionsEdit",
    "delete": "PermissionsDelete",
    "viewAll": "PermissionsViewAllRecords",
    "modifyAll": "PermissionsModifyAllRecords",
}
IMPLIED = {  # one permission brings others along
    "create": {"read"},
    "edit": {"read"},
    "delete": {"read", "edit"},
    "viewAll": {"read"},
    "modifyAll": {"read", "edit", "delete", "viewAll"},
}
# Objects without permissions of their own: they follow another one, or a system permission lets people change them.
FOLLOWED = {
    "CampaignMember": "Campaign",
    "CampaignMemberStatus": "Campaign",
    "OpportunityContactRole": "Opportunity",
    "OpportunityHistory": "Opportunity",
}
CHANGED_WITH = {
    "Task": "EditTask",
    "Event": "EditEvent",
    "EmailMessage": "EditTask",
    "EmailMessageRelation": "EditTask",
    "EventRelation": "EditEvent",
    **dict.fromkeys(
        (
            "FieldPermissions",
            "Group",
            "GroupMember",
            "ObjectPermissions",
            "Organization",
            "PermissionSet",
            "PermissionSetAssignment",
            "QueueSobject",
            "User",
            "UserRole",
        ),
        "ManageUsers",
    ),
}


def with_implied(given: Iterable[str]) -> Allowed:
    """The permissions together with those they cannot be without."""
    chosen = set(given)
    return frozenset(chosen.union(*(IMPLIED.get(name, set()) for name in chosen)))


def is_secured(sobject: SObject, field: Field) -> bool:
    """Whether field-level security has a say about this field."""
    return sobject.can("layout") and field.permissionable


def secured_by(field: Field) -> str:
    """The field whose security counts: that of an address for its parts."""
    return field.compound if field.compound and field.compound.endswith("Address") else field.name


@dataclass(frozen=True)
class Permissions:
    """``fields``: "Contact.Email" -> whether it may be edited; fields that may not be read are absent."""

    system: Allowed
    objects: Mapping[str, Allowed]
    fields: Mapping[str, bool]

    def may(self, system_permission: str) -> bool:
        return system_permission in self.system

    def on(self, sobject: SObject) -> Allowed:
        """What may be done with an object's records, sharing apart."""
        if self.may("ModifyAllData"):
            return EVERYTHING
        if sobject.can("permissions"):
            known = self.objects.get(sobject.name, frozenset())
            return known | LOOKING if self.may("ViewAllData") else known
        if sobject.name in FOLLOWED:
            return self._following(FOLLOWED[sobject.name])
        needed = CHANGED_WITH.get(sobject.name)
        return EVERYTHING if needed is None or self.may(needed) else LOOKING

    def reads(self, sobject: SObject, field: Field) -> bool:
        return not is_secured(sobject, field) or f"{sobject.name}.{secured_by(field)}" in self.fields

    def edits(self, sobject: SObject, field: Field) -> bool:
        return not is_secured(sobject, field) or self.fields.get(f"{sobject.name}.{secured_by(field)}", False)

    def _following(self, parent: str) -> Allowed:
        known = self.objects.get(parent, frozenset())
        return known | {"create", "delete"} if "edit" in known else known & LOOKING


def load(db: sqlite3.Connection, permission_sets: Iterable[str]) -> Permissions:
    """What these permission sets, among them the one a profile owns, allow together."""
    chosen = (orjson.dumps(list(permission_sets)),)
    return Permissions(_system(db, chosen), _objects(db, chosen), _fields(db, chosen))


def _system(db: sqlite3.Connection, chosen: tuple[bytes]) -> Allowed:
    rows = db.execute('SELECT * FROM "PermissionSet" WHERE "Id" IN (SELECT value FROM json_each(?))', chosen)
    names = [column[0] for column in rows.description]
    return frozenset(
        name.removeprefix("Permissions")
        for row in rows
        for name, value in zip(names, row, strict=True)
        if name.startswith("Permissions") and value
    )


def _objects(db: sqlite3.Connection, chosen: tuple[bytes]) -> Mapping[str, Allowed]:
    columns = ", ".join(f'"{COLUMNS[name]}"' for name in OBJECT_PERMISSIONS)
    among = '"ParentId" IN (SELECT value FROM json_each(?))'
    found: dict[str, set[str]] = defaultdict(set)
    for sobject, *flags in db.execute(
        f'SELECT "SobjectType", {columns} FROM "ObjectPermissions" WHERE {among}', chosen
    ):
        found[sobject].update(name for name, flag in zip(OBJECT_PERMISSIONS, flags, strict=True) if flag)
    return {sobject: with_implied(names) for sobject, names in found.items()}


def _fields(db: sqlite3.Connection, chosen: tuple[bytes]) -> Mapping[str, bool]:
    sql = (
        'SELECT "Field", max("PermissionsEdit") FROM "FieldPermissions" '
        'WHERE "ParentId" IN (SELECT value FROM json_each(?)) AND ("PermissionsRead" OR "PermissionsEdit") GROUP BY 1'
    )
    return {field: bool(edits) for field, edits in db.execute(sql, chosen)}
