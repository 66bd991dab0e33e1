"""What every answer needs, and every answer to htmx, written once."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from common.http import Request

# What a page could ask a browser for; Tandem asks for none of it, and neither does what is framed or injected.
FEATURES = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
    "fullscreen", "geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection", "local-fonts",
    "magnetometer", "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb",
    "xr-spatial-tracking",
)  # fmt: skip
HEADERS = {
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in FEATURES),
    "Cross-Origin-Resource-Policy": "same-origin",  # no other site embeds pages, pictures or data
    "Cache-Control": "private, no-store",  # after signing out, going back shows nothing; static files say otherwise
}


class HeadersMiddleware:
    """Tells browsers to be careful. A view that needs something else sets the header itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.setdefault(name, value)
        return response


class FragmentMiddleware:
    """Lets views answer htmx as they answer a browser.

    A redirect moves the whole page instead of landing inside a fragment, and messages become toasts.
    """

    def __init__(self, get_response: Callable[[Request], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: Request) -> HttpResponse:
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])  # a page and its fragment share an address
        if not request.htmx or "HX-Redirect" in response or "HX-Refresh" in response:
            return response
        if "Location" in response:
            return HttpResponseClientRedirect(_target(request, response["Location"]))
        return _with_toasts(request, response)


def _target(request: Request, location: str) -> str:
    """Where to go; after signing in that is the page, not the fragment that was asked for."""
    sign_in = resolve_url(settings.LOGIN_URL)
    if urlsplit(location).path != sign_in:
        return location
    return f"{sign_in}?{urlencode({'next': request.htmx.current_url_abs_path or '/'})}"


def _with_toasts(request: Request, response: HttpResponse) -> HttpResponse:
    toasts = [{"text": str(message), "level": message.level_tag} for message in get_messages(request)]
    return trigger_client_event(response, "toasts", {"toasts": toasts}) if toasts else response
