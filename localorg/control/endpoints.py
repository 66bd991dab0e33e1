"""Endpoints for whoever runs the org: no sign-in, loopback only."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from localorg.control import actions
from localorg.errors import Refused
from localorg.faults import Rule
from localorg.org import Org

Json = Any

SETTINGS = ("daily_limit", "session_seconds", "rotate_refresh_tokens", "redirect_uris")
ENDPOINTS = {
    "GET /localorg/": "this list",
    "GET /localorg/faults": "the rules in force",
    "POST /localorg/faults": "a new list: [{match: {method, path, object}, do, times, probability, delay_ms, status}]",
    "POST /localorg/reset": "put the records back to the seed; tokens stay",
    "GET /localorg/calls": "API calls by resource since the last DELETE",
    "DELETE /localorg/calls": "start counting anew",
    "GET /localorg/settings": "daily_limit, used, session_seconds, rotate_refresh_tokens, redirect_uris",
    "POST /localorg/settings": "change some of them; used sets the usage counter",
    "POST /localorg/merge": "{object, master, losers: [ids]}",
    "POST /localorg/convert": "{lead, account?: id, contact?: id, opportunity?: bool}",
    "POST /localorg/undelete": "{ids: [ids]}",
}


async def index(request: Request) -> Response:
    return JSONResponse({"endpoints": ENDPOINTS, "url": _org(request).settings.url})


async def faults(request: Request) -> Response:
    org = _org(request)
    if request.method == "POST":
        try:
            org.faults.replace([Rule.read(rule) for rule in await _body(request)])
        except (ValueError, TypeError, AttributeError) as error:
            return JSONResponse({"error": str(error)}, 400)
    return JSONResponse([rule.as_json() for rule in org.faults.rules])


async def reset(request: Request) -> Response:
    await asyncio.to_thread(_org(request).reset)
    return JSONResponse({"reset": True})


async def calls(request: Request) -> Response:
    counted = _org(request).calls
    if request.method == "DELETE":
        counted.clear()
    return JSONResponse(counted.as_json())


async def settings(request: Request) -> Response:
    org = _org(request)
    if request.method == "POST":
        try:
            actions.change_settings(org, await _body(request))
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)
    shown = {name: getattr(org.settings, name) for name in SETTINGS}
    return JSONResponse(shown | {"used": org.calls.used})


async def merge(request: Request) -> Response:
    return await _act(request, actions.merge)


async def convert(request: Request) -> Response:
    return await _act(request, actions.convert)


async def undelete(request: Request) -> Response:
    return await _act(request, actions.undelete)


async def style(request: Request) -> Response:
    return FileResponse(actions.STYLE, media_type="text/css", headers={"Cache-Control": "max-age=60"})


async def _act(request: Request, action: Callable[[Org, Json], Json]) -> Response:
    try:
        return JSONResponse(await asyncio.to_thread(action, _org(request), await _body(request)))
    except Refused as refused:
        return JSONResponse(refused.as_rest(), refused.status)
    except (ValueError, KeyError, TypeError) as error:
        return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)


async def _body(request: Request) -> Json:
    return orjson.loads(await request.body() or b"{}")


def _org(request: Request) -> Org:
    org: Org = request.app.state.org
    return org


ROUTES = [
    Route("/localorg", index),
    Route("/localorg/", index),
    Route("/localorg/faults", faults, methods=["GET", "POST"]),
    Route("/localorg/reset", reset, methods=["POST"]),
    Route("/localorg/calls", calls, methods=["GET", "DELETE"]),
    Route("/localorg/settings", settings, methods=["GET", "POST"]),
    Route("/localorg/merge", merge, methods=["POST"]),
    Route("/localorg/convert", convert, methods=["POST"]),
    Route("/localorg/undelete", undelete, methods=["POST"]),
    Route("/localorg/style.css", style),
]
