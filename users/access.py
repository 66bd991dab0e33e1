from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse

from common.http import Request

View = Callable[..., HttpResponse]


def admin_required(view: View) -> View:
    """Strangers sign in first; members are told whom to ask (403.html)."""

    @login_required
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_admin:
            raise PermissionDenied("This page is for admins.")
        return view(request, *args, **kwargs)

    return guarded
