"""Who is acting: the signed-in user of a request, the user of an API token, or nobody (a job)."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from users.models import User

_user: ContextVar["User | None"] = ContextVar("acting_user", default=None)


def acting_user() -> "User | None":
    return _user.get()


@contextmanager
def acting_as(user: "User | None") -> Iterator[None]:
    token = _user.set(user)
    try:
        yield
    finally:
        _user.reset(token)
