"""Answers in the frame: the whole panel, or a part of it with what happened as a toast. Without cookies."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.http import reswap, retarget, trigger_client_event


def whole_panel(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """In place of everything, whatever part was asked for."""
    response = render(request, template, context, status=status)
    return reswap(retarget(response, "#panel"), "innerHTML")


def told(response: HttpResponse, text: str, level: str = "success") -> HttpResponse:
    return trigger_client_event(response, "toasts", {"toasts": [{"text": text, "level": level}]})


def refused(reason: str, status: int) -> HttpResponse:
    """Nothing changes but that the reason is told."""
    return told(reswap(HttpResponse(status=status), "none"), reason, "error")


def digest(*facts: Any) -> str:
    """What a part that asks again and again tells, in few letters; it sends them along as ``seen``."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def is_news(request: HttpRequest, now: str) -> bool:
    """Whether a part would tell another thing than it does. Else it stays: no focus is taken, nothing is read out."""
    return request.GET.get("seen", "") != now


def nothing_new() -> HttpResponse:
    """htmx leaves everything as it is."""
    return HttpResponse(status=204)
