"""Which records somebody reaches: SQL conditions made of organization-wide defaults, owners and the role hierarchy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from localorg.access.permissions import Permissions
from localorg.schema import Schema, SObject

Level = Literal["read", "edit", "delete", "transfer"]

OPEN: Mapping[Level, frozenset[str]] = {  # the defaults with which a record of somebody else is reached all the same
    "read": frozenset({"Read", "ReadWrite", "ReadWriteTransfer", "FullAccess"}),
    "edit": frozenset({"ReadWrite", "ReadWriteTransfer", "FullAccess"}),
    "transfer": frozenset({"ReadWriteTransfer", "FullAccess"}),
    "delete": frozenset({"FullAccess"}),
}
BY_PARENT = "ControlledByParent"
ALWAYS_BY_PARENT = frozenset({"OpportunityContactRole", "CampaignMember", "CampaignMemberStatus"})
PARENTS = {  # the lookups to the records that decide
    "Contact": ("AccountId",),
    "OpportunityContactRole": ("OpportunityId",),
    "CampaignMember": ("CampaignId",),
    "CampaignMemberStatus": ("CampaignId",),
    "Task": ("WhoId", "WhatId"),
    "Event": ("WhoId", "WhatId"),
}
TRANSFERS = {"Lead": ("TransferAnyLead", "TransferAnyEntity")}


@dataclass(frozen=True)
class Sharing:
    """``owners``: users and queues whose records the user reaches as their own. ``defaults``: organization-wide.

    ``few``: objects of which these own so little that a query had better begin there. Of others it looks at row after
    row in whatever order suits it: a first page comes at once, and an index of owners would only mislead it.
    """

    owners: Sequence[str]
    few: frozenset[str]
    defaults: Mapping[str, str]
    permissions: Permissions
    schema: Schema

    def condition(self, sobject: SObject, level: Level, alias: str) -> str | None:
        """What must hold of a row so that the user reaches it at this level; None if nothing must."""
        if self._reaches_all(sobject, level):
            return None
        default = self.default_of(sobject)
        if default in OPEN[level]:
            return None
        if default == BY_PARENT:
            return self._by_parent(sobject, level, alias)
        if sobject.name == "Account" and level == "read":
            return f"({self._owned(sobject, alias)} OR {self._implied(alias)})"
        return self._owned(sobject, alias)

    def default_of(self, sobject: SObject) -> str:
        """Objects without owner are open unless a parent decides."""
        if sobject.name in ALWAYS_BY_PARENT:
            return BY_PARENT
        return self.defaults.get(sobject.name, "FullAccess") if sobject.has("OwnerId") else "FullAccess"

    def _reaches_all(self, sobject: SObject, level: Level) -> bool:
        allowed = self.permissions.on(sobject) if sobject.can("permissions") else frozenset()
        if self.permissions.may("ModifyAllData") or "modifyAll" in allowed:
            return True
        if level == "read":
            return self.permissions.may("ViewAllData") or "viewAll" in allowed
        return False

    def _owned(self, sobject: SObject, alias: str) -> str:
        owners = ", ".join(f"'{owner_id}'" for owner_id in self.owners)
        plus = "" if sobject.name in self.few else "+"  # keeps SQLite from using an index
        return f'{plus}{alias}."OwnerId" IN ({owners})'

    def _implied(self, alias: str) -> str:
        """Whoever owns an opportunity sees its account, too."""
        opportunity, child = self.schema["Opportunity"], f"{alias}_o"
        condition = f'NOT {child}."IsDeleted" AND {self._owned(opportunity, child)}'
        return self._found(opportunity, "AccountId", f'{alias}."Id"', child, condition)

    def _found(self, sobject: SObject, column: str, key: str, alias: str, condition: str) -> str:
        """That there is a record of the object with this key, for which the condition holds."""
        source = f'FROM "{sobject.name}" {alias} WHERE'
        if sobject.name in self.few:
            return f'{key} IN (SELECT {alias}."{column}" {source} {condition})'
        return f'EXISTS (SELECT 1 {source} {alias}."{column}" = {key} AND {condition})'

    def _by_parent(self, sobject: SObject, level: Level, alias: str) -> str | None:
        """Reached like the parent; a record without one by its owner alone, an activity by its owner besides."""
        wanted: Level = "read" if level == "read" else "edit"
        ways = [way for column in PARENTS[sobject.name] for way in self._through(sobject, column, wanted, alias)]
        if "1" in ways:
            return None
        if sobject.has("OwnerId"):
            orphan = " AND ".join(f'{alias}."{column}" IS NULL' for column in PARENTS[sobject.name])
            owned, is_activity = self._owned(sobject, alias), len(PARENTS[sobject.name]) > 1
            ways.append(owned if is_activity else f"({orphan} AND {owned})")
        return f"({' OR '.join(ways) or '0'})"

    def _through(self, sobject: SObject, column: str, level: Level, alias: str) -> list[str]:
        field = sobject.fields[column]
        return [
            self._way(target, f'{alias}."{column}"', level, f"{alias}_p", required=not field.nillable)
            for target in map(self.schema.sobjects.get, field.targets)
            if target and "read" in self.permissions.on(target)
        ]

    def _way(self, parent: SObject, key: str, level: Level, alias: str, required: bool) -> str:
        condition = self.condition(parent, level, alias)
        if condition is None:
            return "1" if required else f"substr({key}, 1, 3) = '{parent.prefix}'"
        return self._found(parent, "Id", key, alias, condition)
