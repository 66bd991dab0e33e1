"""POST /services/Soap/u|c/NN.N: partner and enterprise dialect."""

import asyncio
import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from localorg.api import router
from localorg.api.call import Call
from localorg.api.versions import NEWEST, OLDEST
from localorg.auth.endpoints import origin_of
from localorg.errors import Refused, refuse
from localorg.soap import envelope, records, sessions
from localorg.soap.envelope import BadEnvelope
from localorg.soap.operation import Operation, rest_headers

if TYPE_CHECKING:
    from localorg.org import Org

Handler = Callable[[Operation], str]

logger = logging.getLogger(__name__)

UNEXPECTED = "An unexpected error occurred. Please include this ErrorId if you contact support: 1234-5678 (90)"
BAD_SESSION = "Invalid Session ID found in SessionHeader: Illegal Session"
READING: dict[str, Handler] = {
    "describeTabs": records.describe_tabs,
    "getServerTimestamp": sessions.get_server_timestamp,
    "getUserInfo": sessions.get_user_info,
    "logout": sessions.logout,
    "query": records.query,
    "queryAll": records.query_all,
    "queryMore": records.query_more,
    "retrieve": records.retrieve,
}
WRITING: dict[str, Handler] = {
    "convertLead": records.convert_lead,
    "create": records.create,
    "delete": records.delete,
    "emptyRecycleBin": records.empty_recycle_bin,
    "merge": records.merge,
    "resetPassword": sessions.reset_password,
    "setPassword": sessions.set_password,
    "undelete": records.undelete,
    "update": records.update,
    "upsert": records.upsert,
}

_VERSION = re.compile(r"(\d{1,2})\.0\Z")


async def serve(request: Request) -> Response:
    dialect = envelope.DIALECTS[request.url.path.split("/")[3]]
    org: Org = request.app.state.org
    content = await request.body()
    if "soapaction" not in request.headers:
        return _answer(500, envelope.client_fault("SOAPAction HTTP header missing"))
    try:
        asked = envelope.read(content, dialect)
        version = _version(request.path_params["rest"])
        told = await asyncio.to_thread(_run, org, asked, origin_of(request), version)
    except BadEnvelope as error:
        return _answer(500, envelope.client_fault(str(error)))
    except RecursionError:
        return _answer(500, envelope.client_fault("The request is nested too deeply"))
    except Refused as refused:
        return _answer(500, envelope.fault(dialect, refused))
    except Exception:
        # a mistake of ours: the caller sees what a real org answers then, we see where it was
        logger.exception("%s", request.url.path)
        return _answer(500, envelope.fault(dialect, refuse("UNKNOWN_EXCEPTION", UNEXPECTED)))
    return _answer(200, told)


def _run(org: "Org", asked: envelope.Request, origin: str, version: str) -> bytes:
    if asked.operation == "login":
        content = sessions.login(org, asked, origin, version)
    else:
        content = _signed_in(org, asked, origin, version)
    return envelope.result(asked, content, org.calls.used, org.calls.daily_limit)


def _signed_in(org: "Org", asked: envelope.Request, origin: str, version: str) -> str:
    session = org.tokens.find(asked.session_id)
    if session is None:
        raise refuse("INVALID_SESSION_ID", BAD_SESSION)
    handler = READING.get(asked.operation) or WRITING.get(asked.operation)
    if handler is None:
        own = f"{{urn:{asked.dialect}.soap.sforce.com}}{asked.operation}"
        raise BadEnvelope(f"No operation available for request {own}, please check the WSDL for the service.")
    path = ("Soap", asked.operation)
    org.calls.note("POST", path)
    if org.calls.exhausted:
        raise refuse("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
    transaction = org.database.write if asked.operation in WRITING else org.database.read
    with transaction() as db:
        schema = org.schema_by_api(db, session.user_id)
        call = Call(org, schema, session, db, "POST", version, path, {}, router.answer, rest_headers(asked), origin)
        return handler(Operation(asked, call))


def _version(rest: str) -> str:
    """Of what follows the dialect in the path: 62.0, or 62.0/00D…"""
    match = _VERSION.match(rest.partition("/")[0])
    if match is None or not OLDEST <= int(match[1]) <= NEWEST:
        raise refuse("UNSUPPORTED_API_VERSION", "Invalid Api version specified on URL")
    return f"{match[1]}.0"


def _answer(status: int, content: bytes) -> Response:
    return Response(content, status, media_type="text/xml")


ROUTES = [Route(f"/services/Soap/{letter}/{{rest:path}}", serve, methods=["POST"]) for letter in envelope.DIALECTS]
