"""The view of each user, made when first asked for and kept until somebody's permissions change."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson

from localorg import clock
from localorg.access import permissions
from localorg.access.access import Access
from localorg.access.permissions import Permissions
from localorg.access.sharing import Sharing
from localorg.access.view import view_of
from localorg.schema import Schema

# Whatever writes these tables changes the version, in its own transaction: a reader of an older snapshot finds the
# older version and what was made for it.
_WATCHED: Mapping[str, tuple[str, ...]] = {
    "FieldPermissions": (),
    "GroupMember": (),
    "ObjectPermissions": (),
    "PermissionSet": (),
    "PermissionSetAssignment": (),
    "User": ("IsActive", "ProfileId", "UserRoleId"),
    "UserRole": (),
}
_VERSION = "SELECT version FROM _access"
MOST_KEPT = 1000
FEW = 2000

Sets = frozenset[str]
Key = tuple[str, str]


class Views:
    """``defaults``: organization-wide sharing by object; ``audit_fields``: whether the org lets these be set."""

    def __init__(self, schema: Schema, defaults: Mapping[str, str], audit_fields: bool) -> None:
        self.schema = schema
        self.defaults = defaults
        self.audit_fields = audit_fields
        self._of_users: dict[Key, Schema | None] = {}
        self._noticed: dict[str, datetime] = {}
        self._of_sets: dict[tuple[str, Sets], tuple[Permissions, Schema]] = {}

    def of(self, db: sqlite3.Connection, user_id: str) -> Schema | None:
        """The schema as the user sees it, with ``access``; None for one who has left."""
        version = _version(db)
        key = (version, user_id)
        if key not in self._of_users:
            self._forget_old()
            self._of_users[key] = self._make(db, version, user_id)
        return self._of_users[key]

    def changed_at(self, db: sqlite3.Connection) -> datetime:
        """When what users may see was last found to be other than before; at first, now."""
        if len(self._noticed) >= MOST_KEPT:
            self._noticed = {}
        return self._noticed.setdefault(_version(db), clock.now())

    def _make(self, db: sqlite3.Connection, version: str, user_id: str) -> Schema | None:
        sql = 'SELECT p."Id", p."Name" FROM "User" u JOIN "Profile" p ON p."Id" = u."ProfileId" WHERE u."Id" = ?'
        found = db.execute(f'{sql} AND u."IsActive"', (user_id,)).fetchone()
        if found is None:
            return None
        profile_id, profile = found
        sets = _sets_of(db, user_id, profile_id)
        allowed, schema = self._for_sets(db, version, sets)
        owners = _owners(db, user_id)
        sharing = Sharing(owners, self._few(db, owners), self.defaults, allowed, self.schema)
        return schema.seen_with(Access(user_id, profile, sets, allowed, sharing))

    def _few(self, db: sqlite3.Connection, owners: Sequence[str]) -> frozenset[str]:
        """Objects of which these own little, as it is now: this only steers how queries are run."""
        names = [name for name in self.defaults if self.schema[name].has("OwnerId")]
        return frozenset(name for name in names if _owned(db, name, owners) < FEW)

    def _for_sets(self, db: sqlite3.Connection, version: str, sets: Sets) -> tuple[Permissions, Schema]:
        """Shared by all who have the same profile and permission sets."""
        key = (version, sets)
        if key not in self._of_sets:
            allowed = permissions.load(db, sets)
            self._of_sets[key] = allowed, view_of(self.schema, allowed, self.audit_fields)
        return self._of_sets[key]

    def _forget_old(self) -> None:
        if len(self._of_users) >= MOST_KEPT:
            self._of_users, self._of_sets = {}, {}


def _version(db: sqlite3.Connection) -> str:
    return str(db.execute(_VERSION).fetchone()[0])


def watch(db: sqlite3.Connection) -> None:
    """Make what tells that permissions changed; the tables must be there."""
    db.execute("CREATE TABLE IF NOT EXISTS _access (version TEXT NOT NULL)")
    db.execute("INSERT INTO _access SELECT hex(randomblob(16)) WHERE NOT EXISTS (SELECT 1 FROM _access)")
    for name, columns in _WATCHED.items():
        changed = f" OF {', '.join(columns)}" if columns else ""
        for event in ("INSERT", "DELETE", f"UPDATE{changed}"):
            db.execute(
                f'CREATE TRIGGER IF NOT EXISTS "_access_{name}_{event[:6]}" AFTER {event} ON "{name}" '
                "BEGIN UPDATE _access SET version = hex(randomblob(16)); END"
            )


def _sets_of(db: sqlite3.Connection, user_id: str, profile_id: str) -> Sets:
    sql = (
        'SELECT "Id" FROM "PermissionSet" WHERE "ProfileId" = ? AND "IsOwnedByProfile" UNION '
        'SELECT a."PermissionSetId" FROM "PermissionSetAssignment" a '
        'JOIN "PermissionSet" s ON s."Id" = a."PermissionSetId" WHERE a."AssigneeId" = ? AND NOT s."IsOwnedByProfile"'
    )
    return frozenset(row[0] for row in db.execute(sql, (profile_id, user_id)))


def _owners(db: sqlite3.Connection, user_id: str) -> list[str]:
    """Whose records count as the user's own: of people below in the hierarchy, and of the queues of all of these."""
    people = [user_id, *_below(db, user_id)]
    sql = 'SELECT DISTINCT "GroupId" FROM "GroupMember" WHERE "UserOrGroupId" IN (SELECT value FROM json_each(?))'
    return people + [row[0] for row in db.execute(sql, (orjson.dumps(people),))]


def _owned(db: sqlite3.Connection, name: str, owners: Sequence[str]) -> int:
    """How many records, as far as it takes to know whether these are few."""
    sql = f'SELECT 1 FROM "{name}" WHERE "OwnerId" IN (SELECT value FROM json_each(?)) LIMIT ?'
    found: int = db.execute(f"SELECT count(*) FROM ({sql})", (orjson.dumps(owners), FEW)).fetchone()[0]
    return found


def _below(db: sqlite3.Connection, user_id: str) -> list[str]:
    """Users whose roles lie under this user's."""
    sql = (
        "WITH RECURSIVE below(id) AS ("
        'SELECT r."Id" FROM "UserRole" r JOIN "User" u ON r."ParentRoleId" = u."UserRoleId" WHERE u."Id" = ? '
        'UNION SELECT r."Id" FROM "UserRole" r JOIN below ON r."ParentRoleId" = below.id) '
        'SELECT u."Id" FROM "User" u JOIN below ON u."UserRoleId" = below.id ORDER BY u."Id"'
    )
    return [row[0] for row in db.execute(sql, (user_id,))]
