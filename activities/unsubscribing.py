"""The public page behind the link in an e-mail. Whoever has the link may use it; nobody signs in."""

from django.core.signing import BadSignature
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from activities import optouts
from common.access import for_readers


@csrf_exempt  # mail programs post without having seen a page (RFC 8058); the signed link is the proof
@never_cache
@for_readers  # the link is of whom the mail went to, whoever is signed in
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """A GET asks, for programs that check links open them too; a POST does it."""
    try:
        pk, address = optouts.read_token(token)
    except BadSignature:
        return render(request, "activities/unsubscribe.html", {"is_broken": True}, status=404)
    if request.method == "POST":
        optouts.unsubscribe(pk, address)
    return render(request, "activities/unsubscribe.html", {"address": address, "is_done": request.method == "POST"})
