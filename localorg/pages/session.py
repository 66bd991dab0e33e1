"""Who is signed in to the pages: the cookie sid holds an access token, as in a real org."""

from starlette.requests import Request
from starlette.responses import Response

from localorg.auth.tokens import Session
from localorg.org import Org

COOKIE = "sid"


def browser_session(request: Request) -> Session | None:
    org: Org = request.app.state.org
    return org.tokens.find(request.cookies.get(COOKIE, ""))


def remember(response: Response, org: Org, user_id: str) -> Response:
    session = org.tokens.open(user_id, "web")
    response.set_cookie(COOKIE, session.token, httponly=True, samesite="lax")
    return response


def forget(response: Response, request: Request) -> Response:
    org: Org = request.app.state.org
    org.tokens.revoke(request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE)
    return response
