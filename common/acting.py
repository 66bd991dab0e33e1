"""Who is acting: the signed-in user of a request, the user of an API token, or nobody (a job); and from where."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from users.models import User

_user: ContextVar["User | None"] = ContextVar("acting_user", default=None)
_address: ContextVar[str | None] = ContextVar("acting_address", default=None)


def acting_user() -> "User | None":
    return _user.get()


def acting_address() -> str | None:
    """The IP address that the request came from, before the proxies; None outside of requests."""
    return _address.get()


@contextmanager
def acting_as(user: "User | None") -> Iterator[None]:
    token = _user.set(user)
    try:
        yield
    finally:
        _user.reset(token)


@contextmanager
def coming_from(address: str | None) -> Iterator[None]:
    token = _address.set(address)
    try:
        yield
    finally:
        _address.reset(token)
