"""The mapping that is proposed when an org is connected. The org's own description decides what of it is possible."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from common.models import RecordKind
from integrations.models.mapping import FieldMapping
from integrations.sync.mapping import compatible
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import Field, Type

Direction = FieldMapping.Direction
Winner = FieldMapping.Winner
Enrichment = FieldMapping.Enrichment

PEOPLE = {
    "first_name": "FirstName",
    "last_name": "LastName",
    "title": "Title",
    "email": "Email",
    "phone": "Phone",
    "mobile_phone": "MobilePhone",
    "no_email": "HasOptedOutOfEmail",
    "do_not_call": "DoNotCall",
    "owner": "OwnerId",
}
STANDARD: dict[str, dict[str, str]] = {
    "Lead": {
        **PEOPLE,
        "company_name": "Company",
        "stage": "Status",
        "street": "Street",
        "city": "City",
        "state": "State",
        "postal_code": "PostalCode",
        "country": "Country",
    },
    "Contact": {
        **PEOPLE,
        "account": "AccountId",
        "department": "Department",
        "home_phone": "HomePhone",
        "other_phone": "OtherPhone",
        "street": "MailingStreet",
        "city": "MailingCity",
        "state": "MailingState",
        "postal_code": "MailingPostalCode",
        "country": "MailingCountry",
    },
    "Account": {
        "name": "Name",
        "website": "Website",
        "phone": "Phone",
        "employees": "NumberOfEmployees",
        "industry": "Industry",
        "annual_revenue": "AnnualRevenue",
        "street": "BillingStreet",
        "city": "BillingCity",
        "state": "BillingState",
        "postal_code": "BillingPostalCode",
        "country": "BillingCountry",
        "description": "Description",
        "founded_year": "YearStarted",
        "sic": "Sic",
        "ticker": "TickerSymbol",
        "parent": "ParentId",
        "owner": "OwnerId",
    },
    "Opportunity": {
        "name": "Name",
        "account": "AccountId",
        "owner": "OwnerId",
        "amount": "Amount",
        "currency": "CurrencyIsoCode",
        "close_on": "CloseDate",
        "stage": "StageName",
        "probability": "Probability",
        "forecast_category": "ForecastCategoryName",
        "type": "Type",
        "source": "LeadSource",
        "next_step": "NextStep",
        "description": "Description",
    },
}
# A part of an address means little alone, so its parts move together.
UNITS = {"Lead": "address", "Contact": "mailing", "Account": "billing"}
ADDRESS = {"street", "city", "state", "postal_code", "country"}
OPT_OUTS = {"no_email", "do_not_call"}
# Custom fields that are proposed by name, when the org has one that is called like ours, or like this.
ALSO_CALLED = {
    "linkedin_url": ("linkedin", "linkedinprofile", "linkedinprofileurl"),
    "seniority": ("senioritylevel",),
    "time_zone": ("timezone",),
    "email_status": ("emailverificationstatus",),
    "stage": ("status", "contactstatus", "accountstatus"),
}
SOURCE_FIELDS = {RecordKind.CONTACT: "LeadSource", RecordKind.ACCOUNT: "AccountSource", RecordKind.DEAL: "LeadSource"}

# By our names; the others stay open, for a person to decide.
LEAD_STATUSES = {
    "Cold": "Open - Not Contacted",
    "Approaching": "Working - Contacted",
    "Not Interested": "Closed - Not Converted",
}


@dataclass(frozen=True)
class Proposal:
    field: str
    remote_field: str
    direction: str
    winner: str
    enrichment: str
    unit: str = ""


def field_proposals(description: Description, fields: Mapping[str, Field]) -> Iterator[Proposal]:
    """The pairs that the org can hold, each remote field once."""
    taken: set[str] = set()
    for field in fields.values():
        name = STANDARD[description.name].get(field.name) or _custom_namesake(description, field)
        remote = description.fields.get(name)
        if remote and remote.name not in taken and fits(field, remote):
            taken.add(remote.name)
            yield _proposal(description.name, field, remote)


def fits(field: Field, remote: RemoteField) -> bool:
    """Whether the two can hold the same; a reference must also point at the same kind of record."""
    if not compatible(field.type, remote.type):
        return False
    if remote.type != "reference":
        return True
    return {"owner": "User"}.get(field.name, field.reference.capitalize()) in remote.references


def stage_proposals(remote: RemoteField, stages: Sequence[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Pairs of a stage's id and a status: those of a stock org, else of the same name. Each status once."""
    free = list(remote.values)
    for stage_id, name in stages:
        wanted = {name, LEAD_STATUSES.get(name, "")} if remote.name == "Status" else {name}
        if found := next((value for value in free if value in wanted), None):
            free.remove(found)
            yield stage_id, found


def _proposal(remote_object: str, field: Field, remote: RemoteField) -> Proposal:
    return Proposal(
        field=field.name,
        remote_field=remote.name,
        direction=Direction.BOTH if remote.is_writable else Direction.IN,
        winner=_winner(field.name),
        enrichment=enrichment_of(remote_object, field),
        unit=UNITS.get(remote_object, "") if field.name in ADDRESS else "",
    )


def _winner(name: str) -> str:
    if name in OPT_OUTS:
        return Winner.TRUE
    return Winner.OBJECT


def enrichment_of(remote_object: str, field: Field) -> str:
    """What the directory may do at first. Looking phones up can cost; of deals, owners and links it knows nothing."""
    is_out = remote_object == "Opportunity" or field.type in {Type.PHONE, Type.OWNER, Type.STAGE, Type.REFERENCE}
    return Enrichment.NONE if is_out else Enrichment.FILL


def _custom_namesake(description: Description, field: Field) -> str:
    names = {_bare(field.name.removeprefix("custom.")), _bare(field.label), *ALSO_CALLED.get(field.name, ())}
    custom = (remote for remote in description.fields.values() if remote.is_custom)
    return next((one.name for one in custom if _bare(one.name) in names and fits(field, one)), "")


def _bare(name: str) -> str:
    """``LinkedIn_URL__c`` and “LinkedIn URL” are the same name."""
    return re.sub(r"[^a-z0-9]", "", name.removesuffix("__c").lower())
