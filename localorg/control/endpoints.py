"""Endpoints for whoever runs the org: no sign-in, loopback only."""

import asyncio
from collections.abc import Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localorg.auth import signin
from localorg.calllog import KEPT
from localorg.control import actions, console, switches
from localorg.errors import Refused
from localorg.faults import Rule
from localorg.org import Org

Json = Any

ENDPOINTS = {
    "GET /localorg/": "this list; a page for browsers",
    "GET /localorg/faults": "the rules in force",
    "POST /localorg/faults": "a new list: [{match: {method, path, object}, do, after, times, probability, seed, …}]",
    "PATCH /localorg/faults": "more rules, after those in force",
    "DELETE /localorg/faults/N": "one rule less, by its id",
    "POST /localorg/reset": "put the records back to the seed; tokens stay",
    "GET /localorg/calls": "API calls by resource since the last DELETE",
    "DELETE /localorg/calls": "start counting anew",
    "GET /localorg/calls/log": "requests one by one, with totals; ?since=N (a number told before) &limit=N",
    "GET /localorg/clock": "what time it is in the org",
    "POST /localorg/clock": "{advance: seconds} further, or {ahead: seconds} of the machine's clock",
    "GET /localorg/settings": f"{', '.join(switches.SETTINGS)}, used",
    "POST /localorg/settings": "change some of them; used sets the usage counter",
    "POST /localorg/merge": "{object, master, losers: [ids]}",
    "POST /localorg/convert": "{lead, account?: id, contact?: id, opportunity?: bool}",
    "POST /localorg/undelete": "{ids: [ids]}",
}


async def index(request: Request) -> Response:
    if console.wanted(request):
        return console.show(request)
    return JSONResponse({"endpoints": ENDPOINTS, "url": _org(request).settings.url})


async def faults(request: Request) -> Response:
    held = _org(request).faults
    if request.method in ("POST", "PATCH"):
        try:
            given = await _body(request)
            if not isinstance(given, list):
                raise ValueError("rules are a list")
            rules = [Rule.read(rule) for rule in given]
        except ValueError as error:
            return _bad(error)
        held.replace(rules if request.method == "POST" else [*held.rules, *rules])
    return JSONResponse([rule.as_json() for rule in held.rules])


async def fault(request: Request) -> Response:
    held = _org(request).faults
    held.replace([rule for rule in held.rules if rule.id != request.path_params["id"]])
    return JSONResponse([rule.as_json() for rule in held.rules])


async def reset(request: Request) -> Response:
    await asyncio.to_thread(_org(request).reset)
    return JSONResponse({"reset": True})


async def calls(request: Request) -> Response:
    counted = _org(request).calls
    if request.method == "DELETE":
        counted.clear()
    return JSONResponse(counted.as_json())


async def call_log(request: Request) -> Response:
    org = _org(request)
    try:
        since, most = (int(request.query_params.get(name, "0")) for name in ("since", "limit"))
    except ValueError:
        return _bad(ValueError("since and limit are numbers"))
    names = await asyncio.to_thread(signin.usernames, org)
    told = org.calls.log.as_json(since, most or KEPT, names)
    return JSONResponse({**told, "under_way": org.calls.under_way})


async def the_clock(request: Request) -> Response:
    if request.method == "POST":
        try:
            switches.set_clock(_org(request), await _body(request))
        except ValueError as error:
            return _bad(error)
    return JSONResponse(switches.clock_shown())


async def settings(request: Request) -> Response:
    org = _org(request)
    if request.method == "POST":
        try:
            switches.change(org, await _body(request))
        except ValueError as error:
            return _bad(error)
    return JSONResponse(switches.shown(org))


async def merge(request: Request) -> Response:
    return await _act(request, actions.merge)


async def convert(request: Request) -> Response:
    return await _act(request, actions.convert)


async def undelete(request: Request) -> Response:
    return await _act(request, actions.undelete)


async def _act(request: Request, action: Callable[[Org, Json], Json]) -> Response:
    try:
        given = await _body(request)
        if not isinstance(given, dict):
            raise ValueError("the body must be an object")
        return JSONResponse(await asyncio.to_thread(action, _org(request), given))
    except Refused as refused:
        return JSONResponse(refused.as_rest(), refused.status)
    except (ValueError, KeyError, TypeError) as error:
        return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)


def _bad(error: ValueError) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def _body(request: Request) -> Json:
    return orjson.loads(await request.body() or b"{}")


def _org(request: Request) -> Org:
    org: Org = request.app.state.org
    return org


ROUTES = [
    Route("/localorg", index),
    Route("/localorg/", index),
    Route("/localorg/faults", faults, methods=["GET", "POST", "PATCH"]),
    Route("/localorg/faults/{id:int}", fault, methods=["DELETE"]),
    Route("/localorg/reset", reset, methods=["POST"]),
    Route("/localorg/calls", calls, methods=["GET", "DELETE"]),
    Route("/localorg/calls/log", call_log),
    Route("/localorg/clock", the_clock, methods=["GET", "POST"]),
    Route("/localorg/settings", settings, methods=["GET", "POST"]),
    Route("/localorg/merge", merge, methods=["POST"]),
    Route("/localorg/convert", convert, methods=["POST"]),
    Route("/localorg/undelete", undelete, methods=["POST"]),
    *console.ROUTES,
]
