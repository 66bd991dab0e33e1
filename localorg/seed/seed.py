"""Fills an empty org, in chunks."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from typing import Any

from localorg.dml import tables
from localorg.filling import fill
from localorg.org import Org
from localorg.schema import SObject
from localorg.search import index
from localorg.seed import fitting, freshening, people, rules
from localorg.seed.people import Size
from localorg.settings import new_password
from localorg.setup import records

Row = dict[str, Any]

SEARCHED_FROM_THE_START = 50_000  # contacts
SIZES = {"small": 2_000, "medium": 20_000, "large": 200_000}


def size_of(text: str | int) -> Size:
    """ "small", "medium", "large" or the number of contacts. Raises ValueError."""
    count = SIZES.get(str(text)) or int(text)
    if count < 1:
        raise ValueError("at least one contact")
    return Size(count)


def seed(org: Org, size: Size, today: date | None = None) -> None:
    """Everything anew: tables, records, indexes, and the copy that a reset goes back to.

    ``today``: on which the records end; without it on the same days as ever.
    """
    with org.database.write() as db:
        for sobject in org.schema:
            db.execute(f'DROP TABLE IF EXISTS "{sobject.name}"')
        for name in tables.NAMES:
            db.execute(f"DELETE FROM {name}")
    org.bulk.clear()
    org.prepare()
    setup = chain(records.everything(org.setup, org.schema), rules.records(org.setup))
    for name, rows in chain(setup, _fresh(org, _records(size), today) if today else _records(size)):
        fill(org.database, org.schema[name], _fitted(org, org.schema[name], rows))
    org.database.create_indexes()
    if size.contacts >= SEARCHED_FROM_THE_START:
        _make_searchable(org)
    org.database.snapshot(org.kept_copy)


def _make_searchable(org: Org) -> None:
    """Make the full-text indexes that the first search would otherwise wait for."""
    with org.database.write() as db:
        for sobject in index.searchable(org.schema):
            index.bring_up_to_date(db, sobject)


def _records(size: Size) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "Campaign", people.campaigns()
    yield "CampaignMemberStatus", people.campaign_statuses()
    yield "Account", people.accounts(size)
    yield "Contact", people.contacts(size)
    yield "Lead", people.leads(size)
    yield "Opportunity", people.opportunities(size)
    yield "OpportunityHistory", people.opportunity_history(size)
    yield "OpportunityContactRole", people.contact_roles(size)
    yield "Task", people.tasks(size)
    yield "Event", people.events(size)
    yield "CampaignMember", people.campaign_members(size)


def _fresh(org: Org, tables: Iterable[tuple[str, Iterable[Row]]], today: date) -> Iterator[tuple[str, Iterable[Row]]]:
    for name, rows in tables:
        yield name, freshening.fresh(org.schema[name], rows, today)


def _fitted(org: Org, sobject: SObject, rows: Iterable[Row]) -> Iterable[Row]:
    """The rows as this org wants them: its own users, places, fields that must not be empty."""
    rows = fitting.owned(rows, len(org.setup.users))
    rows = fitting.typed(sobject, rows)
    rows = fitting.placed(sobject, rows)
    return fitting.complete(sobject, rows)


def keep_users(org: Org) -> None:
    """Sign-ins for the active users; passwords once made stay."""
    known = {user["username"]: user["password"] for user in org.settings.users}
    org.settings.users = [
        {
            "username": records.username(user),
            "password": known.get(records.username(user)) or new_password(),
            "profile": user.profile,
            "name": records.full_name(user),
            "email": records.username(user),
        }
        for user in org.setup.users
        if user.active
    ]
