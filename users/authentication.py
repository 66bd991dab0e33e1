"""How browser extensions sign in to the REST API, and how far they get."""

from typing import Any, cast

from django.conf import settings
from django.core.cache import caches
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from users import extensions
from users.models import ExtensionToken, User

KEYWORD = "Bearer"
REFUSAL = "The token of a browser extension may not do this. Use an API token of yours, or sign in."


class ExtensionTokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer …``. Views say what of them is open to extensions; all else is refused here already."""

    def authenticate(self, request: Request) -> tuple[User, ExtensionToken] | None:
        keyword, _, text = get_authorization_header(request).partition(b" ")
        if keyword.lower() != KEYWORD.lower().encode():
            return None
        token = extensions.find(text.strip().decode("latin-1"))
        if token is None:
            raise AuthenticationFailed("There is no such token, or it was revoked.")
        if not is_open(request.parser_context["view"], request.method or ""):
            raise PermissionDenied(REFUSAL)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return KEYWORD


def is_open(view: Any, method: str) -> bool:
    """Whether extensions may do what is asked of a view: by the action of view sets, the method of others."""
    asked = getattr(view, "action", None) or method.lower()
    return asked in getattr(view, "open_to_extensions", ())


class ExtensionThrottle(SimpleRateThrottle):
    """Each token has the rate of its scope, counted in the process; other sign-ins have a throttle of their own."""

    cache = caches["process"]
    scope = "extension"

    def allow_request(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, ExtensionToken):
            return True
        self.scope = request.auth.scope
        self.rate = self.get_rate()
        self.num_requests, self.duration = self.parse_rate(self.rate)
        return super().allow_request(request, view)

    def get_rate(self) -> str:
        rates = cast(dict[str, str], settings.EXTENSION_RATES)
        return rates.get(self.scope, rates["extension"])

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": request.auth.pk}
