"""From an HTTP request under /services/async to its answer."""

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from localorg.api import router, versions
from localorg.api.call import Call, Content
from localorg.api.service import check_limits, streamed
from localorg.bulk.classic import wire
from localorg.bulk.classic.handlers import ROUTES, Handler
from localorg.delivery import Answer
from localorg.errors import Refused, refuse

if TYPE_CHECKING:
    from localorg.incoming import Incoming
    from localorg.org import Org

PREFIX = "/services/async"


def serve(org: "Org", incoming: "Incoming") -> Answer:
    """Runs in a thread of its own. Nothing is written when the call is refused."""
    try:
        found = _reply(org, incoming)
    except Refused as refused:
        return refusal_answer(incoming, refused)
    return found if isinstance(found, Answer) else streamed(incoming, 200, found, {})


def refusal_answer(incoming: "Incoming", refused: Refused) -> Answer:
    """Errors in the words of this API; a session that is none is a bad request to it."""
    (problem, *_) = refused.problems
    code = wire.code(problem.code)
    status = 400 if code == "InvalidSessionId" else refused.status
    return wire.refusal(status, type(problem)(code, problem.message), wire.wants_json(incoming.headers))


def _reply(org: "Org", incoming: "Incoming") -> Answer | Content:
    segments = tuple(unquote(segment) for segment in incoming.path.removeprefix(PREFIX).split("/") if segment)
    session = org.tokens.find(incoming.token)
    if session is None:
        raise refuse("InvalidSessionId", "Invalid session id")
    try:
        version = versions.check(f"v{segments[0]}" if segments else "")
    except Refused:
        raise refuse("InvalidVersion", f"Unsupported API version: {segments[0] if segments else ''}") from None
    path = segments[1:]
    org.calls.note(incoming.method, ("async", *path))
    check_limits(org)
    handler, given = _route(incoming.method, path)
    transaction = org.database.read if incoming.method in router.READING else org.database.write
    with transaction() as db:
        call = Call(
            org,
            org.schema_by_api(db, session.user_id),
            session,
            db,
            incoming.method,
            version,
            path,
            incoming.parameters,
            router.answer,
            incoming.headers,
            incoming.origin,
            incoming.body,
            incoming.upload,
        )
        return handler(call, *given)


def _route(method: str, path: tuple[str, ...]) -> tuple[Handler, list[str]]:
    for pattern, handlers in ROUTES.items():
        if len(pattern) == len(path) and all(
            wanted in ("{}", given.lower()) for wanted, given in zip(pattern, path, strict=True)
        ):
            given: list[Any] = [segment for wanted, segment in zip(pattern, path, strict=True) if wanted == "{}"]
            method = "GET" if method == "HEAD" else method
            if method not in handlers:
                raise refuse("MethodNotAllowed", f"HTTP Method '{method}' not allowed.", 405)
            return handlers[method], given
    raise refuse("InvalidUrl", "Destination URL not reset. The URL is not that of a job or batch.", 400)
