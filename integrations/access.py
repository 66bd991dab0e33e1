"""Who may open the settings."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from common import audit
from common.http import Request, wants_fragment

View = Callable[..., HttpResponseBase]


class NotConnected(Http404):
    """There is no org yet, so there is nothing to set."""


def admin_required(view: View) -> View:
    """Strangers are asked to sign in, members get 403; before an org is connected, pages lead to connecting one."""

    @login_required
    @wraps(view)
    def checked(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_admin:
            raise PermissionDenied("Only admins change the integration.")
        try:
            return audit.admins_view(view, request, *args, **kwargs)
        except NotConnected:
            if request.method != "GET" or wants_fragment(request):
                raise
            return redirect("integrations:overview")

    return checked
