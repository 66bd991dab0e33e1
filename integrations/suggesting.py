"""Which unmapped fields of the two sides belong together, by name, label and type: pure functions."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from integrations.salesforce.defaults import ALSO_CALLED, STANDARD, fits
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import Field, Type

FILLERS = {"", "of", "the", "a", "an", "and", "c"}
NAMES = 20_000  # that are kept in mind: every look at the table compares the same ones
# What is paired elsewhere, or by hand alone.
LEFT_OUT = {Type.STAGE}


@dataclass(frozen=True)
class Suggestion:
    field: str
    remote: RemoteField
    reason: str


def suggestions(
    fields: Mapping[str, Field],
    description: Description,
    mapped: Mapping[str, str],
    declined: Collection[tuple[str, str]] = (),
) -> dict[str, Suggestion]:
    """Pairs by our field: none that is ``mapped`` on either side, none that was ``declined``; each remote field once.

    The surest come first: the usual pair of a stock org, then the same label or name, then the same words.
    """
    taken = set(mapped.values())
    free = [one for one in description.fields.values() if one.name not in taken]
    found: dict[str, Suggestion] = {}
    for reason, match in (("the usual pair", _usual), ("the same name", _same_name), ("the same words", _same_words)):
        for name, remote in match(_open(fields, {*mapped, *found}), free, description.name):
            is_free = name not in found and remote.name not in taken
            if is_free and (name, remote.name) not in declined and fits(fields[name], remote):
                found[name] = Suggestion(name, remote, reason)
                taken.add(remote.name)
    return found


def _open(fields: Mapping[str, Field], done: Collection[str]) -> list[Field]:
    return [field for name, field in fields.items() if name not in done and field.type not in LEFT_OUT]


Pairs = Iterator[tuple[str, RemoteField]]


def _usual(fields: list[Field], free: list[RemoteField], remote_object: str) -> Pairs:
    by_name = {remote.name: remote for remote in free}
    for field in fields:
        if remote := by_name.get(STANDARD[remote_object].get(field.name, "")):
            yield field.name, remote


def _same_name(fields: list[Field], free: list[RemoteField], remote_object: str) -> Pairs:
    yield from _alike(fields, free, bare, also=True)


def _same_words(fields: list[Field], free: list[RemoteField], remote_object: str) -> Pairs:
    yield from _alike(fields, free, words, also=False)


def _alike(fields: list[Field], free: list[RemoteField], key: Callable[[str], str], *, also: bool) -> Pairs:
    theirs: dict[str, list[RemoteField]] = defaultdict(list)
    for remote in sorted(free, key=lambda one: not one.is_writable):
        for name in {key(remote.name.removesuffix("__c")), key(remote.label)} - {""}:
            theirs[name].append(remote)
    for field in fields:
        ours = [key(field.label), key(field.name.removeprefix("custom."))]
        ours += ALSO_CALLED.get(field.name, ()) if also else ()
        for name in ours:
            for remote in theirs.get(name, ()):
                yield field.name, remote


@lru_cache(maxsize=NAMES)
def bare(text: str) -> str:
    """``LinkedIn_URL`` and “LinkedIn URL” are the same name, in any alphabet."""
    return re.sub(r"[\W_]", "", text).casefold()


@lru_cache(maxsize=NAMES)
def words(text: str) -> str:
    """``NumberOfEmployees`` and “Employees number” hold the same words."""
    parts = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    return " ".join(sorted({word.casefold() for word in re.split(r"[\W_]+", parts)} - FILLERS))
