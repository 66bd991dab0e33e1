"""Readers see what members see and change nothing: what is not a reading request is refused to them in one place
(users.middleware; for the REST API common.api.views), unless the view says that it is theirs as well.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

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
