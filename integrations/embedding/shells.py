"""The pages that a frame begins with. They hold nothing of anybody's: their script asks for the rest with a token."""

import json
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from common.access import for_readers
from integrations.embedding import sessions
from integrations.embedding.entry import token_of
from integrations.embedding.framing import View, framed_by_org, let_org_frame

LONGEST_ID = 40  # letters of an address that are looked at


@framed_by_org
@require_GET
def account(request: HttpRequest) -> HttpResponse:
    remote_id = request.GET.get("crm_object_id", "")[:LONGEST_ID]
    return render(request, "embedding/account.html", {"remote_id": remote_id})


@framed_by_org
@require_GET
def hash_form(request: HttpRequest) -> HttpResponse:
    """For pages that frame ``/#/embedded-crm/account?…``: what stands behind the # never reaches a server."""
    return render(request, "embedding/hash.html")


def or_hash_form(home: View) -> View:
    """The home page; where a frame asks for it, the page that reads the old form of the panel's address."""

    def home_or_panel(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.headers.get("Sec-Fetch-Dest") == "iframe":
            response = let_org_frame(redirect("embedding:hash_form"))
        else:
            response = home(request, *args, **kwargs)
        patch_vary_headers(response, ["Sec-Fetch-Dest"])
        return response

    return home_or_panel


@framed_by_org
@csrf_exempt  # what counts is the code, which no browser adds by itself
@for_readers
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """The token for a code that a window of ours handed to the frame."""
    if not ratelimit.consume(request, action="panel_token"):
        return _refused("Too many sign-ins from here. Wait some minutes.", 429)
    try:
        given = json.loads(request.body)
        code, verifier = str(given["code"]), str(given["verifier"])
    except (ValueError, KeyError, TypeError):
        return _refused("That is no sign-in.", 400)
    try:
        secret, _ = sessions.exchange(code, verifier)
    except sessions.Refused as refusal:
        return _refused(str(refusal), 403)
    return JsonResponse({"token": secret})


def _refused(reason: str, status: int) -> HttpResponse:
    return JsonResponse({"refusal": reason}, status=status)


@framed_by_org
@csrf_exempt  # the token says whose sign-in ends
@for_readers
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    sessions.end(token_of(request))
    return HttpResponse(status=204)
