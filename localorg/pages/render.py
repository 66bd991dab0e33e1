"""Templates -> responses."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse

from localorg.pages import values

# Nothing from elsewhere, in no frame of anybody. A page that may frame something says so itself.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters |= {"shown": values.shown, "thousands": lambda count: f"{count:,}"}


def page(
    request: Request,
    template: str,
    shown: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    html = _ENVIRONMENT.get_template(template).render(request=request, **shown)
    return HTMLResponse(html, status, {"Content-Security-Policy": POLICY, **(headers or {})})
