"""The page at /localorg: faults, limits, the clock and the log of calls, for whoever runs the org."""

from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from localorg.control.switches import LEAST
from localorg.faults.rule import JOB_ACTIONS, REQUEST_ACTIONS, ROW_ACTIONS
from localorg.pages.render import page

FOLDER = Path(__file__).parent
TYPES = {"console.css": "text/css", "console.js": "text/javascript"}
GROUPS = {"Requests": REQUEST_ACTIONS, "Rows": ROW_ACTIONS, "Bulk jobs": JOB_ACTIONS}


def wanted(request: Request) -> bool:
    """Whether a browser asks; programs get the list of endpoints at the same address."""
    return "text/html" in request.headers.get("accept", "")


def show(request: Request) -> Response:
    shown = {"url": request.app.state.org.settings.url, "groups": GROUPS, "limits": LEAST}
    return page(request, "console.html", shown)


async def _file(request: Request) -> Response:
    name = request.url.path.rpartition("/")[2]
    return FileResponse(FOLDER / name, media_type=TYPES[name], headers={"Cache-Control": "no-cache"})


ROUTES = [Route(f"/localorg/{name}", _file) for name in TYPES]
