"""Menus that apps add their pages to, in ``ready()``.

"main" stands beside every page, "settings" beside the settings; "commands" are what the quick search offers to do.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import reverse


@dataclass(frozen=True, order=True)
class Item:
    position: int
    label: str
    url_name: str = field(compare=False)
    icon: str = field(compare=False)
    section: str = field(compare=False, default="")
    admins_only: bool = field(compare=False, default=False)
    editors_only: bool = field(compare=False, default=False)
    count: Callable[[Any], int] | None = field(compare=False, default=None)  # of what asks to be looked at

    @cached_property
    def url(self) -> str:
        return reverse(self.url_name)


_items: dict[str, list[Item]] = defaultdict(list)


def add(menu: str, item: Item) -> None:
    _items[menu].append(item)
    _items[menu].sort()


def items_for(menu: str, request: HttpRequest) -> list[Item]:
    """What this user may open."""
    is_admin, may_edit = (getattr(request.user, name, False) for name in ("is_admin", "may_edit"))
    return [item for item in _items[menu] if (is_admin or not item.admins_only) and (may_edit or not item.editors_only)]


def item_here(items: Sequence[Item], request: HttpRequest) -> Item | None:
    """The item whose page, or one below it, is shown; of several the one that is nearest."""
    return max((one for one in items if is_here(one, request)), key=lambda one: len(one.url), default=None)


def is_here(item: Item, request: HttpRequest) -> bool:
    return request.path == item.url or (item.url != "/" and request.path.startswith(item.url))
