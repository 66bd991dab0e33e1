"""The audit log: who did what of consequence, when, and from where.

Sign-ins tell themselves (users.auditing), jobs and sheets as they begin (common.jobs, common.sheets), and every page
for admins that changes something (common.access). A service that knows better says it in words of its own.
"""

from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.http.response import HttpResponseBase

from common.acting import acting_address, acting_user
from common.http import Request
from common.models import AuditEntry
from common.retention import keeps

if TYPE_CHECKING:
    from users.models import User

Kind = AuditEntry.Kind
CHANGING = ("POST", "PUT", "PATCH", "DELETE")

_told: ContextVar[bool] = ContextVar("audit_told", default=False)


def record(kind: Kind, what: str = "", *, user: "User | None" = None, who: str = "") -> None:
    """Write a line, in the caller's transaction: what is rolled back was not done. Never with a secret in it."""
    user = user or acting_user()
    _told.set(True)
    AuditEntry.objects.create(
        kind=kind, user=user, who=_clean(who or (user.email if user else ""), 254), what=_clean(what, 300),
        address=acting_address(),
    )  # fmt: skip


def admins_view(view: Callable[..., HttpResponseBase], request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
    """The answer of a page for admins; what it changed is told by its address where nobody says more."""
    before = _told.set(False)
    try:
        response = view(request, *args, **kwargs)
        is_done = request.method in CHANGING and response.status_code < HTTPStatus.BAD_REQUEST
        if is_done and not _told.get():
            record(Kind.SETTINGS, " › ".join(request.path.strip("/").split("/")))
    finally:
        _told.reset(before)
    return response


def _clean(text: str, most: int) -> str:
    """What strangers type stands in it: one line, and nothing that PostgreSQL refuses."""
    return " ".join(text.replace("\x00", "").split())[:most]


@keeps("audit")
def prune(earlier: datetime, most: int) -> int:
    """Throw away the oldest lines."""
    oldest = AuditEntry.objects.order_by("at", "id").values_list("pk", "at")[:most]
    old = [pk for pk, at in oldest if at < earlier]
    with pgtrigger.ignore(f"{AuditEntry._meta.label}:append_only"):
        AuditEntry.objects.filter(pk__in=old).delete()
    return len(old)
