"""Fields of a record's JSON that another app fills, as ``common.slots`` does for pages.

A filler takes the records of a page, all of one kind, and returns one value for each, so that a list costs the queries
that one record costs. Without the app the field is absent. A filler that fails fails the request: a script must not
take a missing value for an answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.serializers import Field

from common.models import Record

Filler = Callable[[Sequence[Record]], Sequence[Any]]


@dataclass(frozen=True)
class Extra:
    shape: type[Field]
    filler: Filler


_extras: dict[str, Extra] = {}


def fill(name: str, shape: type[Field]) -> Callable[[Filler], Filler]:
    """Register what fills the field ``name``; ``shape`` serializes a value and describes it."""

    def register(filler: Filler) -> Filler:
        _extras[name] = Extra(shape, filler)
        return filler

    return register


def fields() -> dict[str, Field]:
    return {name: extra.shape(read_only=True) for name, extra in _extras.items()}


def attach(records: Sequence[Record]) -> None:
    """Put each value where the serializer reads it: on the record, under the field's name."""
    for name, extra in _extras.items() if records else ():
        for record, value in zip(records, extra.filler(records), strict=True):
            setattr(record, name, value)
