"""The OAuth and identity endpoints."""

import base64
import binascii
import re
from urllib.parse import parse_qsl, quote

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from localorg import ids
from localorg.auth import grants, identity, signin
from localorg.auth.errors import OAuthError
from localorg.auth.tokens import Code, Session
from localorg.org import ORG_ID, Org
from localorg.pages import login
from localorg.pages.render import page
from localorg.pages.session import browser_session, remember
from localorg.pages.visit import is_foreign

Form = dict[str, str]

_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]*\Z")

FRAME = {"X-Frame-Options": "DENY", "Cache-Control": "no-store"}
SCOPES = {
    "api": "Manage user data via APIs (api)",
    "refresh_token": "Perform requests at any time (refresh_token, offline_access)",
    "offline_access": "Perform requests at any time (refresh_token, offline_access)",
    "openid": "Access unique user identifiers (openid)",
    "id": "Access the identity URL service (id, profile, email, address, phone)",
    "profile": "Access the identity URL service (id, profile, email, address, phone)",
    "email": "Access the identity URL service (id, profile, email, address, phone)",
    "web": "Manage user data via Web browsers (web)",
    "full": "Full access (full)",
}


def origin_of(request: Request) -> str:
    return f"{request.url.scheme}://{request.headers.get('host') or request.url.netloc}"


async def token(request: Request) -> Response:
    if request.method != "POST":
        return _error(OAuthError("invalid_request", "must use HTTP POST"))
    form = await _form(request)
    try:
        return JSONResponse(
            grants.grant(_org(request), form, origin_of(request)), headers={"Cache-Control": "no-store"}
        )
    except OAuthError as error:
        return _error(error)


async def revoke(request: Request) -> Response:
    """A GET may name a JSONP callback, for pages of other hosts: it is called with the error, or with nothing."""
    form = await _form(request) if request.method == "POST" else dict(request.query_params)
    revoked = _org(request).tokens.revoke(form.get("token", ""))
    error = None if revoked else OAuthError("unsupported_token_type", "this token type is not supported")
    callback = form.get("callback", "")
    if request.method == "GET" and _CALLBACK.match(callback):
        told = orjson.dumps(error.as_json()).decode() if error else ""
        return Response(f"{callback}({told});", media_type="application/javascript")
    return _error(error) if error else Response(b"")


async def introspect(request: Request) -> Response:
    form = await _form(request)
    org = _org(request)
    try:
        grants.check_client(org, form)
    except OAuthError as error:
        return _error(error)
    return JSONResponse(identity.introspection(org, form.get("token", ""), origin_of(request)))


async def userinfo(request: Request) -> Response:
    org = _org(request)
    session, problem = _session(request)
    person = signin.by_id(org, session.user_id) if session else None
    if person is None:
        return PlainTextResponse(problem or "Bad_OAuth_Token", 403)
    return JSONResponse(identity.userinfo(org, person, origin_of(request)))


async def identify(request: Request) -> Response:
    org = _org(request)
    session, problem = _session(request)
    if session is None:
        return PlainTextResponse(problem, 403)
    if ids.parse(request.path_params["org_id"]) != ORG_ID:
        return PlainTextResponse("Wrong_Org", 403)
    person = signin.by_id(org, ids.parse(request.path_params["user_id"]) or "")
    if person is None:
        return PlainTextResponse("Bad_Id", 403)
    version = {"latest": "67.0"}.get(request.query_params.get("version", ""), request.query_params.get("version"))
    return JSONResponse(identity.identity(org, person, origin_of(request), version))


async def authorize(request: Request) -> Response:
    """Login, then consent, then back to the client with a code."""
    org = _org(request)
    query = dict(request.query_params)
    refused = _refused_outright(org, query)
    if refused:
        return page(request, "oauth_error.html", {"problem": refused}, 400, FRAME)
    problem = _problem(query)
    if problem:
        return _back(query, **problem)
    form = await _form(request) if request.method == "POST" and not is_foreign(request) else {}
    if "username" in form or "as" in form:
        return _log_in(request, form)
    session = browser_session(request)
    if session is None or "login" in query.get("prompt", "").split():
        return _login_page(request, query.get("login_hint", ""))
    return (
        _decide(org, session, query, form["decision"]) if "decision" in form else _consent_page(request, session, query)
    )


