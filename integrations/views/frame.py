"""What every page of the integration shows around its content."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from integrations import inbox
from integrations.logins import the_connection


def framed(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A page under the tabs, with the connection and how much waits in the inbox."""
    context = context or {}
    frame = {"connection": the_connection(), "inbox": context.get("inbox") or inbox.counts()}
    return render(request, template, frame | context, status=status)


def boxed(request: HttpRequest, box: str, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """A page of the inbox, under the row of its boxes."""
    present = inbox.counts()
    own = {"box": box, "boxes": inbox.boxes(present), "inbox": present}
    return framed(request, template, own | context, status)


def on_the_way(count: int) -> str:
    return f"{count:,} {'record is' if count == 1 else 'records are'} on the way again."
