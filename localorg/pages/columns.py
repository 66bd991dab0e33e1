"""Which fields lists show, and what is said of each value."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from localorg.schema import Field, Schema, SObject
from localorg.soql.restrictions import KEYS

COLUMNS = {
    "Account": ("Name", "Type", "Industry", "Phone", "BillingCity", "OwnerId"),
    "Attachment": ("Name", "ParentId", "ContentType", "BodyLength", "OwnerId"),
    "Campaign": ("Name", "Type", "Status", "StartDate", "EndDate", "IsActive", "OwnerId"),
    "CampaignMember": ("Name", "CampaignId", "Type", "Status", "HasResponded"),
    "Contact": ("Name", "AccountId", "Title", "Phone", "Email", "OwnerId"),
    "ContentDocument": ("Title", "FileType", "ContentSize", "OwnerId", "LastModifiedDate"),
    "ContentDocumentLink": ("ContentDocumentId", "LinkedEntityId", "ShareType"),
    "ContentVersion": ("Title", "VersionNumber", "FileType", "ContentSize", "IsLatest", "CreatedDate"),
    "EmailMessage": ("Subject", "FromAddress", "ToAddress", "MessageDate", "RelatedToId"),
    "Event": ("Subject", "WhoId", "WhatId", "StartDateTime", "EndDateTime", "OwnerId"),
    "EventRelation": ("RelationId", "EventId", "Status"),
    "Lead": ("Name", "Company", "Status", "Email", "Phone", "OwnerId"),
    "Note": ("Title", "ParentId", "OwnerId", "LastModifiedDate"),
    "Opportunity": ("Name", "AccountId", "StageName", "Amount", "CloseDate", "OwnerId"),
    "OpportunityContactRole": ("ContactId", "OpportunityId", "Role", "IsPrimary"),
    "OpportunityHistory": ("StageName", "Amount", "CloseDate", "CreatedById", "CreatedDate"),
    "Task": ("Subject", "WhoId", "WhatId", "ActivityDate", "Status", "Priority", "OwnerId"),
    "User": ("Name", "Username", "Title", "ProfileId", "IsActive"),
}
SEARCHED = ("Name", "Title", "Email", "Company", "Subject", "Phone", "Username", "MasterLabel", "Label")
DULL = {"IsDeleted", "SystemModstamp", "CreatedById", "CreatedDate", "LastModifiedById", "LastModifiedDate"}
MOST = 6


@dataclass(frozen=True)
class Column:
    """A field in a list. ``path``: the SOQL of what is shown, which for a lookup is the other record's name."""

    field: Field
    path: str

    @property
    def names(self) -> tuple[str, ...]:
        """What must be selected to show it."""
        return (self.field.name, self.path)

    @property
    def is_link(self) -> bool:
        return self.field.type == "reference"

    @property
    def sortable(self) -> bool:
        return self.field.sortable and not self.field.polymorphic

    def target(self, record: dict[str, Any]) -> str | None:
        """The id of the record that the value leads to."""
        return record.get(self.field.name) if self.is_link else None

    def value(self, record: dict[str, Any]) -> Any:
        found: Any = record
        for name in self.path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        return record.get(self.field.name) if found is None and self.is_link else found


def of(schema: Schema, sobject: SObject, leave_out: str = "") -> list[Column]:
    """The columns of an object's list; ``leave_out``: the lookup to the record that the list hangs on."""
    chosen = [name for name in COLUMNS.get(sobject.name, ()) if sobject.has(name)]
    if not chosen:
        chosen = list(_first(sobject))
    return [column(schema, sobject.fields[name]) for name in chosen if name != leave_out]


def column(schema: Schema, field: Field) -> Column:
    return Column(field, name_path(schema, field) or field.name)


def name_path(schema: Schema, field: Field) -> str | None:
    """SOQL for the name of what a lookup points at; None where it cannot be followed."""
    if field.type != "reference" or field.relationship is None:
        return None
    targets = [schema.find(name) for name in field.targets]
    if any(target is None for target in targets):
        return None
    if field.polymorphic:
        return f"{field.relationship}.Name"
    name = targets[0].name_field if targets[0] else None
    return f"{field.relationship}.{name.name}" if name else None


def searched(sobject: SObject) -> list[str]:
    return [name for name in SEARCHED if sobject.has(name) and sobject.fields[name].filterable]


def is_listed(sobject: SObject) -> bool:
    """Some objects can be asked for only by a parent, and have no list of their own."""
    return sobject.name not in KEYS


def _first(sobject: SObject) -> Iterable[str]:
    name = [sobject.name_field.name] if sobject.name_field else []
    others = (f.name for f in sobject.fields.values() if f.filterable and f.type != "id" and f.name not in DULL)
    return list(dict.fromkeys([*name, *others]))[:MOST]
