"""One user's rights, all together."""

import sqlite3
from dataclasses import dataclass

from localorg.access.permissions import Permissions
from localorg.access.sharing import TRANSFERS, Level, Sharing
from localorg.schema import SObject

OBJECT_PERMISSION: dict[Level, str] = {"read": "read", "edit": "edit", "delete": "delete", "transfer": "edit"}
# what says who may do what, and the column that tells whom it concerns
OF_SETS = {
    "FieldPermissions": "ParentId",
    "ObjectPermissions": "ParentId",
    "PermissionSet": "Id",
    "PermissionSetAssignment": "AssigneeId",
}


@dataclass(frozen=True)
class Access:
    user_id: str
    profile: str  # its name
    sets: frozenset[str]  # ids of the permission sets, that of the profile among them
    permissions: Permissions
    sharing: Sharing

    def may(self, system_permission: str) -> bool:
        return self.permissions.may(system_permission)

    def condition(self, sobject: SObject, level: Level, alias: str) -> str | None:
        """SQL that must hold of a row so that the user reaches it at this level; None if nothing must."""
        if sobject.name in OF_SETS and not self.may("ViewSetup"):
            return self._own(alias, OF_SETS[sobject.name])
        if level == "transfer" and any(map(self.may, TRANSFERS.get(sobject.name, ("TransferAnyEntity",)))):
            level = "read"  # who may transfer anything may transfer what they see
        return self.sharing.condition(sobject, level, alias)

    def _own(self, alias: str, column: str) -> str:
        """Who may not look around in setup sees what concerns them."""
        known = ", ".join(f"'{record_id}'" for record_id in (self.user_id, *sorted(self.sets)))
        return f'{alias}."{column}" IN ({known})'

    def reaches(self, db: sqlite3.Connection, sobject: SObject, record_id: str, level: Level) -> bool:
        """Whether the user may do this with one record, as far as its object and sharing go."""
        if OBJECT_PERMISSION[level] not in self.permissions.on(sobject):
            return False
        condition = self.condition(sobject, level, "t")
        if condition is None:
            return True
        sql = f'SELECT 1 FROM "{sobject.name}" t WHERE t."Id" = ? AND {condition}'
        return db.execute(sql, (record_id,)).fetchone() is not None
