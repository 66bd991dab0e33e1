from typing import TYPE_CHECKING

from django.http import HttpRequest, QueryDict

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    from users.models import User

LONGEST_NUMBER = 18  # digits that PostgreSQL's bigint holds in any case


class Request(HttpRequest):
    """What our middleware makes of a request; the views of signed-in people say so."""

    htmx: "HtmxDetails"
    user: "User"


def typed(values: QueryDict, name: str) -> str:
    """What somebody typed, without what PostgreSQL can't compare."""
    return values.get(name, "").replace("\x00", "").strip()


def number(text: str) -> int:
    """An id as a form sends it; 0, which nothing has, for what is none."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else 0


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asks for a part of the page; going back in the browser's history asks for the whole of it."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]
    return bool(htmx) and not htmx.history_restore_request
