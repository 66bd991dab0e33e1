"""What every page of the integration shows around its content."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from integrations.logins import the_connection
from integrations.models import ErrorEntry


def framed(
    request: HttpRequest, template: str, context: dict[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A page under the tabs, with the connection and the count of open errors."""
    frame = {"connection": the_connection(), "open_errors": ErrorEntry.objects.open().count()}
    return render(request, template, frame | (context or {}), status=status)
