"""Our record types that take part in the sync, and their fields: the one file that names the domain apps."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import starmap
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.text import capfirst

from accounts.models import Account
from accounts.models import Stage as AccountStage
from activities.models import Activity
from common.models import CustomField, Record, RecordKind
from contacts.models import Contact
from contacts.models import Stage as ContactStage
from deals.models import Deal
from deals.models import Stage as DealStage
from integrations.models import SyncedKind

CUSTOM = "custom."
DEFINED = ("key", "label", "type", "decimals", "choices")  # what is asked of a definition: there may be hundreds


class Type(StrEnum):
    """What a field holds, and so which remote fields it may be mapped to."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    PICKLIST = "picklist"
    MULTI_PICKLIST = "multi_picklist"
    URL = "url"
    EMAIL = "email"
    PHONE = "phone"
    OWNER = "owner"
    STAGE = "stage"
    REFERENCE = "reference"


@dataclass(frozen=True)
class Field:
    """A field that can be mapped.

    ``reference`` is the kind of record that a reference points at; ``empty`` is what the column holds when there is
    nothing; ``choices`` are the values that it may have, where they are listed.
    """

    name: str
    label: str
    type: Type
    max_length: int = 0
    decimals: int = 0
    max_digits: int = 0
    reference: str = ""
    empty: str | None = None
    choices: tuple[str, ...] = ()

    @cached_property
    def is_custom(self) -> bool:
        return self.name.startswith(CUSTOM)

    @cached_property
    def key(self) -> str:
        """The custom field's key."""
        return self.name.removeprefix(CUSTOM)

    @cached_property
    def attribute(self) -> str:
        """The model's column: that of a reference holds an id."""
        return f"{self.name}_id" if self.type in {Type.OWNER, Type.STAGE, Type.REFERENCE} else self.name

    @property
    def column(self) -> str:
        """The name to give to ``update_fields``."""
        return "custom" if self.is_custom else self.name

    def get(self, record: Record) -> Any:
        if self.is_custom:
            return record.custom.get(self.key)
        return getattr(record, self.attribute)

    def set(self, record: Record, value: Any) -> None:
        if self.is_custom:
            record.custom = {**record.custom, self.key: value}
        else:
            setattr(record, self.attribute, value)


@dataclass(frozen=True)
class RecordType:
    """A kind of record that is synced.

    ``stage_value`` is the stages' column that holds the other side's word for them; "": they are paired by hand.
    ``stage_fields`` are those in which the stage speaks for the record while it says nothing itself.
    """

    kind: str
    model: type[Any]
    stage_model: Any
    names: tuple[str, ...]
    stage_value: str = ""
    stage_fields: tuple[str, ...] = ()

    @property
    def fields(self) -> Mapping[str, Field]:
        """Every field that can be mapped, custom ones included, by name."""
        custom = CustomField.objects.filter(record_kind=self.kind).values_list(*DEFINED)
        own = [_field(self.model, name) for name in self.names]
        return {field.name: field for field in [*own, *starmap(_custom_field, custom)]}


@dataclass(frozen=True)
class RoleObject:
    """The remote object that ties people to deals, and its fields."""

    name: str
    deal: str
    contact: str
    role: str
    primary: str

    @property
    def fields(self) -> list[str]:
        return [self.deal, self.contact, self.role, self.primary]


@dataclass(frozen=True)
class MemberObject:
    """The remote object that ties people to campaigns, and its fields. ``people``: by what a person is there."""

    name: str
    campaign: str
    status: str
    people: Mapping[str, str]


REFERENCES = {"account": RecordKind.ACCOUNT, "parent": RecordKind.ACCOUNT}
# Others wait for these: accounts and records for accounts, activities for all of them.
PARENTS = {RecordKind.ACCOUNT, RecordKind.CONTACT, RecordKind.DEAL}
TYPES: dict[type[models.Field], Type] = {
    models.EmailField: Type.EMAIL,
    models.URLField: Type.URL,
    models.TextField: Type.LONG_TEXT,
    models.BooleanField: Type.BOOLEAN,
    models.DecimalField: Type.NUMBER,
    models.BigIntegerField: Type.NUMBER,
    models.DateField: Type.DATE,
    models.CharField: Type.TEXT,
}
SPECIAL = {"owner": Type.OWNER, "stage": Type.STAGE, "website": Type.URL}


