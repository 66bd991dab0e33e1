"""What every page of the integration shows around its content."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from common.http import wants_fragment
from integrations import inbox
from integrations.logins import the_connection
from integrations.views.tabs import tabs


def framed(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A page under the tabs, with the connection and how much waits in the inbox."""
    context = context or {}
    frame = {"connection": the_connection(), "tabs": tabs(request, inbox.counts_for(request).total)}
    return render(request, template, frame | context, status=status)


def section(
    request: HttpRequest, template: str, title: str, kind: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A part that the page of a kind loads after itself; without htmx it is a page of its own."""
    if wants_fragment(request):
        return render(request, template, context | {"kind": kind}, status=status)
    own = {"section": template, "title": title, "kind": kind}
    return framed(request, "integrations/section.html", context | own, status)


def boxed(request: HttpRequest, box: str, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of the inbox, under the row of its boxes."""
    own = {"box": box, "boxes": inbox.boxes(inbox.counts_for(request))}
    return framed(request, template, own | context, status)


def on_the_way(count: int) -> str:
    return f"{count:,} {'record is' if count == 1 else 'records are'} on the way again."
