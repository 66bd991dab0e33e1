"""Seeds that end today: the demo's."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from localorg import clock
from localorg.org import Org
from localorg.seed import seed, size_of
from localorg.setup import load

TODAY = date(2031, 5, 20)


@pytest.fixture(scope="module")
def orgs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Org]]:
    """One with the seed as ever, one whose records end today."""
    folder: Path = tmp_path_factory.mktemp("freshening")
    made = {name: Org(folder / name, load("plain")) for name in ("ever", "today")}
    seed(made["ever"], size_of(2_000))
    seed(made["today"], size_of(2_000), TODAY)
    yield made
    for org in made.values():
        org.close()


def values(org: Org, sql: str) -> list[tuple[Any, ...]]:
    with org.database.read() as db:
        return [tuple(row) for row in db.execute(sql)]


@pytest.mark.parametrize("table", ["Account", "Contact", "Opportunity", "Task", "Lead", "CampaignMember"])
def test_nothing_was_changed_after_today(orgs: dict[str, Org], table: str) -> None:
    [(latest,)] = values(orgs["today"], f"SELECT MAX(SystemModstamp) FROM {table}")

    assert clock.read(latest).date() < TODAY


def test_somebody_was_changed_lately(orgs: dict[str, Org]) -> None:
    [(latest,)] = values(orgs["today"], "SELECT MAX(SystemModstamp) FROM Contact")

    assert clock.read(latest).date() > TODAY - timedelta(days=70)


def test_deals_were_closed_lately_and_are_due_soon(orgs: dict[str, Org]) -> None:
    deals = values(orgs["today"], "SELECT CloseDate, IsClosed, IsWon, FiscalYear, FiscalQuarter FROM Opportunity")
    days = {state: [date.fromisoformat(day) for day, is_closed, *_ in deals if is_closed == state] for state in (0, 1)}

    assert max(days[1]) <= TODAY < max(days[0])
    assert min(days[0] + days[1]) > TODAY - timedelta(days=200)
    assert len([1 for day, _, is_won, *_ in deals if is_won and day >= "2031-04-01"]) > 3
    assert len([1 for day in days[0] if TODAY <= day <= date(2031, 6, 30)]) > 10
    assert all((int(day[:4]), (int(day[5:7]) + 2) // 3) == (year, quarter) for day, _, _, year, quarter in deals)


def test_but_for_its_days_the_seed_is_the_same(orgs: dict[str, Org]) -> None:
    what = "SELECT Id, Name, StageName, Amount, OwnerId FROM Opportunity ORDER BY Id"

    assert values(orgs["today"], what) == values(orgs["ever"], what)
    assert values(orgs["ever"], "SELECT MIN(CloseDate) FROM Opportunity") < [("2024",)]
