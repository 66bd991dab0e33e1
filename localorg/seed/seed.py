"""Fills an empty org, in chunks."""

import secrets
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from localorg import clock, ids
from localorg.org import Org, id_number
from localorg.schema import SObject
from localorg.seed import people, rules, setup
from localorg.seed.people import FIRST_DAY, Size

Row = dict[str, Any]

SIZES = {"small": 2_000, "medium": 20_000, "large": 200_000}
CHUNK = 10_000
_STAMP = clock.stored(FIRST_DAY)


def size_of(text: str | int) -> Size:
    """ "small", "medium", "large" or the number of contacts. Raises ValueError."""
    count = SIZES.get(str(text)) or int(text)
    if count < 1:
        raise ValueError("at least one contact")
    return Size(count)


def seed(org: Org, size: Size) -> None:
    """Everything anew: tables, records, indexes, and the copy that a reset goes back to."""
    with org.database.write() as db:
        for sobject in org.schema:
            db.execute(f'DROP TABLE IF EXISTS "{sobject.name}"')
        db.execute("DELETE FROM _bin")
    org.bulk.clear()
    org.database.create_tables()
    for name, rows in _records(org, size):
        _insert(org, org.schema[name], rows)
    org.database.create_indexes()
    org.database.snapshot(org.kept_copy)


def _records(org: Org, size: Size) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "Organization", setup.organization()
    yield "Profile", setup.profiles()
    yield "PermissionSet", setup.permission_sets()
    yield "User", setup.users()
    yield "PermissionSetAssignment", setup.assignments()
    yield "OpportunityStage", setup.stages()
    yield "LeadStatus", setup.lead_statuses()
    yield "TaskStatus", setup.task_statuses()
    yield "TaskPriority", setup.task_priorities()
    yield from rules.records(org.setup)
    yield "Campaign", people.campaigns()
    yield "CampaignMemberStatus", people.campaign_statuses()
    yield "Account", people.accounts(size)
    yield "Contact", people.contacts(size)
    yield "Lead", people.leads(size)
    yield "Opportunity", people.opportunities(size)
    yield "OpportunityContactRole", people.contact_roles(size)
    yield "Task", people.tasks(size)
    yield "Event", people.events(size)
    yield "CampaignMember", people.campaign_members(size)


def _insert(org: Org, sobject: SObject, rows: Iterable[Row]) -> None:
    numbered = (_complete(sobject, number, row) for number, row in enumerate(rows, 1))
    first = next(numbered, None)
    if first is None:
        return
    columns = ", ".join(f'"{name}"' for name in first)
    sql = f'INSERT INTO "{sobject.name}" ({columns}) VALUES ({", ".join("?" * len(first))})'
    values = (tuple(row.values()) for row in chain([first], numbered))
    while chunk := list(islice(values, CHUNK)):
        with org.database.write() as db:
            db.executemany(sql, chunk)


def _complete(sobject: SObject, number: int, row: Row) -> Row:
    """Number, id and audit fields where the row brings none of its own."""
    complete = {"_n": number, "Id": ids.make(sobject.prefix, id_number(sobject, number)), **row}
    if "SystemModstamp" not in row:
        stamps = {"CreatedDate": _STAMP, "LastModifiedDate": _STAMP, "SystemModstamp": _STAMP}
        stamps |= {"CreatedById": setup.user_id(1), "LastModifiedById": setup.user_id(1)}
        complete |= {name: value for name, value in stamps.items() if sobject.has(name)}
    return complete


def keep_users(org: Org) -> None:
    """Sign-ins for the active users; passwords once made stay."""
    known = {user["username"]: user["password"] for user in org.settings.users}
    org.settings.users = [
        {
            "username": f"{name}@localorg.example",
            "password": known.get(f"{name}@localorg.example") or secrets.token_urlsafe(12),
            "profile": profile,
            "name": f"{first} {last}",
            "email": f"{name}@localorg.example",
        }
        for name, first, last, profile, active in setup.USERS
        if active
    ]
