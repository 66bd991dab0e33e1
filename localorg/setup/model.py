"""What a file may say of an org: one dataclass a section. Names follow Salesforce's metadata where it has one.

Other sections live beside this one (``rules.py``): a section becomes part of the file by being a field of ``Setup``.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

from localorg.setup.rules import (
    AssignmentRule,
    DuplicateRule,
    MatchingRule,
    PicklistDependency,
    Queue,
    RecordType,
    ValidationRule,
)

ObjectPermission = Literal["read", "create", "edit", "delete", "viewAll", "modifyAll"]
FieldPermission = Literal["hidden", "read", "edit"]
SharingModel = Literal["Private", "Read", "ReadWrite", "ReadWriteTransfer", "FullAccess", "ControlledByParent"]
SystemPermission = Literal[
    "ApiEnabled",
    "BulkApiHardDelete",
    "CreateAuditFields",
    "CustomizeApplication",
    "EditEvent",
    "EditTask",
    "ManageUsers",
    "ModifyAllData",
    "TransferAnyEntity",
    "TransferAnyLead",
    "UpdateWithInactiveOwner",
    "ViewAllData",
    "ViewSetup",
]
FieldType = Literal[
    "Checkbox",
    "Currency",
    "Date",
    "DateTime",
    "Email",
    "LongTextArea",
    "Lookup",
    "MasterDetail",
    "MultiselectPicklist",
    "Number",
    "Percent",
    "Phone",
    "Picklist",
    "Text",
    "TextArea",
    "Url",
]
SYSTEM_PERMISSIONS: tuple[SystemPermission, ...] = get_args(SystemPermission)


@dataclass(frozen=True)
class Features:
    state_and_country_picklists: bool = False
    set_audit_fields: bool = False  # "Set Audit Fields upon Record Creation": who has CreateAuditFields may use it


@dataclass(frozen=True)
class Role:
    """Who is above whom: people see and edit what those below them own."""

    name: str
    parent: str | None = None


@dataclass(frozen=True)
class PermissionSet:
    """What comes on top of a profile. ``fields``: "Contact.Email" -> read or edit."""

    name: str
    label: str | None = None
    permissions: tuple[SystemPermission, ...] = ()
    objects: dict[str, tuple[ObjectPermission, ...]] = field(default_factory=dict)
    fields: dict[str, FieldPermission] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """What its users may do.

    ``objects``: name -> permissions; "*" for those not named; none at all for objects that neither names.
    ``fields``: "Contact.Email" -> permission; "Contact.*" for the object's fields not named; "edit" unless said.
    """

    name: str
    permissions: tuple[SystemPermission, ...] = ("ApiEnabled",)
    objects: dict[str, tuple[ObjectPermission, ...]] = field(default_factory=dict)
    fields: dict[str, FieldPermission] = field(default_factory=dict)


@dataclass(frozen=True)
class User:
    """``username``: completed with the org's host when it has none."""

    username: str
    last_name: str
    profile: str
    first_name: str | None = None
    title: str | None = None
    role: str | None = None
    permission_sets: tuple[str, ...] = ()
    active: bool = True


@dataclass(frozen=True)
class CustomObject:
    name: str
    label: str
    plural: str
    sharing: SharingModel = "ReadWrite"


@dataclass(frozen=True)
class CustomField:
    """``values``: of a picklist, restricted to them unless said; ``references``: the object a lookup points at."""

    object: str
    name: str
    type: FieldType
    label: str | None = None
    length: int | None = None
    precision: int = 18
    scale: int = 0
    required: bool = False
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    values: tuple[str, ...] = ()
    restricted: bool = True
    default: str | None = None
    references: str | None = None
    children: str | None = None
    help: str | None = None


@dataclass(frozen=True)
class Picklist:
    """Other values for a picklist that is there anyway, such as Account.Industry."""

    field: str
    values: tuple[str, ...]
    restricted: bool = False
    default: str | None = None


@dataclass(frozen=True)
class Setup:
    """A whole file."""

    extends: str | None = None
    name: str = "Local Org"
    seed: str | int = "small"
    features: Features = Features()
    sharing: dict[str, SharingModel] = field(default_factory=dict)
    roles: tuple[Role, ...] = ()
    profiles: tuple[Profile, ...] = ()
    permission_sets: tuple[PermissionSet, ...] = ()
    users: tuple[User, ...] = ()
    objects: tuple[CustomObject, ...] = ()
    fields: tuple[CustomField, ...] = ()
    picklists: tuple[Picklist, ...] = ()
    picklist_dependencies: tuple[PicklistDependency, ...] = ()
    record_types: tuple[RecordType, ...] = ()
    validation_rules: tuple[ValidationRule, ...] = ()
    matching_rules: tuple[MatchingRule, ...] = ()
    duplicate_rules: tuple[DuplicateRule, ...] = ()
    queues: tuple[Queue, ...] = ()
    assignment_rules: tuple[AssignmentRule, ...] = ()
