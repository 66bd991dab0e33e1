"""Users and what they may: the permission set behind a profile, permissions that need others."""

from localorg.access.permissions import COLUMNS, IMPLIED
from localorg.dml.rules.base import Rules, merged
from localorg.dml.rules.people import derive_name
from localorg.dml.work import Row, Work
from localorg.errors import refuse_record

WORDS = {"read": "Read", "edit": "Edit", "delete": "Delete", "viewAll": "View All"}
_OWNED = 'SELECT "Id" FROM "PermissionSet" WHERE "ProfileId" = ? AND "IsOwnedByProfile"'
_ASSIGNED = (
    'SELECT a."Id" FROM "PermissionSetAssignment" a JOIN "PermissionSet" s ON s."Id" = a."PermissionSetId" '
    'WHERE a."AssigneeId" = ? AND s."IsOwnedByProfile"'
)


def assign_profile(work: Work, record_id: str, row: Row, old: Row | None) -> None:
    """The assignment of the set that the profile owns goes with the profile."""
    if row.get("ProfileId") is None:
        return
    (owned,) = work.db.execute(_OWNED, (row["ProfileId"],)).fetchone()
    sobject = work.schema["PermissionSetAssignment"]
    known = work.db.execute(_ASSIGNED, (record_id,)).fetchone()
    if known is None:
        work.insert(sobject, {"PermissionSetId": owned, "AssigneeId": record_id, "IsActive": 1})
    else:
        work.touch(sobject, known[0], {"PermissionSetId": owned})


def check_objects(work: Work, row: Row, old: Row | None) -> None:
    now = merged(row, old)
    _refuse_second(work, "ObjectPermissions", "SobjectType", now, old)
    allowed = {name for name, column in COLUMNS.items() if now.get(column)}
    for name in allowed:
        lacking = IMPLIED.get(name, set()) - allowed
        if lacking:
            kind = now.get("SobjectType")
            needed = ", ".join(f"{WORDS[other]} {kind}" for other in sorted(lacking))
            shown = {"create": "Create", "modifyAll": "Modify All", **WORDS}[name]
            message = f"Permission {shown} {kind} depends on permission(s): {needed}"
            raise refuse_record("FIELD_INTEGRITY_EXCEPTION", message)


def check_fields(work: Work, row: Row, old: Row | None) -> None:
    now = merged(row, old)
    _refuse_second(work, "FieldPermissions", "Field", now, old)
    if now.get("PermissionsEdit"):
        row["PermissionsRead"] = 1  # nobody edits what they do not see


def check_assignment(work: Work, row: Row, old: Row | None) -> None:
    sql = 'SELECT "Id" FROM "PermissionSetAssignment" WHERE "PermissionSetId" = ? AND "AssigneeId" = ?'
    found = work.db.execute(sql, (row.get("PermissionSetId"), row.get("AssigneeId"))).fetchone()
    if found and old is None:
        message = f"duplicate value found: PermissionSetId duplicates value on record with id: {found[0][:15]}"
        raise refuse_record("DUPLICATE_VALUE", message)


def _refuse_second(work: Work, table: str, column: str, now: Row, old: Row | None) -> None:
    sql = f'SELECT "Id" FROM "{table}" WHERE "ParentId" = ? AND "{column}" = ?'
    found = work.db.execute(sql, (now.get("ParentId"), now.get(column))).fetchone()
    if found and old is None:
        message = f"duplicate value found: {column} duplicates value on record with id: {found[0][:15]}"
        raise refuse_record("DUPLICATE_VALUE", message)


USER = Rules(derive=derive_name, after=assign_profile)
OBJECT_PERMISSIONS = Rules(check=check_objects)
FIELD_PERMISSIONS = Rules(check=check_fields)
ASSIGNMENT = Rules(check=check_assignment)
