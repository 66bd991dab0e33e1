"""What a column of a file can become, and which of it by its name."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import forms

from common.folding import fold
from common.importing.kinds import Kind
from common.lines import custom_name

ID = "id"
Aliases = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Target:
    """A field of a record, or what some of them are made of (``field`` is None). ``key``: of a custom field."""

    name: str
    label: str
    group: str
    field: forms.Field | None = None
    key: str = ""


def targets_of(kind: Kind) -> dict[str, Target]:
    """In the order of the record's page."""
    form = kind.form()
    keys = {custom_name(definition): definition.key for definition in form.definitions}
    found: dict[str, Target] = {}
    for title, fields in form.filled_sections():
        for bound in fields:
            label, key = str(bound.label), keys.get(bound.name, "")
            found[bound.name] = Target(bound.name, label[:1].upper() + label[1:], title, bound.field, key)
    for name, (label, _) in kind.made_of.items():
        found[name] = Target(name, label, "Other")
    found[ID] = Target(ID, "ID in Tandem", "Other")
    return found


def choices(targets: Mapping[str, Target]) -> list[tuple[str, object]]:
    """For a select, under the headings of the record's page."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for target in targets.values():
        groups.setdefault(target.group, []).append((target.name, target.label))
    return [("", "Leave out"), *groups.items()]


def proposed(head: Sequence[str], targets: Mapping[str, Target], aliases: Aliases) -> list[str]:
    """The target of each column, "" for none; none twice."""
    names: dict[str, str] = {}
    for name, words in aliases.items():
        names |= {_plain(word): name for word in words}
    for target in targets.values():
        if target.name != ID:  # another system's ids are none of ours
            names |= {_plain(target.label): target.name, _plain(target.name): target.name}
    if ID in targets:
        names[_plain(targets[ID].label)] = ID
    taken: set[str] = {""}
    found = []
    for cell in head:
        name = names.get(_plain(cell), "")
        found.append("" if name in taken else name)
        taken.add(name)
    return found


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", fold(text)))
