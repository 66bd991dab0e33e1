"""What the directory knows of a record that the CRM has, and writing it there.

Each kind of record that can be enriched says how its entries are found and what they tell of it:

    PEOPLE = enriching.register(Enrichable(RecordKind.CONTACT, names=…, entries_of=…, ask=…))
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2s
from typing import Any

from common.models import Record, RecordKind
from directory.models import Entry

BY_HAND = "Taken from the directory."
# Parts of one address: those that are empty are not filled from another one.
PLACE = {"street", "postal_code", "city", "state", "country"}


@dataclass(frozen=True)
class Enrichable:
    """``names`` are fields that records and their entries share.

    ``entries_of`` finds the entries of records by their ids, with a fixed number of queries; ``ask`` has providers
    elsewhere tell what they know of a record before, and answers who did not. ``follow`` sets what taken fields bring
    along, given what the record said before, and answers which columns these are: some of ``along``. ``moved`` tells
    the entry of a record that is found no more, because it speaks of another company by now.
    """

    kind: RecordKind
    names: tuple[str, ...]
    entries_of: Callable[[Collection[int]], Mapping[int, Any]]
    ask: Callable[[Any], list[str]]
    along: tuple[str, ...] = ()
    follow: Callable[[Any, Any, Mapping[str, Any]], Collection[str]] = lambda record, entry, before: ()
    moved: Callable[[Any], Any] = lambda record: None

    @property
    def columns(self) -> tuple[str, ...]:
        """All that an enrichment may write."""
        return (*self.names, *self.along)


_kinds: dict[str, Enrichable] = {}


def register(enrichable: Enrichable) -> Enrichable:
    _kinds[enrichable.kind] = enrichable
    return enrichable


def enrichable_of(kind: str) -> Enrichable | None:
    return _kinds.get(kind)


def enrichable_kinds() -> list[str]:
    return list(_kinds)


@dataclass(frozen=True)
class Offer:
    """A field in which an entry says something else than the record.

    ``fills``: the record says nothing, and nothing that speaks against it. ``stamp``: of both values, for whoever chose
    by them.
    """

    name: str
    ours: Any
    theirs: Any
    fills: bool = False

    @property
    def stamp(self) -> str:
        return fingerprint((self.name, self.ours, self.theirs))


def offers(enrichable: Enrichable, record: Record, entry: Entry) -> list[Offer]:
    found = [Offer(name, getattr(record, name), getattr(entry, name)) for name in enrichable.names]
    told = [offer for offer in found if not is_empty(offer.theirs)]
    is_elsewhere = any(offer.name in PLACE and not is_empty(offer.ours) and not _is_same(offer) for offer in told)
    return [
        replace(offer, fills=is_empty(offer.ours) and not (is_elsewhere and offer.name in PLACE))
        for offer in told
        if not _is_same(offer)
    ]


def take(enrichable: Enrichable, record: Record, entry: Entry, names: Iterable[str]) -> set[str]:
    """Set what an entry says of these fields; answers the columns that changed."""
    before = {name: getattr(record, name) for name in names}
    for name in before:
        setattr(record, name, getattr(entry, name))
    return {*before, *enrichable.follow(record, entry, before)}


def is_empty(value: Any) -> bool:
    return value is None or value == ""


def fingerprint(value: Any) -> str:
    """A short name of a value, which tells whether it is still the same."""
    return blake2s(repr(value).encode(), digest_size=8).hexdigest()


def freshest(entries: Iterable[Entry], key: Callable[[Any], Any]) -> dict[Any, Any]:
    """Of entries with the same key, which several sources may have, the one that was brought up to date last."""
    ordered: Sequence[Entry] = sorted(entries, key=lambda entry: (entry.updated_at, entry.pk))
    return {key(entry): entry for entry in ordered}


def _is_same(offer: Offer) -> bool:
    if offer.name == "email" or offer.name in PLACE:
        return str(offer.ours).lower() == str(offer.theirs).lower()
    return offer.ours == offer.theirs
