"""What tests of deals make and look at."""

from datetime import date
from typing import Any

from deals.models import Deal, Stage
from integrations import tuning
from integrations.models import Connection
from tests.factories import DealFactory
from tests.salesforce_org import Org

SOON = date(2027, 3, 31)


def stage(value: str) -> Stage:
    return Stage.objects.get(crm_value=value)


def opportunity(org: Org, name: str, **fields: Any) -> str:
    return org.create("Opportunity", **{"Name": name, "StageName": "Prospecting", "CloseDate": "2027-01-31", **fields})


def pushable(**fields: Any) -> Deal:
    """A deal that the org takes."""
    return DealFactory(**{"stage": stage("Prospecting"), "close_on": SOON, **fields})


def turn(connection: Connection, way: str) -> list[str]:
    settings = connection.object_settings.get(record_kind="deal")
    settings.sync = way
    return tuning.save_settings(settings, ["sync"])


def change(deal: Deal, **values: Any) -> None:
    """An edit by a person."""
    for name, value in values.items():
        setattr(deal, name, value)
    deal.save(update_fields=list(values))


def roles_there(org: Org, deal: Deal) -> dict[str, tuple[str | None, bool]]:
    """What everybody is in a deal, and whether the primary one, by their ids there; nobody twice."""
    where = f"WHERE OpportunityId = '{deal.crm_id}'"
    rows = org.query(f"SELECT ContactId, Role, IsPrimary FROM OpportunityContactRole {where}")
    found = {row["ContactId"]: (row["Role"], row["IsPrimary"]) for row in rows}
    assert len(found) == len(rows)
    return found


def roles_here(deal: Deal) -> dict[str, tuple[str | None, bool]]:
    rows = deal.roles.select_related("contact")
    return {row.contact.crm_id: (row.role or None, row.is_primary) for row in rows}
