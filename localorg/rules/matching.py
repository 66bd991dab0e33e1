"""Matching rules: which records of an object may be the same as one that is about to be saved.

A rule is an OR of groups of items, each of which must match. A group's records are found by an index over their
keys, made by SQLite from the function ``match_key``; only those few are compared.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from localorg.rules import normal, similarity
from localorg.schema import Schema, SObject

if TYPE_CHECKING:
    from localorg.dml.work import Row, Work

MOST_COMPARED = 100  # for each key
SHARP = {"Exact", "Email", "LastName", "Phone"}  # methods whose keys few records share
IN_KEYS = SHARP | {"FirstName"}


@dataclass(frozen=True, slots=True)
class Item:
    """``path``: a field of the record, or of a parent: "Account.Name".

    ``blanks``: "NullNotAllowed", "MatchBlanks" (two blanks are the same) or "Ignore" (a blank is the same as anything).
    """

    path: str
    method: str = "Exact"
    blanks: str = "NullNotAllowed"

    @property
    def is_own(self) -> bool:
        return "." not in self.path

    @property
    def key_sql(self) -> str:
        return f"""match_key('{self.method}', "{self.path}")"""

    def compare(self, one: str, other: str) -> float | None:
        """How alike two values are, None if too little."""
        if not one or not other:
            is_same = self.blanks == "Ignore" or (self.blanks == "MatchBlanks" and not one and not other)
            return similarity.EXACT if is_same else None
        score = similarity.score(self.method, one, other)
        return score if score >= similarity.THRESHOLDS[self.method] else None


@dataclass(frozen=True)
class Group:
    items: tuple[Item, ...]

    @cached_property
    def keys(self) -> tuple[Item, ...]:
        """The items by whose keys records are found. A blank that matches everything can be no key."""
        own = [item for item in self.items if item.is_own and item.blanks != "Ignore"]
        sharp = any(item.method in SHARP for item in own)
        return tuple(item for item in own if not sharp or item.method in IN_KEYS)


@dataclass(frozen=True)
class MatchingRule:
    name: str
    sobject: SObject
    groups: tuple[Group, ...]

    @property
    def engine(self) -> str:
        exact = all(item.method == "Exact" for group in self.groups for item in group.items)
        return "ExactMatchEngine" if exact else "FuzzyMatchEngine"

    @cached_property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(item.path for group in self.groups for item in group.items))

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """What is needed of a record to compare it."""
        return ("Id", *dict.fromkeys(column_of(self.sobject, path) for path in self.paths))

    @cached_property
    def searches(self) -> dict[tuple[Item, ...], list[Group]]:
        """The keys to look for, each with the groups that what is found is compared by."""
        found: dict[tuple[Item, ...], list[Group]] = {}
        for group in self.groups:
            found.setdefault(group.keys, []).append(group)
        return found

    def indexes(self) -> Iterator[str]:
        """The statements that make what ``find`` needs."""
        table = self.sobject.name
        for number, keys in enumerate(self.searches, 1):
            columns = ", ".join(item.key_sql for item in keys)
            yield f'CREATE INDEX IF NOT EXISTS "{table}_{self.name}_{number}" ON "{table}" ({columns})'

    def find(self, work: "Work", wanted: Mapping[str, str], view: Schema) -> dict[str, float]:
        """Live records in view like one with these values by path: id -> confidence, best first."""
        found: dict[str, float] = {}
        for keys, alternatives in self.searches.items():
            for row in self._candidates(work, keys, wanted, view):
                scores = [score for g in alternatives if (score := self._confidence(work, g, row, wanted))]
                if scores:
                    found[row["Id"]] = max(*scores, found.get(row["Id"], 0.0))
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    def _candidates(
        self, work: "Work", keys: tuple[Item, ...], wanted: Mapping[str, str], view: Schema
    ) -> "Iterator[Row]":
        values = [normal.key(item.method, wanted[item.path]) for item in keys]
        if any(v is None and item.blanks == "NullNotAllowed" for item, v in zip(keys, values, strict=True)):
            return
        condition = " AND ".join(f"{item.key_sql} IS ?" for item in keys)
        condition += self._alive + view.and_seen(self.sobject, "t")
        columns = ", ".join(f'"{name}"' for name in self.columns)
        sql = f'SELECT {columns} FROM "{self.sobject.name}" t WHERE {condition} LIMIT {MOST_COMPARED}'
        for row in work.db.execute(sql, values).fetchall():
            yield dict(zip(self.columns, row, strict=True))

    @property
    def _alive(self) -> str:
        flags = [name for name in ("IsDeleted", "IsConverted") if self.sobject.has(name)]
        return "".join(f' AND NOT "{name}"' for name in flags)

    def _confidence(self, work: "Work", group: Group, row: "Row", wanted: Mapping[str, str]) -> float | None:
        total = 0.0
        for item in group.items:
            score = item.compare(wanted[item.path], value_at(work, self.sobject, row, item.path))
            if score is None:
                return None
            total += score
        return round(total / len(group.items), 1)


def column_of(sobject: SObject, path: str) -> str:
    """The record's own field that a path begins with."""
    relationship, _, name = path.rpartition(".")
    reference = sobject.by_relationship.get(relationship.lower())
    return reference.name if reference else name


def value_at(work: "Work", sobject: SObject, row: Mapping[str, Any], path: str) -> str:
    """The text of a field, or of a parent's; empty where there is none."""
    relationship, _, name = path.rpartition(".")
    if relationship:
        reference = sobject.by_relationship.get(relationship.lower())
        target = work.schema.of_id(str(row.get(reference.name) or "")) if reference else None
        row = (work.fetch(target, row[reference.name]) if target and reference else None) or {}
    value = row.get(name)
    return "" if value is None else str(value).strip()


def groups(items: tuple[Item, ...], logic: str | None) -> tuple[Group, ...]:
    """The groups that a logic over the items' numbers means. Raises ValueError."""
    if logic is None:
        return (Group(items),)
    tokens = re.findall(r"\(|\)|\w+|\S", logic.upper())
    alternatives = _either(tokens)
    if tokens:
        raise ValueError(f"cannot be read from {tokens[0]} on")
    numbers = {number for group in alternatives for number in group}
    if numbers != set(range(1, len(items) + 1)):
        raise ValueError(f"must name each of the {len(items)} items")
    return tuple(Group(tuple(items[number - 1] for number in sorted(group))) for group in alternatives)


Alternatives = list[frozenset[int]]


def _either(tokens: list[str]) -> Alternatives:
    found = _both(tokens)
    while tokens[:1] == ["OR"]:
        tokens.pop(0)
        found = found + _both(tokens)
    return list(dict.fromkeys(found))


def _both(tokens: list[str]) -> Alternatives:
    found = _one(tokens)
    while tokens[:1] == ["AND"]:
        tokens.pop(0)
        more = _one(tokens)
        found = [left | right for left in found for right in more]
    return found


def _one(tokens: list[str]) -> Alternatives:
    token = tokens.pop(0) if tokens else "its end"
    if token == "(":  # noqa: S105  # a parenthesis, no secret
        found = _either(tokens)
        if tokens[:1] != [")"]:
            raise ValueError("misses a parenthesis")
        tokens.pop(0)
        return found
    if not token.isdecimal():
        raise ValueError(f"cannot be read at {token}")
    return [frozenset({int(token)})]
