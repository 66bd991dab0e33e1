"""Users' passwords: ``sobjects/User/{id}/password`` (Salesforce's REST guide; that 403 is for others, known)."""

from typing import Any

from localorg.api.call import Call, Reply
from localorg.api.lookups import record_id_of, sobject_of
from localorg.errors import not_found, refuse
from localorg.settings import new_password

SHORTEST = 8


def state(call: Call, record_id: str) -> Reply:
    """Passwords never expire here."""
    _user(call, record_id)
    return Reply(body={"isExpired": False})


def change(call: Call, record_id: str) -> Reply:
    user = _user(call, record_id)
    password = call.mapping().get("NewPassword")
    if not isinstance(password, str) or not any(map(str.isalpha, password)) or not any(map(str.isdigit, password)):
        raise refuse("INVALID_NEW_PASSWORD", "Your password must have a mix of letters and numbers")
    if len(password) < SHORTEST:
        raise refuse("INVALID_NEW_PASSWORD", f"Your password must be at least {SHORTEST} characters long")
    _keep(call, user, password)
    return Reply(204)


def reset(call: Call, record_id: str) -> Reply:
    """A new password, made up."""
    user = _user(call, record_id)
    password = new_password()
    _keep(call, user, password)
    return Reply(body={"NewPassword": password})


def _user(call: Call, text: str) -> dict[str, Any]:
    """The row of somebody whose password the caller may touch. Raises Refused."""
    user_id = record_id_of(sobject_of(call, "User"), text)
    sql = """SELECT u."Username" AS username, p."Name" AS profile, u."Name" AS name, u."Email" AS email
             FROM "User" u JOIN "Profile" p ON p."Id" = u."ProfileId" WHERE u."Id" = ?"""
    found = call.db.execute(sql, (user_id,)).fetchone()
    if found is None:
        raise not_found()
    access = call.schema.access
    if user_id != call.session.user_id and access is not None and not access.may("ManageUsers"):
        raise refuse("INSUFFICIENT_ACCESS", "insufficient access rights on object id", 403)
    return dict(zip(("username", "profile", "name", "email"), found, strict=True))


def _keep(call: Call, user: dict[str, Any], password: str) -> None:
    settings = call.org.settings
    known = next((u for u in settings.users if u["username"].lower() == user["username"].lower()), None)
    if known is None:
        settings.users.append({key: value or "" for key, value in user.items()} | {"password": password})
    else:
        known["password"] = password
    settings.save(call.org.folder)
