"""Runs each request as its user and in the user's time zone, and refuses what readers may not do."""

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.views import APIView

from common.access import REFUSAL, SAFE_METHODS, is_for_readers, is_reader
from common.acting import acting_as, coming_from
from common.logs import note

PANEL_ONLY = "Your sign-in is for the panel in your CRM only"
SIGNING_IN = "allauth."  # signing out and choosing a password is everybody's


class UserMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with coming_from(_address_of(request)):
            if not request.user.is_authenticated:
                return self.get_response(request)
            note(user_id=request.user.pk)
            with acting_as(request.user), timezone.override(request.user.time_zone):
                return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any) -> None:
        """Every view of every app. The REST API, which reads tokens first, sees to itself."""
        if request.user.is_authenticated and request.user.is_panel_only and not view.__module__.startswith(SIGNING_IN):
            raise PermissionDenied(PANEL_ONLY)
        if request.method in SAFE_METHODS or is_for_readers(view) or _is_api(view):
            return
        if is_reader(request.user) and not view.__module__.startswith(SIGNING_IN):
            raise PermissionDenied(REFUSAL)


def _address_of(request: HttpRequest) -> str | None:
    """Where a request comes from, as failed sign-ins are counted; None where proxies do not say."""
    try:
        address: str = get_adapter().get_client_ip(request)
    except (PermissionDenied, ImproperlyConfigured):
        return None
    return address


def _is_api(view: Any) -> bool:
    return issubclass(getattr(view, "cls", object), APIView)
