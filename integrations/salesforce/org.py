"""What is read of an org when it is connected."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from deals.pipelines import CrmStage
from integrations.salesforce import soql
from integrations.salesforce.client import Client
from integrations.salesforce.provider import SalesforceProvider
from integrations.sync.provider import Description, RemoteUser, RequestRefused

COUNTED = ("Account", "Contact", "Lead", "Opportunity")
PULLED = (*COUNTED, "OpportunityContactRole")
CAMPAIGNS = ("Campaign", "CampaignMember")  # of these it is kept, too, that the login does not see them
DESCRIBED = (*PULLED, "Task", "Event", "ContentNote", "Note", *CAMPAIGNS)


@dataclass(frozen=True)
class Rights:
    """What the login's profile and permission sets allow, where it may know."""

    modify_all: bool = False
    view_all: bool = False
    objects: Mapping[str, str] = field(default_factory=dict)  # "view" or "modify" all records of an object


@dataclass(frozen=True)
class Org:
    id: str
    name: str
    edition: str
    is_sandbox: bool
    rights: Rights
    users: Sequence[RemoteUser]
    descriptions: Mapping[str, Description]
    deal_stages: Sequence[CrmStage]
    waiting: Mapping[str, int] = field(default_factory=dict)
    currency: str = ""


def read(client: Client, user_id: str) -> Org:
    """Some dozen calls; nothing is written on either side."""
    provider = SalesforceProvider(client, user_id)
    organization, stages = client.queries(
        [
            "SELECT Id, Name, OrganizationType, IsSandbox FROM Organization",
            "SELECT ApiName, MasterLabel, DefaultProbability, ForecastCategoryName, IsClosed, IsWon, IsActive "
            "FROM OpportunityStage ORDER BY SortOrder",
        ]
    )
    descriptions = descriptions_of(client, user_id)
    return Org(
        id=organization[0]["Id"],
        name=organization[0]["Name"] or "",
        edition=organization[0]["OrganizationType"] or "",
        is_sandbox=bool(organization[0]["IsSandbox"]),
        rights=rights_of(client, user_id),
        users=provider.users(),
        descriptions=descriptions,
        deal_stages=[_deal_stage(row) for row in stages],
        waiting={name: _count(client, name) for name in COUNTED if name in descriptions},
        currency=_currency(client),
    )


def _currency(client: Client) -> str:
    """The org's own; "" where the login may not know."""
    try:
        return next(client.query("SELECT DefaultCurrencyIsoCode FROM Organization"))["DefaultCurrencyIsoCode"] or ""
    except RequestRefused:
        return ""


def descriptions_of(client: Client, user_id: str) -> dict[str, Description]:
    """The objects that the login may see. Statuses that only a conversion may set are not among a lead's values."""
    provider = SalesforceProvider(client, user_id)
    descriptions = {name: found for name in DESCRIBED if (found := _described(provider, name))}
    if "Lead" in descriptions:
        converted = client.query("SELECT ApiName FROM LeadStatus WHERE IsConverted = true")
        descriptions["Lead"] = _without_statuses(descriptions["Lead"], {row["ApiName"] for row in converted})
    return descriptions


def _without_statuses(description: Description, statuses: set[str]) -> Description:
    status = description.fields.get("Status")
    if not status:
        return description
    left = tuple(value for value in status.values if value not in statuses)
    return replace(description, fields={**description.fields, "Status": status._replace(values=left)})


def name_of(client: Client) -> str:
    return next(client.query("SELECT Name FROM Organization"))["Name"]


def rights_of(client: Client, user_id: str) -> Rights:
    """The highest rights of the user's profile and permission sets; standard where the login may not look."""
    who = soql.quote(user_id)
    names = ", ".join(soql.quote(name) for name in COUNTED)
    sets, objects = client.try_queries(
        [
            "SELECT PermissionSet.PermissionsModifyAllData, PermissionSet.PermissionsViewAllData "
            f"FROM PermissionSetAssignment WHERE AssigneeId = {who}",
            "SELECT SobjectType, PermissionsViewAllRecords, PermissionsModifyAllRecords FROM ObjectPermissions "
            f"WHERE SobjectType IN ({names}) AND ParentId IN "
            f"(SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = {who})",
        ]
    )
    found = [] if isinstance(sets, RequestRefused) else [row["PermissionSet"] or {} for row in sets]
    return Rights(
        modify_all=any(one.get("PermissionsModifyAllData") for one in found),
        view_all=any(one.get("PermissionsViewAllData") for one in found),
        objects={} if isinstance(objects, RequestRefused) else _object_rights(objects),
    )


def _object_rights(rows: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    viewed = {row["SobjectType"]: "view" for row in rows if row["PermissionsViewAllRecords"]}
    return viewed | {row["SobjectType"]: "modify" for row in rows if row["PermissionsModifyAllRecords"]}


def _described(provider: SalesforceProvider, name: str) -> Description | None:
    """None: this login may not see the object at all."""
    try:
        return provider.describe(name)
    except RequestRefused:
        return Description.unseen(name) if name in CAMPAIGNS else None


def _count(client: Client, name: str) -> int:
    where = " WHERE IsConverted = false" if name == "Lead" else ""
    return int(client.page(f"SELECT COUNT() FROM {soql.name(name)}{where}")["totalSize"])


def _deal_stage(row: Mapping[str, Any]) -> CrmStage:
    return CrmStage(
        value=row["ApiName"],
        label=row["MasterLabel"] or row["ApiName"],
        probability=round(row["DefaultProbability"] or 0),
        forecast_category=row["ForecastCategoryName"] or "",
        is_closed=bool(row["IsClosed"]),
        is_won=bool(row["IsWon"]),
        is_active=bool(row["IsActive"]),
    )


def may_read(client: Client, user_id: str, record_id: str) -> bool:
    """Whether a user of the org is active and may read a record, as sharing has it; one call."""
    user, record = soql.quote(user_id), soql.quote(record_id)
    is_active, access = client.queries(
        [
            f"SELECT Id FROM User WHERE Id = {user} AND IsActive = true",
            f"SELECT HasReadAccess FROM UserRecordAccess WHERE UserId = {user} AND RecordId = {record}",
        ]
    )
    return bool(is_active) and any(row["HasReadAccess"] for row in access)
