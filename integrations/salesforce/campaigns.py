"""What the org says of its campaigns. A call each, and never more than a page."""

from dataclasses import dataclass
from datetime import date

from integrations.salesforce import soql
from integrations.salesforce.client import Client
from integrations.sync.provider import RequestRefused

SHOWN = 20  # campaigns in an answer
STATUSES = 100  # of one campaign


@dataclass(frozen=True)
class FoundCampaign:
    id: str
    name: str
    type: str
    status: str
    is_active: bool
    starts_on: date | None
    people: int


@dataclass(frozen=True)
class MemberStatus:
    label: str
    is_default: bool


class NotThere(RequestRefused):
    """A campaign that was deleted, or that the login does not see."""


def search(client: Client, words: str = "", *, with_inactive: bool = False) -> tuple[list[FoundCampaign], bool]:
    """The newest campaigns whose name has these words, and whether there are more."""
    conditions = [f"Name LIKE {soql.containing(word)}" for word in words.split()[:5]]
    conditions += [] if with_inactive else ["IsActive = true"]
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    fields = "Id, Name, Type, Status, IsActive, StartDate, NumberOfLeads, NumberOfContacts"
    text = f"SELECT {fields} FROM Campaign{where} ORDER BY CreatedDate DESC, Id DESC LIMIT {SHOWN + 1}"
    rows = client.page(text)["records"]
    found = [
        FoundCampaign(
            id=row["Id"],
            name=row["Name"] or row["Id"],
            type=row["Type"] or "",
            status=row["Status"] or "",
            is_active=bool(row["IsActive"]),
            starts_on=date.fromisoformat(row["StartDate"]) if row["StartDate"] else None,
            people=int(row["NumberOfLeads"] or 0) + int(row["NumberOfContacts"] or 0),
        )
        for row in rows[:SHOWN]
    ]
    return found, len(rows) > SHOWN


def one(client: Client, campaign_id: str) -> tuple[str, list[MemberStatus]]:
    """A campaign's name and what its members may be, in the org's order. Raises NotThere."""
    where = f"= {soql.quote(campaign_id)}"
    campaigns, statuses = client.queries(
        [
            f"SELECT Id, Name FROM Campaign WHERE Id {where}",
            "SELECT Label, IsDefault FROM CampaignMemberStatus "
            f"WHERE CampaignId {where} ORDER BY SortOrder, Id LIMIT {STATUSES}",
        ]
    )
    if not campaigns:
        raise NotThere("NOT_FOUND", "This campaign is not in Salesforce any more, or not shared with this login.")
    return campaigns[0]["Name"], [MemberStatus(row["Label"], bool(row["IsDefault"])) for row in statuses]
