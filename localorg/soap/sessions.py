"""Operations about who calls: login, logout, getUserInfo, getServerTimestamp, passwords."""

from typing import TYPE_CHECKING

from localorg import clock
from localorg.api import passwords
from localorg.auth import signin
from localorg.errors import refuse
from localorg.org import ORG_ID
from localorg.soap import xml
from localorg.soap.operation import Operation

if TYPE_CHECKING:
    import sqlite3

    from localorg.org import Org
    from localorg.soap.envelope import Request

BAD_LOGIN = "Invalid username, password, security token; or user locked out."


def login(org: "Org", request: "Request", origin: str, version: str) -> str:
    """A session for a name and a password. Raises Refused (INVALID_LOGIN), also for a user who left."""
    username, password = (xml.text(request.body, name) for name in ("username", "password"))
    person = signin.by_password(org, username, password)
    if person is None or not person.is_active:
        raise refuse("INVALID_LOGIN", BAD_LOGIN, 500)
    session = org.tokens.open(person.id, "full")
    with org.database.read() as db:
        info = _user_info(org, db, person.id)
    url = f"{origin}/services/Soap/{{}}/{version}/{ORG_ID[:15]}"
    told = (
        xml.leaf("metadataServerUrl", url.format("m")),
        xml.leaf("passwordExpired", False),
        xml.leaf("sandbox", False),
        xml.leaf("serverUrl", url.format("u" if request.dialect == "partner" else "c")),
        xml.leaf("sessionId", session.token),
        xml.leaf("userId", person.id),
        xml.tag("userInfo", info),
    )
    return xml.tag("result", "".join(told))


def logout(operation: Operation) -> str:
    operation.call.org.tokens.revoke(operation.call.session.token)
    return ""


def get_user_info(operation: Operation) -> str:
    call = operation.call
    return xml.tag("result", _user_info(call.org, call.db, call.session.user_id))


def get_server_timestamp(_: Operation) -> str:
    now = clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return xml.tag("result", xml.leaf("timestamp", now))


def set_password(operation: Operation) -> str:
    body = operation.request.body
    new = {"NewPassword": xml.text(body, "password")}
    passwords.change(operation.rest(body=new), xml.text(body, "userId"))
    return xml.tag("result")


def reset_password(operation: Operation) -> str:
    reply = passwords.reset(operation.rest(), xml.text(operation.request.body, "userId"))
    return xml.tag("result", xml.leaf("password", reply.body["NewPassword"]))


def _user_info(org: "Org", db: "sqlite3.Connection", user_id: str) -> str:
    work = org.work(db, user_id)
    user = work.fetch(org.schema["User"], user_id) or {}
    company = work.fetch(org.schema["Organization"], ORG_ID) or {}
    told = {
        "accessibilityMode": False,
        "chatterExternal": False,
        "currencySymbol": "$",
        "orgAttachmentFileSizeLimit": 26_214_400,
        "orgDefaultCurrencyIsoCode": "USD",
        "orgDefaultCurrencyLocale": "en_US",
        "orgDisallowHtmlAttachments": False,
        "orgHasPersonAccounts": False,
        "organizationId": ORG_ID,
        "organizationMultiCurrency": False,
        "organizationName": company.get("Name"),
        "profileId": user.get("ProfileId"),
        "roleId": user.get("UserRoleId"),
        "sessionSecondsValid": org.settings.session_seconds,
        "userDefaultCurrencyIsoCode": None,
        "userEmail": user.get("Email"),
        "userFullName": user.get("Name"),
        "userId": user_id,
        "userLanguage": user.get("LanguageLocaleKey"),
        "userLocale": user.get("LocaleSidKey"),
        "userName": user.get("Username"),
        "userTimeZone": user.get("TimeZoneSidKey"),
        "userType": user.get("UserType"),
        "userUiSkin": "Theme3",
    }
    return "".join(xml.leaf(name, value) for name, value in told.items())
