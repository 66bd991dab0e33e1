"""What a file may say of rules: sections and keys are named as in Salesforce's metadata."""

from dataclasses import dataclass, field
from typing import Literal

MatchingMethod = Literal["Exact", "FirstName", "LastName", "CompanyName", "Phone", "City", "Street", "Zip", "Title"]
BlankValues = Literal["NullNotAllowed", "MatchBlanks"]
DuplicateAction = Literal["Allow", "Block"]
DuplicateOperation = Literal["Alert", "Report"]
OwnerType = Literal["User", "Queue"]
SecurityOption = Literal["EnforceSharingRules", "BypassSharingRules"]


@dataclass(frozen=True)
class ValidationRule:
    """``formula``: true for what must not be saved; ``field``: where its message stands, else on top of the page."""

    object: str
    name: str
    formula: str
    message: str
    field: str | None = None
    active: bool = True


@dataclass(frozen=True)
class MatchingRuleItem:
    """``field``: of the rule's object, or of its parent as in "Account.Name"."""

    field: str
    method: MatchingMethod = "Exact"
    blank_values: BlankValues = "NullNotAllowed"


@dataclass(frozen=True)
class MatchingRule:
    """``logic``: over the numbers of the items, "1 AND (2 OR 3)"; all of them unless said."""

    object: str
    name: str
    items: tuple[MatchingRuleItem, ...]
    logic: str | None = None
    label: str | None = None


@dataclass(frozen=True)
class DuplicateRule:
    """``matching_rules``: names, also of Salesforce's own; one for another object compares across objects.

    ``mapping``: of fields of the matched object to those of this one, where the names differ and nobody could guess it.
    ``condition``: a formula on the saved record; the rule only runs where it is true.
    ``security_option``: whether only records that the saver sees are compared.
    """

    object: str
    name: str
    matching_rules: tuple[str, ...]
    action_on_insert: DuplicateAction = "Allow"
    action_on_update: DuplicateAction = "Allow"
    operations_on_insert: tuple[DuplicateOperation, ...] = ("Alert", "Report")
    operations_on_update: tuple[DuplicateOperation, ...] = ("Report",)
    alert_text: str = "You're creating a duplicate record. We recommend you use an existing record instead."
    mapping: dict[str, str] = field(default_factory=dict)
    condition: str | None = None
    security_option: SecurityOption = "EnforceSharingRules"
    label: str | None = None
    active: bool = True


@dataclass(frozen=True)
class RecordType:
    """``available_to``: profiles, all unless said; ``default_for``: profiles whose records get it unless they say.

    ``picklists``: field -> the values that its records may have; ``defaults``: field -> which of them comes first.
    """

    object: str
    name: str
    label: str | None = None
    description: str | None = None
    active: bool = True
    available_to: tuple[str, ...] | None = None
    default_for: tuple[str, ...] = ()
    picklists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    layout: str | None = None


@dataclass(frozen=True)
class PicklistDependency:
    """``field``: "Contact.Region__c"; ``valid``: value of the controlling field -> values that go with it."""

    field: str
    controller: str
    valid: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Queue:
    """``objects``: whose records it may own; ``members``: usernames."""

    name: str
    objects: tuple[str, ...]
    label: str | None = None
    email: str | None = None
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class AssignmentEntry:
    """``formula``: true for the records it takes; without one it takes all. ``assigned_to``: username or queue."""

    assigned_to: str
    assigned_to_type: OwnerType = "User"
    formula: str | None = None


@dataclass(frozen=True)
class AssignmentRule:
    """``default_owner``: username of who gets what no entry takes; the administrator unless said."""

    name: str
    entries: tuple[AssignmentEntry, ...]
    object: Literal["Lead"] = "Lead"
    default_owner: str | None = None
    active: bool = True
