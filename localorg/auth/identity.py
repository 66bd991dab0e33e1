"""What the org tells about a person: identity URL, userinfo, introspection."""

from typing import Any

from localorg import clock
from localorg.auth import signin
from localorg.auth.signin import Person
from localorg.org import ORG_ID, Org

Json = dict[str, Any]

_URLS = {
    "enterprise": "/services/Soap/c/{version}/" + ORG_ID[:15],
    "metadata": "/services/Soap/m/{version}/" + ORG_ID[:15],
    "partner": "/services/Soap/u/{version}/" + ORG_ID[:15],
    "rest": "/services/data/v{version}/",
    "sobjects": "/services/data/v{version}/sobjects/",
    "search": "/services/data/v{version}/search/",
    "query": "/services/data/v{version}/query/",
    "recent": "/services/data/v{version}/recent/",
    "tooling_soap": "/services/Soap/T/{version}/" + ORG_ID[:15],
    "tooling_rest": "/services/data/v{version}/tooling/",
    "feeds": "/services/data/v{version}/chatter/feeds",
    "groups": "/services/data/v{version}/chatter/groups",
    "users": "/services/data/v{version}/chatter/users",
}


def identity(org: Org, person: Person, origin: str, version: str | None) -> Json:
    """``version`` fills the place left for it in the URLs; None leaves it open."""
    values = person.values
    return {
        "id": org.identity_url(origin, person.id),
        "asserted_user": True,
        "user_id": person.id,
        "organization_id": ORG_ID,
        "username": values["Username"],
        "nick_name": values["CommunityNickname"],
        "display_name": values["Name"],
        "email": values["Email"],
        "email_verified": True,
        "first_name": values["FirstName"],
        "last_name": values["LastName"],
        "timezone": values["TimeZoneSidKey"],
        "photos": _photos(origin),
        "addr_street": None,
        "addr_city": None,
        "addr_state": None,
        "addr_country": values["Country"],
        "addr_zip": None,
        "mobile_phone": values["MobilePhone"],
        "mobile_phone_verified": False,
        "is_lightning_login_user": False,
        "status": {"created_date": None, "body": None},
        "urls": urls(origin, person, version),
        "active": person.is_active,
        "user_type": "STANDARD",
        "language": values["LanguageLocaleKey"],
        "locale": values["LocaleSidKey"],
        "utcOffset": 0,
        "last_modified_date": _instant(values["LastModifiedDate"]),
        "is_app_installed": True,
    }


def userinfo(org: Org, person: Person, origin: str) -> Json:
    values = person.values
    return {
        "sub": org.identity_url(origin, person.id),
        "user_id": person.id,
        "organization_id": ORG_ID,
        "preferred_username": values["Username"],
        "nickname": values["CommunityNickname"],
        "name": values["Name"],
        "email": values["Email"],
        "email_verified": True,
        "given_name": values["FirstName"],
        "family_name": values["LastName"],
        "zoneinfo": values["TimeZoneSidKey"],
        "photos": _photos(origin),
        "profile": f"{origin}/{person.id}",
        "picture": _photos(origin)["picture"],
        "address": {"country": values["Country"]} if values["Country"] else {},
        "urls": urls(origin, person, None),
        "active": person.is_active,
        "user_type": "STANDARD",
        "language": values["LanguageLocaleKey"],
        "locale": values["LocaleSidKey"],
        "utcOffset": 0,
        "updated_at": _instant(values["LastModifiedDate"]),
    }


def introspection(org: Org, token: str, origin: str) -> Json:
    session, refresh = org.tokens.peek(token), org.tokens.find_refresh(token)
    found = session or refresh
    person = signin.by_id(org, found.user_id) if found else None
    if found is None or person is None or (refresh and refresh.used):
        return {"active": False}
    issued = int(session.issued) if session else int(clock.now().timestamp())
    body = {
        "active": True,
        "scope": found.scope,
        "client_id": org.settings.client_id,
        "username": person.values["Username"],
        "sub": org.identity_url(origin, person.id),
        "token_type": "access_token" if session else "refresh_token",
        "iat": issued,
        "nbf": issued,
    }
    return body | ({"exp": int(session.last_used) + org.tokens.session_seconds} if session else {})


def urls(origin: str, person: Person, version: str | None) -> Json:
    filled = {name: origin + (path.replace("{version}", version) if version else path) for name, path in _URLS.items()}
    return filled | {"profile": f"{origin}/{person.id}", "custom_domain": origin}


def _photos(origin: str) -> Json:
    return {"picture": f"{origin}/profilephoto/005/F", "thumbnail": f"{origin}/profilephoto/005/T"}


def _instant(text: str) -> str:
    return clock.read(text).strftime("%Y-%m-%dT%H:%M:%SZ")
