"""How the parts of the settings pages are answered."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from integrations.tables import Table, connected

__all__ = ["Table", "connected", "part"]

UNPROCESSABLE = 422


def part(request: HttpRequest, template: str, context: dict[str, Any], errors: Any) -> HttpResponse:
    return render(request, template, context, status=UNPROCESSABLE if errors else 200)
