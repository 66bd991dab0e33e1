"""Rows of SQL -> records of JSON. The first two columns of a row are its number and its id."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import orjson

Row = Sequence[Any]
Record = dict[str, Any]
Builder = Callable[[Row], Record | None]


@dataclass(slots=True)
class Node:
    """What one record shows, in the order of SELECT. ``key`` and ``kind`` are row positions of its id and type."""

    type: str
    key: int = 1
    kind: int | None = None
    values: dict[str, int] = field(default_factory=dict)
    booleans: set[str] = field(default_factory=set)
    blobs: set[str] = field(default_factory=set)  # files, shown as the address where they are
    lists: set[str] = field(default_factory=set)  # of ids, which SQL yields as JSON
    parents: dict[str, "Node"] = field(default_factory=dict)
    addresses: dict[str, dict[str, int]] = field(default_factory=dict)
    choices: "dict[str, Node] | None" = None  # of TYPEOF: by the parent's type
    order: list[str] = field(default_factory=list)

    def place(self, name: str) -> None:
        if name not in self.order:
            self.order.append(name)


def builder(node: Node, base: str) -> Builder:
    """A function from row to record; ``base`` is the path of sObject rows in the caller's version."""
    if node.choices is not None:
        return _chosen(node, base)
    plain = not (node.parents or node.addresses or node.blobs or node.lists or node.kind is not None)
    return _flat(node, base) if plain else _nested(node, base)


def _flat(node: Node, base: str) -> Builder:
    """The common case, in as few steps a row as we know how."""
    prefix = f"{base}{node.type}/"
    names, key, kind = tuple(node.order), node.key, node.type
    pick = _picker([node.values[name] for name in names])
    booleans = tuple(name for name in names if name in node.booleans)

    def build(row: Row) -> Record | None:
        if row[key] is None:
            return None
        record: Record = {"attributes": {"type": kind, "url": prefix + row[key]}}
        record.update(zip(names, pick(row), strict=True))
        for name in booleans:
            record[name] = bool(record[name])
        return record

    return build


def _picker(positions: list[int]) -> Callable[[Row], Sequence[Any]]:
    if len(positions) > 1:
        first, last = positions[0], positions[-1] + 1
        if positions == list(range(first, last)):
            return itemgetter(slice(first, last))
        return itemgetter(*positions)
    return lambda row: [row[position] for position in positions]


def _nested(node: Node, base: str) -> Builder:
    steps = [(name, _reader(node, name, base)) for name in node.order]
    key, kind, type_name = node.key, node.kind, node.type

    def build(row: Row) -> Record | None:
        if row[key] is None:
            return None
        of = type_name if kind is None else row[kind]
        record: Record = {"attributes": {"type": of, "url": f"{base}{of}/{row[key]}"}}
        for name, read in steps:
            record[name] = read(row)
        return record

    return build


def _reader(node: Node, name: str, base: str) -> Callable[[Row], Any]:
    if name in node.parents:
        return builder(node.parents[name], base)
    if name in node.addresses:
        return _address(node.addresses[name])
    position = node.values[name]
    if name in node.booleans:
        return lambda row: None if row[position] is None else bool(row[position])
    if name in node.blobs:
        return lambda row: f"{base}{node.type}/{row[position]}/{name}"
    if name in node.lists:
        return lambda row: orjson.loads(row[position])
    return itemgetter(position)


def _address(parts: dict[str, int]) -> Callable[[Row], Record | None]:
    def read(row: Row) -> Record | None:
        found = {key: row[position] for key, position in parts.items()}
        return found if any(value is not None for value in found.values()) else None

    return read


def _chosen(node: Node, base: str) -> Builder:
    builders = {name: builder(choice, base) for name, choice in (node.choices or {}).items()}
    key, kind = node.key, node.kind or 0

    def build(row: Row) -> Record | None:
        if row[key] is None:
            return None
        return builders[row[kind] if row[kind] in builders else ""](row)

    return build
