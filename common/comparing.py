"""Two records side by side: what a person chooses from before one is merged into the other."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.safestring import SafeString

from common import merging
from common.forms import RecordForm
from common.lines import Line
from common.merging import CUSTOM
from common.models import ExactEncoder, Record
from common.records import kind_of
from common.relations import relations_to, values_of
from common.words import counted, listed

EMPTY: tuple[object, ...] = (None, "", [])
KEEP, OTHER = "keep", "other"


@dataclass(frozen=True)
class Choice:
    """One line of the two. ``take``: whose value is proposed; "" where the kind puts them together by itself."""

    line: Line
    ours: SafeString
    theirs: SafeString
    take: str
    note: str = ""

    @property
    def name(self) -> str:
        return f"take-{self.line.key}"


@dataclass(frozen=True)
class Comparison:
    """``same``: the lines in which both say the same; ``stamp``: of what the two are, when it was made."""

    choices: list[Choice]
    same: list[tuple[Line, SafeString]]
    stamp: str


def compare(keep: Record, other: Record) -> Comparison:
    both = merging.combining(type(keep))
    choices, same = [], []
    for line in lines_of(keep):
        ours, theirs = line.values(keep), line.values(other)
        if _is_empty(ours) and _is_empty(theirs):
            continue
        if ours == theirs:
            same.append((line, line.shown(keep)))
            continue
        take = "" if both.decides.issuperset(line.names) else OTHER if _is_empty(ours) else KEEP
        note = both.notes.get(line.names[0], "")
        choices.append(Choice(line, line.shown(keep), line.shown(other), take, note))
    return Comparison(choices, same, _stamp(keep, other))


def lines_of(record: Record) -> list[Line]:
    form = RecordForm.of_kinds[kind_of(record)]
    return [line for section in form(instance=record).all_sections() for line in section.lines]


def chosen(keep: Record, other: Record, answers: Mapping[str, str]) -> set[str]:
    """The fields that a merge takes from the other one: by the answers, and where no page asks, what ``keep`` lacks."""
    lines = lines_of(keep)
    asked = {name for line in lines for name in _fields_of(line)}
    taken = {name for line in lines if answers.get(f"take-{line.key}") == OTHER for name in _fields_of(line)}
    return taken | (merging.filling(keep, other) - asked - {"custom"})


def _fields_of(line: Line) -> tuple[str, ...]:
    return (f"{CUSTOM}{line.definition.key}",) if line.definition else line.names


def _is_empty(values: tuple[object, ...]) -> bool:
    return all(value in EMPTY for value in values)


def _stamp(*records: Record) -> str:
    """Changes when one of the records does."""
    values = [{name: value for name, value in values_of(one).items() if name != "updated_at"} for one in records]
    return hashlib.sha256(json.dumps(values, cls=ExactEncoder, sort_keys=True).encode()).hexdigest()


def what_comes_along(other: Record) -> str:
    """What hangs on a record, and belongs to the one that it is merged into: "3 activities and 1 deal contact"."""
    counts = [(relation.rows([other.pk]).count(), relation.model) for relation in relations_to(type(other))]
    return listed([counted(number, model) for number, model in counts if number])
