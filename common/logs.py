"""What goes into the log, how much of it, and what it is about: request, user, job, run, record's link.

``about`` adds to every line that is written inside it, whoever writes it: ours, Django's, a library.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from logging import LogRecord
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from common.acting import acting_user

Ids = dict[str, str | int]

HEADER = "X-Request-ID"
A_REQUEST_ID = re.compile(r"[\w.-]{1,64}", re.ASCII)
# What Django and others hang on a record that is no text: a request's would tell of its address.
LEFT_OUT = ["about", "request", "server_time", "status_code"]
OF_JOBS = "django-q"  # tells of each job by itself, also between two of them
_ids: ContextVar[Ids] = ContextVar("ids_of_the_log")


def begin(**ids: str | int) -> None:
    """Add to every line of what begins now, and nothing of what was before."""
    _ids.set(ids)


@contextmanager
def about(**ids: str | int) -> Iterator[None]:
    token = _ids.set(_ids.get({}) | ids)
    try:
        yield
    finally:
        _ids.reset(token)


def note(**ids: str | int) -> None:
    """Add to every line until the request or the job is over."""
    _ids.set(_ids.get({}) | ids)


def with_ids(record: LogRecord) -> bool:
    """For handlers: the ids as attributes, of which JSON makes keys, and in one text (``about``) for plain lines."""
    ids = _ids.get({}) if record.name != OF_JOBS else {}
    if user := acting_user():
        ids = {"user_id": user.pk, **ids}
    for name, value in ids.items():
        setattr(record, name, value)
    record.about = f" [{' '.join(f'{name}={value}' for name, value in ids.items())}]" if ids else ""
    return True


def refusals_in_a_line(record: LogRecord) -> bool:
    """That somebody may not open a page is worth a line; where in the code it was refused helps nobody."""
    if record.exc_info and isinstance(record.exc_info[1], PermissionDenied):
        record.exc_info = record.exc_text = None
    return True


class RequestIdMiddleware:
    """Every request has an id: the proxy's, where it gives one. The answer tells it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request_id = given if A_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        begin(request_id=request_id)
        response = self.get_response(request)
        response[HEADER] = request_id
        return response


def end_request(**kwargs: Any) -> None:
    """Django writes of an answer after all middleware is through: only then is nobody asked for any more."""
    begin()


def begin_job(task: dict[str, Any], **kwargs: Any) -> None:
    """Jobs name themselves: a worker has one at a time."""
    func = task["func"]
    begin(job_id=task["id"], job=func if isinstance(func, str) else func.__qualname__)
