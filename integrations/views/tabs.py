"""The tabs over every page of the integration, and which of them a page belongs to."""

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse

from integrations.sync.records import KINDS

# By the first part of an address. Parts that are not named here are of a kind of record, or belong to the overview.
PLACES = {
    "activities": "activities",
    "configuration": "configuration",
    "errors": "inbox",
    "health": "health",
    "held": "inbox",
    "inbox": "inbox",
    "logins": "logins",
    "runs": "health",
}
OF_KIND = ("kind", "remote_object")  # what an address calls the kind of record, or an object of that kind
TABS = (
    ("overview", "Overview", "overview", ()),
    ("contact", "Contacts & leads", "object", ("contact",)),
    ("account", "Accounts", "object", ("account",)),
    ("deal", "Deals", "object", ("deal",)),
    ("activities", "Activities", "activities", ()),
    ("inbox", "Inbox", "inbox", ()),
    ("health", "Health", "health", ()),
    ("logins", "Logins", "logins", ()),
    ("configuration", "Configuration", "configuration", ()),
)


@dataclass(frozen=True)
class Tab:
    """``current``: what ``aria-current`` says of it, "" where one is elsewhere."""

    label: str
    url: str
    current: str
    count: int = 0


def tabs(request: HttpRequest, waiting: int) -> list[Tab]:
    """``waiting``: how much the inbox holds."""
    here, found = _place(request), []
    for place, label, name, arguments in TABS:
        url = reverse(f"integrations:{name}", args=arguments)
        current = "" if place != here else "page" if request.path == url else "true"
        found.append(Tab(label, url, current, waiting if place == "inbox" else 0))
    return found


def _place(request: HttpRequest) -> str:
    part = request.path.removeprefix(reverse("integrations:overview")).partition("/")[0]
    if part in PLACES:
        return PLACES[part]
    named = request.resolver_match.kwargs if request.resolver_match else {}
    kinds = (KINDS.get(named[name], named[name]) for name in OF_KIND if name in named)
    return next(kinds, "overview")
