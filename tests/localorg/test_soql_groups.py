"""GROUP BY and its totals."""

from typing import Any

import pytest

from tests.localorg.client import Caller, without_attributes

Row = tuple[Any, ...]


@pytest.fixture
def deals(admin: Caller) -> Caller:
    """Five accounts in two industries; no other query sees them."""
    for industry, rating, staff in (
        ("Banking", "Hot", 1),
        ("Banking", "Hot", 2),
        ("Banking", "Cold", 4),
        ("Energy", "Cold", 8),
        ("Energy", None, 16),
    ):
        admin.create("Account", Name="Grouped", Industry=industry, Rating=rating, NumberOfEmployees=staff)
    return admin


def groups(admin: Caller, select: str, rest: str) -> list[Row]:
    rows = admin.rows(f"SELECT {select} FROM Account WHERE Name = 'Grouped' {rest}")
    assert {row["attributes"]["type"] for row in rows} <= {"AggregateResult"}
    return [tuple(without_attributes(row).values()) for row in rows]


def test_rollup_adds_subtotals_from_right_to_left_and_a_grand_total(deals: Caller) -> None:
    rows = groups(deals, "Industry, Rating, SUM(NumberOfEmployees)", "GROUP BY ROLLUP(Industry, Rating)")

    assert rows == [
        ("Banking", "Cold", 4.0),
        ("Banking", "Hot", 3.0),
        ("Banking", None, 7.0),
        ("Energy", None, 16.0),
        ("Energy", "Cold", 8.0),
        ("Energy", None, 24.0),
        (None, None, 31.0),
    ]


def test_cube_adds_subtotals_of_every_combination(deals: Caller) -> None:
    rows = groups(deals, "Industry, Rating, COUNT(Id)", "GROUP BY CUBE(Industry, Rating)")

    assert len(rows) == 4 + 2 + 3 + 1
    assert (None, "Cold", 2) in rows
    assert ("Energy", None, 2) in rows
    assert rows[-1] == (None, None, 5)


def test_grouping_tells_subtotals_from_missing_values(deals: Caller) -> None:
    select = "Rating, GROUPING(Rating) total, COUNT(Id) n"

    rows = groups(deals, select, "GROUP BY ROLLUP(Rating) ORDER BY GROUPING(Rating), Rating NULLS LAST")

    assert rows == [("Cold", 0, 2), ("Hot", 0, 2), (None, 0, 1), (None, 1, 5)]


def test_a_checkbox_that_a_subtotal_sums_up_counts_as_not_ticked(admin: Caller) -> None:
    admin.create("Lead", LastName="Ray", Company="Sun")
    query = "SELECT IsConverted, GROUPING(IsConverted) FROM Lead GROUP BY ROLLUP(IsConverted) HAVING IsConverted = null"

    rows = admin.rows(query)

    assert [(row["IsConverted"], row["expr0"]) for row in rows] == [(False, 0), (None, 1)]


def test_subtotals_obey_having_order_and_limit(deals: Caller) -> None:
    rest = "GROUP BY CUBE(Industry, Rating) HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC, Industry NULLS LAST LIMIT 3"

    assert groups(deals, "Industry, Rating, COUNT(Id)", rest) == [
        (None, None, 5),
        ("Banking", None, 3),
        ("Banking", "Hot", 2),
    ]


def test_dates_are_grouped_by_their_parts(deals: Caller) -> None:
    (year,) = groups(deals, "CALENDAR_YEAR(CreatedDate), COUNT(Id)", "GROUP BY CALENDAR_YEAR(CreatedDate)")

    assert year[1] == 5


def test_groups_are_sorted_by_their_own_values_without_regard_to_case(deals: Caller) -> None:
    deals.create("Account", Name="Grouped", Industry="apparel")

    rows = groups(deals, "Industry, MAX(NumberOfEmployees)", "GROUP BY Industry ORDER BY Industry DESC")

    assert rows == [("Energy", 16), ("Banking", 4), ("apparel", None)]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("SELECT Name, COUNT(Id) FROM Account GROUP BY Industry", "Field must be grouped or aggregated: Name"),
        ("SELECT Industry FROM Account GROUP BY Industry ORDER BY Name", "Field must be grouped or aggregated: Name"),
        ("SELECT Industry FROM Account GROUP BY Industry HAVING Name = 'x'", "must be grouped or aggregated: Name"),
        ("SELECT CALENDAR_YEAR(CreatedDate) FROM Account", "must be grouped or aggregated: CALENDAR_YEAR"),
        ("SELECT COUNT(Id) a, COUNT(Name) a FROM Account", "duplicate alias: a"),
        ("SELECT Account.Name, Owner.Name FROM Contact GROUP BY Account.Name, Owner.Name", "duplicate alias: Name"),
        ("SELECT Industry FROM Account GROUP BY ROLLUP(Industry, Type, Rating, Site)", "at most 3 fields"),
        ("SELECT Industry FROM Account GROUP BY ROLLUP(Industry), Type", "unexpected token: 'ROLLUP'"),
        ("SELECT Industry FROM Account GROUP BY CUBE('x')", "unexpected token: 'CUBE'"),
        ("SELECT GROUPING(Type) FROM Account GROUP BY ROLLUP(Industry)", "unexpected token: 'GROUPING'"),
        ("SELECT GROUPING(Type) FROM Account", "unexpected token: 'GROUPING'"),
        ("SELECT AnnualRevenue FROM Account GROUP BY AnnualRevenue", "can not be grouped in a query call"),
        ("SELECT SUM(Name) FROM Account", "does not support aggregate operator SUM"),
        ("SELECT COUNT(SUM(NumberOfEmployees)) FROM Account", "does not support aggregate operator COUNT"),
        ("SELECT Id FROM Account HAVING COUNT(Id) > 1", "unexpected token: 'HAVING'"),
        ("SELECT COUNT(Id) FROM Account LIMIT 1", "cannot also use LIMIT"),
        ("SELECT (SELECT COUNT() FROM Contacts) FROM Account", "not supported in a nested query"),
        ("SELECT Industry, (SELECT Id FROM Contacts) FROM Account GROUP BY Industry", "cannot have relationships"),
    ],
)
def test_what_cannot_be_grouped_is_refused(admin: Caller, query: str, says: str) -> None:
    error = admin.refusal(query)

    assert error["errorCode"] == "MALFORMED_QUERY"
    assert says in error["message"]
