"""Full-text search over names, addresses and numbers, with prefixes.

PostgreSQL keeps ``john.doe@acme-widgets.com`` as one word. Here the separators become blanks first, so that "doe" and
"widgets" are found too. Case and accents do not count (common/folding.py).
"""

import re

from django.contrib.postgres.search import SearchQuery, SearchVectorField
from django.db.models import F, Func, GeneratedField, Q, QuerySet, TextField, Value
from django.db.models.functions import Coalesce

from common.folding import Fold, fold

SEPARATORS = "@.,-_+/:&'()"
LAST = "\U0010ffff"  # comes after every letter
MIN_LETTERS = 2
FOUND = 1_000  # records that a search shows at most: of more nobody reads the end, and finding it takes long
_QUOTED = SEPARATORS.replace("'", "''")


class _Words(Func):
    """The words of some text columns; immutable, as a generated column must be."""

    output_field = SearchVectorField()
    arg_joiner = " || ' ' || "
    template = f"to_tsvector('simple'::regconfig, translate(%(expressions)s, '{_QUOTED}', '{' ' * len(SEPARATORS)}'))"


class _Joined(Func):
    output_field = TextField()
    arg_joiner = " || ' ' || "
    template = "%(expressions)s"


def search_field(*columns: str) -> GeneratedField:
    """A stored column with the words of ``columns``."""
    texts = [Coalesce(F(column), Value(""), output_field=TextField()) for column in columns]
    return GeneratedField(expression=_Words(Fold(_Joined(*texts))), output_field=SearchVectorField(), db_persist=True)


def words_in(text: str) -> list[str]:
    """The searchable words of what somebody typed."""
    blank = str.maketrans(SEPARATORS, " " * len(SEPARATORS))
    return [word for word in re.findall(r"\w+", fold(text).translate(blank)) if word]


def is_too_short(text: str) -> bool:
    """Whether something is typed, but fewer letters than are searched for."""
    return bool(text.strip()) and sum(map(len, words_in(text))) < MIN_LETTERS


def matching(text: str) -> Q:
    """Every word of ``text`` begins a word of the record. Fewer than two letters find everything."""
    words = words_in(text)
    if sum(map(len, words)) < MIN_LETTERS:
        return Q()
    query = " & ".join(f"{word}:*" for word in words)
    return Q(search=SearchQuery(query, config="simple", search_type="raw"))


def matching_whole(text: str) -> Q:
    """As ``matching``, but only the last word of ``text`` may go on: far fewer words are looked through."""
    *whole, last = words_in(text) or [""]
    if len(last) + sum(map(len, whole)) < MIN_LETTERS:
        return Q()
    return Q(search=SearchQuery(" & ".join([*whole, f"{last}:*"]), config="simple", search_type="raw"))


def best_found(rows: QuerySet, text: str) -> list[int]:
    """The ids of what words find among records, in no order; of more than ``FOUND`` names that begin so come first.

    Of very many one more is told than ``FOUND``. To sort by name what a beginning finds, PostgreSQL would walk all
    names before it, or sort all that match; to find anything by two letters it collects all words that begin so.
    """
    begins = fold(text.replace("\x00", "")).strip()
    named = rows.filter(sort_name__gte=begins, sort_name__lt=f"{begins}{LAST}").order_by("sort_name", "pk")
    first = list(named.values_list("pk", flat=True)[: FOUND + 1])
    if len(first) > FOUND:
        return first
    some = list(rows.filter(matching(text)).order_by().values_list("pk", flat=True)[: FOUND + 1])
    return some if len(some) <= FOUND else list(dict.fromkeys([*first, *some]))[: FOUND + 1]
