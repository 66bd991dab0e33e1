"""Quick search: what a few letters may mean, over commands, pages and records of every kind.

Records are taken from the first thousand that match, those first whose names begin with what was typed; where there are
more, the way to all of them is offered.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.urls import reverse
from django.utils.http import urlencode

from common import menus
from common.folding import fold
from common.http import Request
from common.models import Record, RecordKind
from common.records import record_model
from common.search import MIN_LETTERS, words_in
from common.visibility import seen_of

CANDIDATES = 1_000
SHOWN = 5
ICONS = {RecordKind.CONTACT: "user", RecordKind.ACCOUNT: "building", RecordKind.DEAL: "coin"}


@dataclass(frozen=True)
class Hit:
    label: str
    url: str
    icon: str
    hint: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    hits: list[Hit]
    all_url: str = ""  # where all that match are, when there are more


def groups(request: Request, text: str) -> list[Group]:
    """What ``text`` finds; without any, the commands and pages that there are."""
    words = words_in(text)
    found = [Group("Do", _items("commands", request, words)), Group("Go to", _pages(request, words))]
    if sum(map(len, words)) >= MIN_LETTERS:
        found = [*(_records(request, kind, text, words) for kind in ICONS), *found]
    return [group for group in found if group.hits]


def _pages(request: Request, words: list[str]) -> list[Hit]:
    """Those of the main menu; those of the settings when they are asked for."""
    return [*_items("main", request, words), *(_items("settings", request, words, hint="Settings") if words else [])]


def _items(menu: str, request: Request, words: list[str], hint: str = "") -> list[Hit]:
    """The items of a menu of which each word begins a word."""
    return [
        Hit(item.label, item.url, item.icon, item.section or hint)
        for item in menus.items_for(menu, request)
        if all(_begins_one(word, f"{item.label} {item.section} {hint}") for word in words)
    ]


def _begins_one(word: str, label: str) -> bool:
    return any(one.startswith(word) for one in words_in(label))


def _records(request: Request, kind: RecordKind, text: str, words: list[str]) -> Group:
    model = record_model(kind)
    hits = [Hit(str(one), one.get_absolute_url(), ICONS[kind], one.hint) for one in _found(request, model, text, words)]
    url = f"{reverse(f'{model._meta.app_label}:list')}?{urlencode({'q': text})}"
    return Group(str(model._meta.verbose_name_plural).capitalize(), hits[:SHOWN], url if len(hits) > SHOWN else "")


def _found(request: Request, model: type[Record], text: str, words: list[str]) -> QuerySet[Any]:
    candidates = seen_of(model, request.user).listed().matching(text).values("pk")[:CANDIDATES]
    begins = Q()
    for word in words:
        begins |= Q(sort_name__startswith=fold(word))
    rows = model._default_manager.filter(pk__in=candidates).select_related(*model.HINT_NEEDS)
    is_near = ExpressionWrapper(begins, output_field=BooleanField())
    return rows.annotate(is_near=is_near).order_by("-is_near", "sort_name")[: SHOWN + 1]
