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
NOBODY = "0"
ACTIVITIES = frozenset({"Event", "Task"})  # reached by their owners besides
DETAILS = {  # parts of other records, reached as these are; the lookups that lead there
    "Attachment": ("ParentId",),
    "CampaignMember": ("CampaignId",),
    "CampaignMemberStatus": ("CampaignId",),
    "ContentDocumentLink": ("LinkedEntityId",),
    "EmailMessage": ("ActivityId", "RelatedToId"),
    "EventRelation": ("EventId",),
    "Note": ("ParentId",),
    "OpportunityContactRole": ("OpportunityId",),
    "OpportunityHistory": ("OpportunityId",),
}
PARENTS = {"Contact": ("AccountId",), "Event": ("WhoId", "WhatId"), "Task": ("WhoId", "WhatId"), **DETAILS}
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
        """What is said of no object is that all may reach its records."""
        return BY_PARENT if sobject.name in DETAILS else self.defaults.get(sobject.name, "FullAccess")

    def _reaches_all(self, sobject: SObject, level: Level) -> bool:
        allowed = self.permissions.on(sobject) if sobject.can("permissions") else frozenset()
        if self.permissions.may("ModifyAllData") or "modifyAll" in allowed:
            return True
        if level == "read":
            return self.permissions.may("ViewAllData") or "viewAll" in allowed
        return False

    def _owned(self, sobject: SObject, alias: str) -> str:
        owners = ", ".join(f"'{owner_id}'" for owner_id in self.owners)
        column = "OwnerId" if sobject.has("OwnerId") else "CreatedById"
        plus = "" if sobject.name in self.few else "+"  # keeps SQLite from using an index
        return f'{plus}{alias}."{column}" IN ({owners})'

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
        """Reached like the parent, like any of several; a record without one by its owner alone."""
        wanted: Level = "read" if level == "read" else "edit"
        columns = [sobject.fields[column] for column in PARENTS[sobject.name]]
        parents = [(column, name) for column in columns for name in column.targets]
        conditions = [self._parent_condition(name, wanted, f"{alias}_p") for _, name in parents]
        if sobject.name in DETAILS and conditions.count(None) == len(conditions):
            return None
        ways = [
            self._way(self.schema[name], f'{alias}."{column.name}"', f"{alias}_p", condition)
            for (column, name), condition in zip(parents, conditions, strict=True)
            if condition != NOBODY
        ]
        if sobject.name in ACTIVITIES:
            ways.append(self._owned(sobject, alias))
        elif all(column.nillable for column in columns):
            orphan = " AND ".join(f'{alias}."{column.name}" IS NULL' for column in columns)
            ways.append(f"({orphan} AND {self._owned(sobject, alias)})")
        return f"({' OR '.join(ways) or NOBODY})"

    def _parent_condition(self, name: str, level: Level, alias: str) -> str | None:
        parent = self.schema.sobjects.get(name)
        if parent is None or "read" not in self.permissions.on(parent):
            return NOBODY
        return self.condition(parent, level, alias)

    def _way(self, parent: SObject, key: str, alias: str, condition: str | None) -> str:
        if condition is None:
            return f"substr({key}, 1, 3) = '{parent.prefix}'"
        return self._found(parent, "Id", key, alias, condition)
