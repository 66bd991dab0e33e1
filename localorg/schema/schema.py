"""All objects of the org, found by any of their names."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from localorg.schema.model import Child, SObject

WRITING = {"create", "update", "delete", "undelete", "merge"}


class Schema:
    """What a caller may see; lookups ignore case, as Salesforce does."""

    def __init__(self, sobjects: Iterable[SObject]) -> None:
        self.sobjects = {s.name: s for s in sobjects}
        self._by_lower = {name.lower(): s for name, s in self.sobjects.items()}
        self._by_prefix = _first_of_each_prefix(self.sobjects.values())
        self._connect()

    def __iter__(self) -> Iterator[SObject]:
        return iter(self.sobjects.values())

    def __getitem__(self, name: str) -> SObject:
        return self.sobjects[name]

    def find(self, name: str) -> SObject | None:
        return self._by_lower.get(name.lower())

    def of_id(self, record_id: str) -> SObject | None:
        """The object whose key prefix an id carries. Stage and status rows share one and are not found."""
        return self._by_prefix.get(record_id[:3])

    def read_only(self) -> "Schema":
        """The same for somebody who may look but not touch."""
        return Schema(_untouchable(sobject) for sobject in self)

    def _connect(self) -> None:
        for sobject in self.sobjects.values():
            for field in sobject.references:
                for target in field.targets:
                    if parent := self.sobjects.get(target):
                        parent.children.append(Child(sobject.name, field, field.children))


def _untouchable(sobject: SObject) -> SObject:
    fields = {name: replace(f, createable=False, updateable=False) for name, f in sobject.fields.items()}
    abilities = sobject.abilities - WRITING
    return replace(sobject, abilities=abilities, fields=fields, children=[])


def _first_of_each_prefix(sobjects: Iterable[SObject]) -> dict[str, SObject]:
    found: dict[str, SObject] = {}
    for sobject in sobjects:
        found.setdefault(sobject.prefix, sobject)
    return {prefix: s for prefix, s in found.items() if prefix != "01J"}
