"""The setup of the org: who works here, what they may, and which stages and statuses there are."""

from collections.abc import Iterator
from typing import Any

from localorg import ids
from localorg.org import ORG_ID, READ_ONLY

Row = dict[str, Any]

ADMIN, STANDARD = "System Administrator", "Standard User"
PROFILES = (ADMIN, STANDARD, READ_ONLY)
USERS = (  # username without its host, first and last name, profile, active
    ("admin", "Ada", "Admin", ADMIN, True),
    ("sol.vargas", "Sol", "Vargas", STANDARD, True),
    ("mina.okafor", "Mina", "Okafor", STANDARD, True),
    ("jonas.lindqvist", "Jonas", "Lindqvist", STANDARD, True),
    ("priya.raman", "Priya", "Raman", STANDARD, True),
    ("zoe.muller", "Zoë", "Müller", STANDARD, True),
    ("rita.reader", "Rita", "Reader", READ_ONLY, True),
    ("gone.former", "Gone", "Former", STANDARD, False),
)
STAGES = (  # name, probability, forecast, closed, won
    ("Prospecting", 10, "Pipeline", 0, 0),
    ("Qualification", 10, "Pipeline", 0, 0),
    ("Needs Analysis", 20, "Pipeline", 0, 0),
    ("Value Proposition", 50, "Pipeline", 0, 0),
    ("Id. Decision Makers", 60, "Pipeline", 0, 0),
    ("Perception Analysis", 70, "Pipeline", 0, 0),
    ("Proposal/Price Quote", 75, "Pipeline", 0, 0),
    ("Negotiation/Review", 90, "Pipeline", 0, 0),
    ("Closed Won", 100, "Closed", 1, 1),
    ("Closed Lost", 0, "Omitted", 1, 0),
)
LEAD_STATUSES = ("Open - Not Contacted", "Working - Contacted", "Closed - Converted", "Closed - Not Converted")
TASK_STATUSES = ("Not Started", "In Progress", "Completed", "Waiting on someone else", "Deferred")
TASK_PRIORITIES = ("High", "Normal", "Low")


def user_id(number: int) -> str:
    return ids.make("005", number)


def organization() -> Iterator[Row]:
    yield {
        "Id": ORG_ID,
        "Name": "Local Org",
        "Phone": "+1 555 0100",
        "PrimaryContact": "Ada Admin",
        "DefaultLocaleSidKey": "en_US",
        "TimeZoneSidKey": "GMT",
        "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1,
        "UsesStartDateAsFiscalYearName": 0,
        "DefaultAccountAccess": "Edit",
        "DefaultContactAccess": "ControlledByParent",
        "DefaultOpportunityAccess": "Edit",
        "DefaultLeadAccess": "ReadEditTransfer",
        "DefaultCampaignAccess": "All",
        "UiSkin": "Theme3",
        "OrganizationType": "Developer Edition",
        "InstanceName": "LO1",
        "IsSandbox": 0,
        "IsReadOnly": 0,
    }


def profiles() -> Iterator[Row]:
    for name in PROFILES:
        yield {"Name": name, "UserType": "Standard", **_permissions(name)}


def permission_sets() -> Iterator[Row]:
    """Each profile owns a hidden permission set that says the same."""
    for number, name in enumerate(PROFILES, 1):
        row = {"Name": f"X00e{number}", "Label": f"00e{number}", "ProfileId": ids.make("00e", number)}
        yield row | {"IsOwnedByProfile": 1, "IsCustom": 0, "Type": "Profile", **_permissions(name)}


def assignments() -> Iterator[Row]:
    for number, user in enumerate(USERS, 1):
        profile = PROFILES.index(user[3]) + 1
        yield {"PermissionSetId": ids.make("0PS", profile), "AssigneeId": user_id(number), "IsActive": 1}


def users() -> Iterator[Row]:
    for name, first, last, profile, active in USERS:
        yield {
            "Username": f"{name}@localorg.example",
            "FirstName": first,
            "LastName": last,
            "Name": f"{first} {last}",
            "Email": f"{name}@localorg.example",
            "Alias": name.split(".")[0][:8],
            "CommunityNickname": name,
            "IsActive": int(active),
            "Title": "Administrator" if profile == ADMIN else "Sales Representative",
            "Country": "US",
            "TimeZoneSidKey": "GMT",
            "LocaleSidKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "en_US",
            "UserType": "Standard",
            "ProfileId": ids.make("00e", PROFILES.index(profile) + 1),
            "UserPermissionsMarketingUser": 1,
        }


def stages() -> Iterator[Row]:
    for order, (name, probability, forecast, closed, won) in enumerate(STAGES, 1):
        yield _named(name, order) | {
            "IsActive": 1,
            "IsClosed": closed,
            "IsWon": won,
            "ForecastCategory": forecast,
            "ForecastCategoryName": forecast,
            "DefaultProbability": float(probability),
        }


def lead_statuses() -> Iterator[Row]:
    for order, name in enumerate(LEAD_STATUSES, 1):
        yield _named(name, order) | {"IsDefault": int(order == 1), "IsConverted": int(name == "Closed - Converted")}


def task_statuses() -> Iterator[Row]:
    for order, name in enumerate(TASK_STATUSES, 1):
        yield _named(name, order) | {"IsDefault": int(order == 1), "IsClosed": int(name == "Completed")}


def task_priorities() -> Iterator[Row]:
    for order, name in enumerate(TASK_PRIORITIES, 1):
        yield _named(name, order) | {"IsDefault": int(name == "Normal"), "IsHighPriority": int(name == "High")}


def _named(name: str, order: int) -> Row:
    return {"MasterLabel": name, "ApiName": name, "SortOrder": order}


def _permissions(profile: str) -> Row:
    admin = int(profile == ADMIN)
    names = ("ModifyAllData", "ViewAllData", "CustomizeApplication", "ManageUsers")
    return {"PermissionsApiEnabled": 1, **{f"Permissions{name}": admin for name in names}}
