"""Fills an empty org, in chunks."""

import secrets
from collections.abc import Iterable, Iterator
from itertools import cycle
from typing import Any

from localorg.filling import fill
from localorg.org import Org
from localorg.schema import SObject
from localorg.seed import people, rules
from localorg.seed.people import Size
from localorg.setup import records

Row = dict[str, Any]

SIZES = {"small": 2_000, "medium": 20_000, "large": 200_000}


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
    org.prepare()
    for name, rows in [*records.everything(org.setup, org.schema), *rules.records(org.setup)]:
        fill(org.database, org.schema[name], rows)
    for name, rows in _records(size):
        fill(org.database, org.schema[name], _typed(org.schema[name], _owned(rows, len(org.setup.users))))
    org.database.create_indexes()
    org.database.snapshot(org.kept_copy)


def _records(size: Size) -> Iterator[tuple[str, Iterable[Row]]]:
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


def _owned(rows: Iterable[Row], users: int) -> Iterable[Row]:
    """In an org of few users these own what the seed gives to the later ones."""
    numbers = range(users, len(people.OWNERS))
    stand_ins = {records.user_id(number + 1): records.user_id(number % users + 1) for number in numbers}
    if not stand_ins:
        return rows
    return ({name: stand_ins.get(value, value) for name, value in row.items()} for row in rows)


def _typed(sobject: SObject, rows: Iterable[Row]) -> Iterable[Row]:
    """The active record types of an object take turns."""
    active = [record_type.id for record_type in sobject.record_types if record_type.active]
    if not active:
        return rows
    return (row | {"RecordTypeId": chosen} for row, chosen in zip(rows, cycle(active), strict=False))


def keep_users(org: Org) -> None:
    """Sign-ins for the active users; passwords once made stay."""
    known = {user["username"]: user["password"] for user in org.settings.users}
    org.settings.users = [
        {
            "username": records.username(user),
            "password": known.get(records.username(user)) or secrets.token_urlsafe(12),
            "profile": user.profile,
            "name": records.full_name(user),
            "email": records.username(user),
        }
        for user in org.setup.users
        if user.active
    ]
