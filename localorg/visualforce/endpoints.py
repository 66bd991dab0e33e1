"""/apex/Name: on the org's host it sends people to the Visualforce host, and there it is the page itself."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Host, Route, Router

from localorg import ids
from localorg.auth import signin
from localorg.org import Org
from localorg.pages import soql
from localorg.pages.visit import Missing, Visit, redirect, signed_in, visit_of
from localorg.schema import Schema, SObject
from localorg.visualforce import markup, pages, tickets
from localorg.visualforce.pages import GLOBAL, ORGANIZATION, PARAMETER, Page

HOST = "localorg--c.vf.localhost"  # every *.localhost is this machine, and vf.localhost is a site of its own
UNKNOWN = "There is no such page, or no such record, or you may not see it."
REFERRER = "strict-origin-when-cross-origin"


def origin(org: Org) -> str:
    """Scheme, host and port of the Visualforce pages."""
    parts = urlsplit(org.settings.url)
    return f"{parts.scheme}://{HOST}" + (f":{parts.port}" if parts.port else "")


def send_over(visit: Visit) -> Response:
    """To the page on its own host, with a ticket."""
    name = visit.request.path_params["name"]
    if pages.find(visit.org, name) is None:
        raise Missing
    query = {**_parameters(visit.request), tickets.PARAMETER: tickets.issue(visit.person.id)}
    return redirect(f"{origin(visit.org)}/apex/{name}?{urlencode(query)}")


def show(request: Request) -> Response:
    """The page for whom the ticket names; others are sent for one."""
    org: Org = request.app.state.org
    user_id = tickets.holder(request.query_params.get(tickets.PARAMETER, ""))
    person = signin.by_id(org, user_id) if user_id else None
    if person is None or not person.is_active:
        return _elsewhere(request)
    page = pages.find(org, request.path_params["name"])
    content = _rendered(visit_of(request, org, person), page) if page else None
    headers = {"Content-Security-Policy": f"frame-ancestors 'self' {org.settings.url}", "Referrer-Policy": REFERRER}
    if content is None:
        return PlainTextResponse(UNKNOWN, 404, headers)
    return Response(content, 200, headers | {"Cache-Control": "no-store"}, "text/html; charset=utf-8")


async def elsewhere(request: Request) -> Response:
    return _elsewhere(request)


def _elsewhere(request: Request) -> Response:
    """The same address on the org's own host."""
    org: Org = request.app.state.org
    query = urlencode(_parameters(request))
    return RedirectResponse(f"{org.settings.url}{request.url.path}{f'?{query}' if query else ''}", 302)


def _parameters(request: Request) -> dict[str, str]:
    return {name: value for name, value in request.query_params.items() if name != tickets.PARAMETER}


def _rendered(visit: Visit, page: Page) -> bytes | None:
    """None when the page needs a record that is not there for this person."""
    parsed = markup.parse(page.markup)
    wanted = markup.controller(parsed)
    record: dict[str, Any] = {}
    if wanted:
        sobject = visit.schema.find(wanted)
        record_id = ids.parse(visit.asked("id"))
        found = _record(visit, sobject, record_id, list(markup.names(parsed))) if sobject and record_id else None
        if found is None:
            return None
        record = found
    return markup.render(parsed, page.label, lambda name: _value(visit, name, record))


def _record(visit: Visit, sobject: SObject, record_id: str, names: list[str]) -> dict[str, Any] | None:
    """What the page asks of its record, as far as the person may see it."""
    paths = {name.lower(): name.partition(".")[2] for name in names if not name.startswith("$")}
    chosen = [path for path in paths.values() if path.lower() != "id" and _is_visible(visit.schema, sobject, path)]
    rows = soql.records(visit, soql.select(chosen, sobject.name, f"Id = '{record_id}'"), most=1)
    return rows[0] if rows else None


def _is_visible(schema: Schema, sobject: SObject, path: str) -> bool:
    *parents, name = path.split(".")
    seen: SObject | None = sobject
    for parent in parents:
        reference = seen.by_relationship.get(parent.lower()) if seen else None
        if reference is None:
            return False
        if reference.polymorphic:
            return parent == parents[-1] and name.lower() in ("id", "name", "type")
        seen = schema.find(reference.targets[0])
    return seen is not None and seen.find(name) is not None


def _value(visit: Visit, name: str, record: dict[str, Any]) -> str:
    lower = name.lower()
    if lower in GLOBAL:
        found: Any = visit.person.values[GLOBAL[lower]]
    elif lower in ORGANIZATION:
        found = soql.records(visit, "SELECT Id, Name FROM Organization", most=1)[0][ORGANIZATION[lower]]
    elif lower.startswith(PARAMETER):
        found = visit.asked(name[len(PARAMETER) :])
    else:
        found = record
        for part in name.split(".")[1:]:
            found = _entry(found, part)
    return "" if found is None else str(found).lower() if isinstance(found, bool) else str(found)


def _entry(record: Any, name: str) -> Any:
    if not isinstance(record, dict):
        return None
    return next((value for key, value in record.items() if key.lower() == name.lower()), None)


ROUTES = [
    Host(HOST, Router([Route("/apex/{name}", show), Route("/{path:path}", elsewhere)])),
    Route("/apex/{name}", signed_in(send_over)),
]
