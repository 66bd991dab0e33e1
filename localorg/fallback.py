"""What callers are told where no route answers, in the dialect of the path they took."""

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from localorg.auth.tokens import LoginRateExceeded
from localorg.errors import not_found, refuse


def unserved(request: Request, error: Exception) -> Response:
    """No such path, or not by this method. The API speaks of both in JSON, OAuth in its own."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if path.startswith("/services/oauth2/"):
        problem = {"error": "invalid_request", "error_description": f"HTTP method {request.method} is not supported"}
        return Response(orjson.dumps(problem), 400, error.headers, "application/json")
    if path.startswith("/services/"):
        wrong_method = refuse("METHOD_NOT_ALLOWED", f"HTTP Method '{request.method}' not allowed.", 405)
        refused = wrong_method if error.status_code == wrong_method.status else not_found()
        return Response(
            orjson.dumps(refused.as_rest()), refused.status, error.headers, "application/json;charset=UTF-8"
        )
    return PlainTextResponse(error.detail, error.status_code, error.headers)


def too_many_logins(request: Request, error: Exception) -> Response:
    return PlainTextResponse("Login Rate Exceeded", 403)


HANDLERS = {404: unserved, 405: unserved, LoginRateExceeded: too_many_logins}
