"""What each kind of record says of its import."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q

from common.forms import RecordForm
from common.models import RecordKind

if TYPE_CHECKING:
    from users.models import User

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Likeness:
    """One way to find the record that a row means: both have the same key.

    ``among``: conditions for the rows with one of some keys, each served by an index of its own. ``agrees``: nothing
    else says that they are two.
    """

    of_values: Callable[[Values], Hashable | None]
    of_record: Callable[[Any], Iterable[Hashable]]
    among: Callable[[Collection[Any]], Sequence[Q]]
    agrees: Callable[[Values, Any], bool] = lambda values, record: True


@dataclass(frozen=True)
class Kind:
    """``likenesses``: the better ones first. ``matched``: what they are, in words.

    ``first``: what a new record has unless the row says otherwise. ``follow``: sets what changed fields bring with them
    and answers all that changed; it raises ValidationError. ``check``: for many records at once, what is wrong with
    the new values of some. ``made_of``: fields that several others are made of. ``making``: a new
    record out of its mere name, where that will do.
    """

    kind: RecordKind
    form: type[RecordForm]
    likenesses: tuple[Likeness, ...]
    matched: str
    aliases: Mapping[str, tuple[str, ...]]
    first: Callable[[], dict[str, Any]] = dict
    follow: Callable[[Any, set[str]], set[str]] = lambda record, changed: changed
    check: Callable[[Sequence[Any]], Mapping[Any, str]] = lambda records: {}
    made_of: Mapping[str, tuple[str, Callable[[str], dict[str, str]]]] = field(default_factory=dict)
    making: Callable[[str], dict[str, Any]] | None = None


@dataclass(frozen=True)
class Afterwards:
    """What another app does with the records of an import: ``field`` asks for it, ``do`` gets kind, ids and answer."""

    field: Callable[[str], forms.Field | None]
    do: Callable[[str, Sequence[int], str, "User"], None]


_kinds: dict[str, Kind] = {}
_afterwards: dict[str, Afterwards] = {}


def register(kind: Kind) -> None:
    _kinds[kind.kind] = kind


def kind_named(name: str) -> Kind | None:
    return _kinds.get(name)


def afterwards(name: str, what: Afterwards) -> None:
    _afterwards[name] = what


def all_afterwards() -> Mapping[str, Afterwards]:
    return _afterwards
