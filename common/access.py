"""Who may open a page, and change what is on it.

Readers see what members see and change nothing: what is not a reading request is refused to them in one place
(users.middleware; for the REST API common.api.views), unless the view says that it is theirs as well.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from common import audit
from common.http import Request

SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE")
REFUSAL = "You may read here, and change nothing"

View = TypeVar("View", bound=Callable[..., Any])


def for_readers(view: View) -> View:
    """Let readers post to a view: what it changes is their own."""
    view.is_for_readers = True  # type: ignore[attr-defined]
    return view


def is_for_readers(view: Any) -> bool:
    return getattr(view, "is_for_readers", False)


def is_reader(user: Any) -> bool:
    return user.is_authenticated and not user.may_edit


def refuse_readers(request: HttpRequest) -> None:
    """For pages that only ask for what will be posted: nobody fills in a form in vain. Raises PermissionDenied."""
    if is_reader(request.user):
        raise PermissionDenied(REFUSAL)


def admin_required(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Strangers sign in first; members are told whom to ask (403.html). What it changes stands in the audit log."""

    @login_required
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_admin:
            raise PermissionDenied("This page is for admins.")
        return audit.admins_view(view, request, *args, **kwargs)

    return guarded
