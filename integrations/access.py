"""Who may open the settings."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http.response import HttpResponseBase

from common import audit
from common.http import Request

View = Callable[..., HttpResponseBase]


def admin_required(view: View) -> View:
    """Strangers are asked to sign in; members get 403."""

    @login_required
    @wraps(view)
    def checked(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_admin:
            raise PermissionDenied("Only admins change the integration.")
        return audit.admins_view(view, request, *args, **kwargs)

    return checked