def _field(model: type[Record], name: str) -> Field:
    column = model._meta.get_field(name)
    if not isinstance(column, models.Field):
        raise FieldDoesNotExist(f"{model.__name__} has no column {name}.")
    return Field(
        name=name,
        label=capfirst(str(column.verbose_name)),
        type=_type(column, name),
        max_length=getattr(column, "max_length", None) or 0,
        decimals=getattr(column, "decimal_places", None) or 0,
        max_digits=getattr(column, "max_digits", None) or 0,
        empty=None if column.null else "",
        reference=REFERENCES.get(name, ""),
        choices=tuple(str(value) for value, _ in column.flatchoices if value),
    )


def _type(column: models.Field, name: str) -> Type:
    if name in REFERENCES:
        return Type.REFERENCE
    if name in SPECIAL:
        return SPECIAL[name]
    if name.endswith("phone"):
        return Type.PHONE
    return next(type_ for class_, type_ in TYPES.items() if isinstance(column, class_))


def _custom_field(key: str, label: str, type_: str, decimals: int, choices: list[str]) -> Field:
    return Field(name=f"{CUSTOM}{key}", label=label, type=Type(type_), decimals=decimals, choices=tuple(choices))


ADDRESS = ("street", "city", "state", "postal_code", "country")
RECORD_TYPES: dict[str, RecordType] = {
    RecordKind.ACCOUNT: RecordType(
        RecordKind.ACCOUNT,
        Account,
        AccountStage,
        (
            "name",
            "website",
            "phone",
            "industry",
            "employees",
            "annual_revenue",
            *ADDRESS,
            "description",
            "founded_year",
            "sic",
            "ticker",
            "linkedin_url",
            "parent",
            "owner",
            "stage",
        ),
    ),
    RecordKind.CONTACT: RecordType(
        RecordKind.CONTACT,
        Contact,
        ContactStage,
        (
            "first_name",
            "last_name",
            "company_name",
            "title",
            "email",
            "account",
            "phone",
            "mobile_phone",
            "home_phone",
            "other_phone",
            *ADDRESS,
            "linkedin_url",
            "seniority",
            "department",
            "headline",
            "time_zone",
            "email_status",
            "no_email",
            "do_not_call",
            "owner",
            "stage",
        ),
    ),
    RecordKind.DEAL: RecordType(
        RecordKind.DEAL,
        Deal,
        DealStage,
        (
            "name",
            "account",
            "owner",
            "amount",
            "currency",
            "close_on",
            "stage",
            "probability",
            "forecast_category",
            "type",
            "source",
            "next_step",
            "description",
        ),
        stage_value="crm_value",
        stage_fields=("probability", "forecast_category"),
    ),
}
# What each remote object is here.
KINDS = {
    "Account": RecordKind.ACCOUNT,
    "Contact": RecordKind.CONTACT,
    "Lead": RecordKind.CONTACT,
    "Opportunity": RecordKind.DEAL,
}
# Who takes part in deals: an object of its own there, pulled and pushed by the settings of deals.
ROLES = RoleObject("OpportunityContactRole", "OpportunityId", "ContactId", "Role", "IsPrimary")
OBJECTS = {**KINDS, ROLES.name: RecordKind.DEAL}
# Who is in campaigns: pushed only, when somebody asks for it.
MEMBERS = MemberObject("CampaignMember", "CampaignId", "Status", {"Contact": "ContactId", "Lead": "LeadId"})


# Activities have no fields to map, no stages and no settings of a kind: their mapping is in ``sync/activities``.
ACTIVITIES = RecordType(SyncedKind.ACTIVITY, Activity, None, ())
SYNCED: dict[str, RecordType] = {**RECORD_TYPES, SyncedKind.ACTIVITY: ACTIVITIES}


def model_of(kind: str) -> Any:
    """The model of whatever is synced."""
    return SYNCED[kind].model


def kind_of(record: models.Model) -> SyncedKind | None:
    """The kind of what takes part, None of anything else."""
    return next((SyncedKind(kind) for kind, type_ in SYNCED.items() if isinstance(record, type_.model)), None)
