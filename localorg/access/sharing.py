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
    """``owners``: users and queues whose records the user reaches as their own. ``defaults``: organization-wide."""

    owners: Sequence[str]
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
        return self._implicit(sobject, level, alias, self._owned(alias))

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

    def _owned(self, alias: str) -> str:
        owners = ", ".join(f"'{owner_id}'" for owner_id in self.owners)
        return f'{alias}."OwnerId" IN ({owners})'

    def _implicit(self, sobject: SObject, level: Level, alias: str, owned: str) -> str:
        """Whoever owns an opportunity sees its account, too."""
        if sobject.name != "Account" or level != "read":
            return owned
        child = f"{alias}_o"
        opportunities = f'SELECT 1 FROM "Opportunity" {child} WHERE {child}."AccountId" = {alias}."Id"'
        return f'({owned} OR EXISTS ({opportunities} AND NOT {child}."IsDeleted" AND {self._owned(child)}))'

    def _by_parent(self, sobject: SObject, level: Level, alias: str) -> str | None:
        """Reached like the parent; a record without one by its owner alone, an activity by its owner besides."""
        wanted: Level = "read" if level == "read" else "edit"
        ways = [way for column in PARENTS[sobject.name] for way in self._through(sobject, column, wanted, alias)]
        if "1" in ways:
            return None
        if sobject.has("OwnerId"):
            orphan = " AND ".join(f'{alias}."{column}" IS NULL' for column in PARENTS[sobject.name])
            is_activity = len(PARENTS[sobject.name]) > 1
            ways.append(self._owned(alias) if is_activity else f"({orphan} AND {self._owned(alias)})")
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
        return f'EXISTS (SELECT 1 FROM "{parent.name}" {alias} WHERE {alias}."Id" = {key} AND {condition})'
