"""Seeded rows as of today, so that a demo looks alive. Tests need the seed as it is: the same days, always."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from localorg import clock
from localorg.dml.rules.opportunities import fiscal
from localorg.filling import FIRST_DAY
from localorg.schema import SObject
from localorg.seed.people import DAYS
from localorg.setup.records import STAGES

Row = dict[str, Any]

LAST_DAY = (FIRST_DAY + timedelta(days=DAYS)).date()
LAST_CHANGE = LAST_DAY + timedelta(days=31)  # nothing may have been changed tomorrow: no pull would see it today
CLOSED = {stage for stage, _, _, is_closed, _ in STAGES if is_closed}
OPEN_AHEAD, DENSER = 50, 4  # days; deals close within months, not years


def fresh(sobject: SObject, rows: Iterable[Row], today: date) -> Iterable[Row]:
    """The same rows, the latest of them changed yesterday at most."""
    moved = today - LAST_CHANGE
    dates = [field.name for field in sobject.fields.values() if field.type == "date" and field.name != "CloseDate"]
    moments = [field.name for field in sobject.fields.values() if field.type == "datetime"]
    for row in rows:
        days = {name: (_day(row[name]) + moved).isoformat() for name in dates if row.get(name)}
        times = {name: clock.stored(clock.read(row[name]) + moved) for name in moments if row.get(name)}
        yield row | days | times | (_closing(row, today) if row.get("CloseDate") else {})


def _closing(row: Row, today: date) -> Row:
    """Deals were closed in the last months; those that are open are due in the next ones, some since a while."""
    ahead = 0 if row["StageName"] in CLOSED else OPEN_AHEAD
    close = (today + (_day(row["CloseDate"]) - LAST_DAY) / DENSER + timedelta(days=ahead)).isoformat()
    return {"CloseDate": close} | ({name: value for name, value in fiscal(close).items() if name in row})


def _day(text: str) -> date:
    return date.fromisoformat(text)
