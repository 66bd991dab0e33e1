"""System permissions that jobs ask for."""

import sqlite3

ALL_DATA, HARD_DELETE = "ModifyAllData", "BulkApiHardDelete"


def allowed(db: sqlite3.Connection, user_id: str, permission: str) -> bool:
    """Whether a profile (each owns a permission set) or a permission set gives it to the user."""
    sql = (
        'SELECT 1 FROM "PermissionSetAssignment" a JOIN "PermissionSet" s ON s."Id" = a."PermissionSetId" '
        f'WHERE a."AssigneeId" = ? AND s."Permissions{permission}" LIMIT 1'
    )
    return db.execute(sql, (user_id,)).fetchone() is not None
