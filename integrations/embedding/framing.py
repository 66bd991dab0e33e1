"""Which pages may frame the panel: those of the connected org, by the names that Salesforce gives its hosts."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from integrations.logins import the_connection
from integrations.models import Connection

View = Callable[..., HttpResponse]
MY_DOMAIN = ".my.salesforce.com"


def ancestors(connection: Connection) -> list[str]:
    """The origins of the org's pages: every page above the panel must be of one of them.

    A record page of Lightning frames a Visualforce page of another host, and that frames the panel; in Classic the
    Visualforce page may stand in one of My Domain.
    """
    if not connection.instance_url:
        return []
    host = urlsplit(connection.instance_url).hostname or ""
    own = [] if connection.instance_url == settings.SALESFORCE_LOCAL_ORG else [f"https://{host}"]
    if host.endswith(MY_DOMAIN):
        # acme, acme--uat.sandbox, acme-dev-ed.develop
        name, dot, kind = host.removesuffix(MY_DOMAIN).partition(".")
        own += [
            f"https://{name}{dot}{kind}.lightning.force.com",
            f"https://{name}--c{dot}{kind}.vf.force.com",
            f"https://{name}--c{dot}{kind}.visualforce.com",
        ]
    return [*own, *settings.SALESFORCE_FRAME_HOSTS]


def framed_by_org(view: View) -> View:
    """Let the org's pages, and no others, frame what a view answers."""

    @wraps(view)
    def framed(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return let_org_frame(view(request, *args, **kwargs))

    return framed


def let_org_frame(response: HttpResponse) -> HttpResponse:
    # X-Frame-Options has no list of hosts: where it is sent, none of them may.
    response.xframe_options_exempt = True
    response._csp_replace = {"frame-ancestors": ancestors(the_connection()) or [NONE]}  # type: ignore[attr-defined]
    return response