def _refused_outright(org: Org, query: Form) -> OAuthError | None:
    """Problems that must not be told to a redirect URI that may be anybody's."""
    if query.get("client_id") != org.settings.client_id:
        return OAuthError("invalid_client_id", "client identifier invalid")
    if query.get("redirect_uri") not in org.settings.redirect_uris:
        return OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    return None


def _problem(query: Form) -> Form | None:
    if query.get("response_type") != "code":
        return {"error": "unsupported_response_type", "error_description": "response type not supported"}
    if not query.get("code_challenge"):
        return {"error": "invalid_request", "error_description": "missing required code challenge"}
    if query.get("code_challenge_method", "S256") != "S256":
        return {"error": "invalid_request", "error_description": "invalid code challenge method"}
    if unknown := set(query.get("scope", "").split()) - set(SCOPES):
        return {
            "error": "invalid_scope",
            "error_description": f"the requested scope is not allowed: {' '.join(sorted(unknown))}",
        }
    return None


def _log_in(request: Request, form: Form) -> Response:
    person = login.somebody(_org(request), form)
    if person is None:
        problem = (
            "Please check your username and password. If you still can't log in, contact your Salesforce administrator."
        )
        return _login_page(request, form.get("username", ""), problem)
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in ("prompt", "login_hint")]
    target = "&".join(f"{name}={quote(value, safe='')}" for name, value in kept)
    return remember(RedirectResponse(f"{request.url.path}?{target}", 303), _org(request), person.id)


def _login_page(request: Request, username: str, problem: str = "") -> Response:
    return login.form(request, username, problem, headers=FRAME)


def _consent_page(request: Request, session: Session, query: Form) -> Response:
    person = signin.by_id(_org(request), session.user_id)
    scopes = list(dict.fromkeys(SCOPES[scope] for scope in _scope(query).split()))
    switch = str(request.url.include_query_params(prompt="login"))
    shown = {
        "person": person.values if person else {},
        "scopes": scopes,
        "switch": switch,
        "client": query["redirect_uri"],
    }
    return page(request, "consent.html", shown, 200, FRAME)


def _decide(org: Org, session: Session, query: Form, decision: str) -> Response:
    if decision != "allow":
        return _back(query, error="access_denied", error_description="end-user denied authorization")
    code = Code(session.user_id, _scope(query), query["redirect_uri"], query.get("code_challenge"))
    return _back(query, code=org.tokens.new_code(code))


def _scope(query: Form) -> str:
    return query.get("scope") or "id api web"


def _back(query: Form, **answer: str) -> Response:
    """To the client, with what it sent along."""
    if "state" in query:
        answer["state"] = query["state"]
    separator = "&" if "?" in query["redirect_uri"] else "?"
    told = "&".join(f"{name}={quote(value, safe='').replace('%20', '+')}" for name, value in answer.items())
    return RedirectResponse(f"{query['redirect_uri']}{separator}{told}", 302)


def _session(request: Request) -> tuple[Session | None, str]:
    """The session of a token in the header or the query, and what to say when there is none."""
    header = request.headers.get("authorization", "")
    kind, _, bearer = header.partition(" ")
    given = bearer if kind in ("Bearer", "OAuth") else ""
    given = given or request.query_params.get("oauth_token") or request.query_params.get("access_token") or ""
    if not given:
        return None, "Missing_OAuth_Token"
    return _org(request).tokens.find(given.strip()), "Bad_OAuth_Token"


async def _form(request: Request) -> Form:
    """Form fields, with the client's credentials wherever they were sent."""
    form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
    header = request.headers.get("authorization", "")
    if header.startswith("Basic "):
        form |= _basic(header)
    return dict(request.query_params) | form if request.url.path.endswith("/token") else form


def _basic(header: str) -> Form:
    try:
        name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return {}
    return {"client_id": name, "client_secret": secret}


def _error(error: OAuthError) -> Response:
    return JSONResponse(error.as_json(), error.status, headers={"Cache-Control": "no-store"})


def _org(request: Request) -> Org:
    org: Org = request.app.state.org
    return org


ROUTES = [
    Route("/services/oauth2/token", token, methods=["GET", "POST"]),
    Route("/services/oauth2/revoke", revoke, methods=["GET", "POST"]),
    Route("/services/oauth2/introspect", introspect, methods=["POST"]),
    Route("/services/oauth2/userinfo", userinfo, methods=["GET", "POST"]),
    Route("/services/oauth2/authorize", authorize, methods=["GET", "POST"]),
    Route("/id/{org_id}/{user_id}", identify, methods=["GET"]),
]
