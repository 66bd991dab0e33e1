"""All objects of the org, found by any of their names."""

from collections.abc import Iterable, Iterator
from copy import copy
from typing import TYPE_CHECKING

from localorg.schema.model import Child, SObject

if TYPE_CHECKING:
    from localorg.access import Access
    from localorg.access.sharing import Level


class Schema:
    """All objects, or those that a user may see; lookups ignore case, as Salesforce does."""

    access: "Access | None" = None  # of the user who looks; None: the org itself, which sees all

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

    def seen_with(self, access: "Access") -> "Schema":
        """The same objects, of which this user sees the records that are shared with them."""
        seen = copy(self)
        seen.access = access
        return seen

    def condition(self, sobject: SObject, alias: str, level: "Level" = "read") -> str | None:
        """SQL that must hold of a row so that whoever looks reaches it; None if nothing must."""
        return self.access.condition(sobject, level, alias) if self.access else None

    def and_seen(self, sobject: SObject, alias: str) -> str:
        """The same for the end of a WHERE clause."""
        condition = self.condition(sobject, alias)
        return f" AND {condition}" if condition else ""

    def _connect(self) -> None:
        for sobject in self.sobjects.values():
            for field in sobject.references:
                for target in field.targets:
                    if parent := self.sobjects.get(target):
                        parent.children.append(Child(sobject.name, field, field.children))


def _first_of_each_prefix(sobjects: Iterable[SObject]) -> dict[str, SObject]:
    found: dict[str, SObject] = {}
    for sobject in sobjects:
        found.setdefault(sobject.prefix, sobject)
    return {prefix: s for prefix, s in found.items() if prefix not in ("", "01J")}
