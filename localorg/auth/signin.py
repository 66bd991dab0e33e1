"""Who somebody is: users by name and password."""

import hmac
from dataclasses import dataclass
from typing import Any

from localorg.org import Org

_COLUMNS = ("Id", "Username", "Name", "FirstName", "LastName", "Email", "Alias", "CommunityNickname", "IsActive")
_MORE = (
    "TimeZoneSidKey",
    "LanguageLocaleKey",
    "LocaleSidKey",
    "UserType",
    "LastModifiedDate",
    "MobilePhone",
    "Country",
)


@dataclass(frozen=True)
class Person:
    """A row of User."""

    values: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.values["Id"])

    @property
    def is_active(self) -> bool:
        return bool(self.values["IsActive"])


def by_password(org: Org, username: str, password: str) -> Person | None:
    known = org.settings.password_of(username)
    if known is None or not hmac.compare_digest(known.encode(), password.encode()):
        return None
    return _find(org, "Username", username)


def by_id(org: Org, user_id: str) -> Person | None:
    return _find(org, "Id", user_id)


def by_username(org: Org, username: str) -> Person | None:
    return _find(org, "Username", username)


def run_as(org: Org) -> Person | None:
    """The user behind the client-credentials grant: the first one, an administrator."""
    return _find(org, "Username", org.settings.users[0]["username"])


def _find(org: Org, column: str, value: str) -> Person | None:
    names = (*_COLUMNS, *_MORE)
    shown = ", ".join(f'"{name}"' for name in names)
    with org.database.read() as db:
        row = db.execute(f'SELECT {shown} FROM "User" WHERE "{column}" = ?', (value,)).fetchone()
    return Person(dict(zip(names, row, strict=True))) if row else None


def usernames(org: Org) -> dict[str, str]:
    """Of all users, by id."""
    with org.database.read() as db:
        return dict(db.execute('SELECT "Id", "Username" FROM "User"').fetchall())
