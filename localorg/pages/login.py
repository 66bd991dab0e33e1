"""Logging in: by name and password, or as one of the people on the list, for nobody here is anybody."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg.auth import signin
from localorg.auth.signin import Person
from localorg.org import Org
from localorg.pages.render import page
from localorg.pages.session import forget, remember
from localorg.pages.visit import FORBIDDEN, is_foreign, redirect

WRONG = "Please check your username and password."


async def login(request: Request) -> Response:
    org: Org = request.app.state.org
    if request.method == "GET":
        return await run_in_threadpool(form, request)
    if is_foreign(request):
        return await run_in_threadpool(form, request, status=FORBIDDEN)
    given = await request.form()
    person = await run_in_threadpool(somebody, org, {name: str(value) for name, value in given.items()})
    if person is None:
        return await run_in_threadpool(form, request, str(given.get("username", "")), WRONG)
    return remember(redirect(_local(request.query_params.get("startURL", "/"))), org, person.id)


async def logout(request: Request) -> Response:
    return forget(redirect("/login"), request)


def somebody(org: Org, given: dict[str, str]) -> Person | None:
    """Whoever the form means: "as" names one of the list."""
    if name := given.get("as"):
        person = signin.by_username(org, name) if org.settings.password_of(name) else None
    else:
        person = signin.by_password(org, given.get("username", ""), given.get("password", ""))
    return person if person and person.is_active else None


def form(
    request: Request,
    username: str = "",
    problem: str = "",
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    action = f"{request.url.path}?{request.url.query}"
    shown = {"username": username, "problem": problem, "action": action, "people": _people(request.app.state.org)}
    return page(request, "login.html", shown, status, headers)


def _people(org: Org) -> list[dict[str, str]]:
    """Everybody who can log in, as org.json knows them."""
    return [user for user in org.settings.users if (one := signin.by_username(org, user["username"])) and one.is_active]


def _local(url: str) -> str:
    """Only to a page of our own."""
    return url if url.startswith("/") and not url.startswith(("//", "/\\")) else "/"


ROUTES = [
    Route("/login", login, methods=["GET", "POST"]),
    Route("/logout", logout, methods=["POST"]),
]
