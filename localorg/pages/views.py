"""Browse, view and edit records, at the addresses of Salesforce's classic pages: /003/o, /003/e, /{id}, /{id}/e."""

import asyncio
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from localorg import ids
from localorg.auth import signin
from localorg.auth.tokens import Session
from localorg.org import Org
from localorg.pages import records
from localorg.pages.records import Outcome
from localorg.pages.render import page
from localorg.pages.session import browser_session, forget, remember
from localorg.schema import SObject

Found = tuple[Session, SObject, str]


async def home(request: Request) -> Response:
    session = browser_session(request)
    if session is None:
        return _to_login(request)
    tiles = await asyncio.to_thread(records.tiles, _org(request))
    return _page(request, session, "home.html", tiles=tiles)


async def login(request: Request) -> Response:
    if request.method == "GET":
        return _login_page(request, "")
    form = await _form(request)
    org = _org(request)
    person = signin.by_password(org, form.get("username", ""), form.get("password", ""))
    if person is None or not person.is_active:
        return _login_page(request, form.get("username", ""), "Please check your username and password.")
    return remember(RedirectResponse(_local(request.query_params.get("startURL", "/")), 303), org, person.id)


async def logout(request: Request) -> Response:
    return forget(RedirectResponse("/login", 303), request)


async def record_list(request: Request) -> Response:
    session = browser_session(request)
    if session is None:
        return _to_login(request)
    sobject = _of_prefix(request, session)
    if sobject is None:
        return _missing(request, session)
    text, wanted = request.query_params.get("q", "").strip(), request.query_params.get("page", "1")
    number = max(1, int(wanted)) if wanted.isdigit() else 1
    listing = await asyncio.to_thread(records.listing, _org(request), sobject, text, number)
    return _page(request, session, "list.html", listing=listing, text=text)


async def new_or_edit(request: Request) -> Response:
    """Both live at …/e: after a key prefix it makes a record, after an id it edits one."""
    if ids.parse(request.path_params["prefix"]):
        return await record_edit(request)
    return await record_new(request)


async def record_new(request: Request) -> Response:
    session = browser_session(request)
    if session is None:
        return _to_login(request)
    sobject = _of_prefix(request, session)
    if sobject is None or not sobject.can("create"):
        return _missing(request, session)
    return await _edit(request, session, sobject, None, {})


async def record_view(request: Request) -> Response:
    found = _find(request)
    if isinstance(found, Response):
        return found
    session, sobject, record_id = found
    org = _org(request)
    row = await asyncio.to_thread(records.row, org, sobject, record_id)
    if row is None:
        return _missing(request, session)
    related = await asyncio.to_thread(records.related, org, sobject, record_id)
    links = {f.name: records.name_of(org, row[f.name]) for f in sobject.references if row[f.name]}
    return _page(request, session, "record.html", sobject=sobject, row=row, related=related, links=links)


async def record_edit(request: Request) -> Response:
    found = _find(request)
    if isinstance(found, Response):
        return found
    session, sobject, record_id = found
    row = await asyncio.to_thread(records.row, _org(request), sobject, record_id)
    if row is None or not sobject.can("update"):
        return _missing(request, session)
    return await _edit(request, session, sobject, record_id, row)


async def record_delete(request: Request) -> Response:
    found = _find(request)
    if isinstance(found, Response):
        return found
    session, sobject, record_id = found
    outcome = await asyncio.to_thread(records.delete, _org(request), session.user_id, sobject, record_id)
    if outcome.problems:
        return _page(request, session, "missing.html", 400, problem="; ".join(outcome.problems.values()))
    return RedirectResponse(f"/{sobject.prefix}/o", 303)


async def _edit(
    request: Request, session: Session, sobject: SObject, record_id: str | None, row: dict[str, object]
) -> Response:
    outcome = Outcome()
    values = dict(row)
    if request.method == "POST":
        form = await _form(request)
        outcome = await asyncio.to_thread(records.save, _org(request), session.user_id, sobject, record_id, form)
        if outcome.record_id:
            return RedirectResponse(f"/{outcome.record_id}", 303)
        values |= form | {f.name: f.name in form for f in sobject.fields.values() if f.type == "boolean"}
    fields = records.editable(sobject, record_id is None)
    unnamed = {n: text for n, text in outcome.problems.items() if n not in {f.name for f in fields}}
    shown = {"sobject": sobject, "record_id": record_id, "fields": fields, "values": values}
    return _page(
        request,
        session,
        "edit.html",
        400 if outcome.problems else 200,
        problems=outcome.problems,
        unnamed=unnamed,
        **shown,
    )


def _find(request: Request) -> Found | Response:
    session = browser_session(request)
    if session is None:
        return _to_login(request)
    schema = records.schema_for(_org(request), session.user_id)
    found = records.parse_id(schema, request.path_params.get("record_id") or request.path_params["prefix"])
    return _missing(request, session) if found is None else (session, *found)


def _of_prefix(request: Request, session: Session) -> SObject | None:
    schema = records.schema_for(_org(request), session.user_id)
    wanted = request.path_params["prefix"]
    return schema.of_id(wanted) or schema.find(wanted)


def _page(request: Request, session: Session, template: str, status: int = 200, **shown: object) -> Response:
    person = signin.by_id(_org(request), session.user_id)
    tabs = [s for s in _org(request).schema if s.can("layout") and s.name != "User"]
    return page(request, template, {"person": person.values if person else {}, "tabs": tabs, **shown}, status)


def _missing(request: Request, session: Session) -> Response:
    problem = "The record or page you asked for does not exist, or you may not see it."
    return _page(request, session, "missing.html", 404, problem=problem)


def _login_page(request: Request, username: str, problem: str = "") -> Response:
    shown = {"username": username, "problem": problem, "action": f"{request.url.path}?{request.url.query}"}
    return page(request, "login.html", shown)


def _to_login(request: Request) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse("/login?" + urlencode({"startURL": wanted}), 303)


def _local(url: str) -> str:
    """Only to a page of our own."""
    return url if url.startswith("/") and not url.startswith(("//", "/\\")) else "/"


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def _org(request: Request) -> Org:
    org: Org = request.app.state.org
    return org


ROUTES = [
    Route("/", home),
    Route("/login", login, methods=["GET", "POST"]),
    Route("/logout", logout, methods=["POST"]),
    Route("/{prefix}/o", record_list),
    Route("/{prefix}/e", new_or_edit, methods=["GET", "POST"]),
    Route("/{record_id}", record_view),
    Route("/{record_id}/delete", record_delete, methods=["POST"]),
]
