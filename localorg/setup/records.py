"""The setup of the org as records: who works here, what they may, and which stages and statuses there are."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from localorg import ids
from localorg.access.permissions import COLUMNS, is_secured, secured_by, with_implied
from localorg.schema import Schema, SObject
from localorg.setup.model import SYSTEM_PERMISSIONS, PermissionSet, Profile, Setup, SystemPermission, User

Row = dict[str, Any]

HOST = "localorg.example"
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
ACCESS = {  # the organization-wide default as Organization tells it
    "Private": "None",
    "Read": "Read",
    "ReadWrite": "Edit",
    "ReadWriteTransfer": "ReadEditTransfer",
    "FullAccess": "All",
    "ControlledByParent": "ControlledByParent",
}
TOLD = ("Account", "Contact", "Opportunity", "Lead", "Campaign")


def everything(setup: Setup, schema: Schema) -> Iterator[tuple[str, Iterable[Row]]]:
    """Rows by object, in an order in which they can be stored."""
    yield "Organization", organization(setup)
    yield "UserRole", roles(setup)
    yield "User", users(setup)
    yield from permissions(setup, schema)
    yield "OpportunityStage", stages()
    yield "LeadStatus", lead_statuses()
    yield "TaskStatus", task_statuses()
    yield "TaskPriority", task_priorities()


def permissions(setup: Setup, schema: Schema) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "Profile", profiles(setup)
    yield "PermissionSet", permission_sets(setup)
    yield "PermissionSetAssignment", assignments(setup)
    yield "ObjectPermissions", object_permissions(setup, schema)
    yield "FieldPermissions", field_permissions(setup, schema)


def user_id(number: int) -> str:
    return ids.make("005", number)


def username(user: User) -> str:
    return user.username if "@" in user.username else f"{user.username}@{HOST}"


def full_name(user: User) -> str:
    return f"{user.first_name} {user.last_name}" if user.first_name else user.last_name


def organization(setup: Setup) -> Iterator[Row]:
    yield {
        "Id": ids.ORG_ID,
        "Name": setup.name,
        "Phone": "+1 555 0100",
        "PrimaryContact": full_name(setup.users[0]),
        "DefaultLocaleSidKey": "en_US",
        "TimeZoneSidKey": "GMT",
        "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1,
        "UsesStartDateAsFiscalYearName": 0,
        **{f"Default{name}Access": ACCESS[setup.sharing.get(name, "ReadWrite")] for name in TOLD},
        "UiSkin": "Theme3",
        "OrganizationType": "Developer Edition",
        "DefaultCurrencyIsoCode": "USD",
        "InstanceName": "LO1",
        "IsSandbox": 0,
        "IsReadOnly": 0,
    }


def roles(setup: Setup) -> Iterator[Row]:
    numbers = {role.name: number for number, role in enumerate(setup.roles, 1)}
    for role in setup.roles:
        parent = ids.make("00E", numbers[role.parent]) if role.parent else None
        yield {"Name": role.name, "DeveloperName": role.name.replace(" ", ""), "ParentRoleId": parent}


def profiles(setup: Setup) -> Iterator[Row]:
    for profile in setup.profiles:
        yield {"Name": profile.name, "UserType": "Standard", **_system(profile.permissions)}


def permission_sets(setup: Setup) -> Iterator[Row]:
    """Each profile owns a hidden permission set that says the same; the others follow."""
    for number, profile in enumerate(setup.profiles, 1):
        row: Row = {"Name": f"X00e{number}", "Label": f"00e{number}", "ProfileId": ids.make("00e", number)}
        yield row | {"IsOwnedByProfile": 1, "IsCustom": 0, "Type": "Profile", **_system(profile.permissions)}
    for chosen in setup.permission_sets:
        row = {"Name": chosen.name, "Label": chosen.label or chosen.name, "ProfileId": None}
        yield row | {"IsOwnedByProfile": 0, "IsCustom": 1, "Type": "Regular", **_system(chosen.permissions)}


def assignments(setup: Setup) -> Iterator[Row]:
    """The set that the profile owns for every user first, then the others."""
    for number, user in enumerate(setup.users, 1):
        yield _assignment(number, _profile_number(setup, user))
    own = {chosen.name: number for number, chosen in enumerate(setup.permission_sets, len(setup.profiles) + 1)}
    for number, user in enumerate(setup.users, 1):
        for name in user.permission_sets:
            yield _assignment(number, own[name])


def object_permissions(setup: Setup, schema: Schema) -> Iterator[Row]:
    permissionable = [sobject for sobject in schema if sobject.can("permissions")]
    for number, holder in enumerate(_holders(setup), 1):
        for sobject in permissionable:
            allowed = with_implied(holder.objects.get(sobject.name, holder.objects.get("*", ())))
            if allowed:
                flags = {column: int(name in allowed) for name, column in COLUMNS.items()}
                yield {"ParentId": ids.make("0PS", number), "SobjectType": sobject.name, **flags}


def field_permissions(setup: Setup, schema: Schema) -> Iterator[Row]:
    """A row a field that may be read; the parts of an address have none of their own."""
    for number, holder in enumerate(_holders(setup), 1):
        for sobject in schema:
            for name in _secured(sobject):
                allowed = _field_permission(holder, sobject.name, name)
                if allowed != "hidden":
                    row = {"SobjectType": sobject.name, "Field": f"{sobject.name}.{name}", "PermissionsRead": 1}
                    yield {"ParentId": ids.make("0PS", number), **row, "PermissionsEdit": int(allowed == "edit")}


def users(setup: Setup) -> Iterator[Row]:
    numbers = {role.name: number for number, role in enumerate(setup.roles, 1)}
    for user in setup.users:
        login = username(user)
        short = login.partition("@")[0]
        yield {
            "Username": login,
            "FirstName": user.first_name,
            "LastName": user.last_name,
            "Name": full_name(user),
            "Email": login,
            "Alias": short.split(".")[0][:8],
            "CommunityNickname": short,
            "IsActive": int(user.active),
            "Title": user.title or "Sales Representative",
            "Country": "US",
            "TimeZoneSidKey": "GMT",
            "LocaleSidKey": "en_US",
            "EmailEncodingKey": "UTF-8",
            "LanguageLocaleKey": "en_US",
            "UserType": "Standard",
            "ProfileId": ids.make("00e", _profile_number(setup, user)),
            "UserRoleId": ids.make("00E", numbers[user.role]) if user.role else None,
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


def _system(permissions: Sequence[SystemPermission]) -> Row:
    return {f"Permissions{name}": int(name in permissions) for name in SYSTEM_PERMISSIONS}


def _holders(setup: Setup) -> tuple[Profile | PermissionSet, ...]:
    """In the order of the permission sets that are theirs."""
    return (*setup.profiles, *setup.permission_sets)


def _assignment(user: int, permission_set: int) -> Row:
    return {"PermissionSetId": ids.make("0PS", permission_set), "AssigneeId": user_id(user), "IsActive": 1}


def _profile_number(setup: Setup, user: User) -> int:
    return next(number for number, profile in enumerate(setup.profiles, 1) if profile.name == user.profile)


def _secured(sobject: SObject) -> list[str]:
    return list(dict.fromkeys(secured_by(f) for f in sobject.fields.values() if is_secured(sobject, f)))


def _field_permission(holder: Profile | PermissionSet, sobject: str, name: str) -> str:
    # a profile shows what it does not name, a permission set only adds
    unnamed = "edit" if isinstance(holder, Profile) else "hidden"
    return holder.fields.get(f"{sobject}.{name}", holder.fields.get(f"{sobject}.*", unnamed))
