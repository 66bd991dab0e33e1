"""Scopes, purposes, wrappers, aliases, semi-joins, time zones, distances."""

from datetime import UTC, datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest

from tests.localorg.client import Caller, Json, without_attributes


def test_the_scope_mine_is_what_the_caller_owns(admin: Caller, rep: Caller) -> None:
    own = rep.create("Account", Name="Scoped")
    admin.create("Account", Name="Scoped")

    found = rep.rows("SELECT Id FROM Account USING SCOPE mine WHERE Name = 'Scoped'")
    everything = rep.query("SELECT COUNT() FROM Account USING SCOPE Everything WHERE Name = 'Scoped'")

    assert [row["Id"] for row in found] == [own]
    assert everything["totalSize"] == 2


@pytest.mark.parametrize(
    "clause", ["WITH SECURITY_ENFORCED", "WITH user_mode", "FOR VIEW", "FOR reference", "FOR UPDATE"]
)
def test_clauses_about_rights_and_purposes_change_no_rows(admin: Caller, clause: str) -> None:
    limit = "" if clause.startswith("WITH") else "LIMIT 1"

    assert admin.rows(f"SELECT Id FROM Organization {limit} {clause}")


def test_parents_may_have_aliases(admin: Caller) -> None:
    boss = admin.create("Account", Name="Boss")
    child = admin.create("Account", Name="Aliased", ParentId=boss)
    admin.create("Contact", LastName="Aliased", AccountId=child)

    (row,) = admin.rows(
        "SELECT c.LastName, a.Name, p.Name FROM Contact c, c.Account a, a.Parent p"
        " WHERE p.Name = 'Boss' AND a.Name != null"
    )

    assert row["LastName"] == row["Account"]["Name"] == "Aliased"
    assert row["Account"]["Parent"]["Name"] == "Boss"


def test_format_speaks_as_the_us_do(admin: Caller) -> None:
    fields: Json = {"Name": "Formatted", "StageName": "Prospecting", "CloseDate": "2026-01-09", "Amount": 1234567.891}
    admin.create("Opportunity", **fields)

    (row,) = admin.rows(
        "SELECT FORMAT(Amount) shown, Amount, FORMAT(CloseDate), FORMAT(Probability) chance, toLabel(StageName),"
        " convertCurrency(Amount) converted, FORMAT(CampaignId) none FROM Opportunity WHERE Name = 'Formatted'"
    )

    assert without_attributes(row) == {
        "shown": "$1,234,567.89",
        "Amount": 1234567.89,
        "CloseDate": "1/9/2026",
        "chance": "10%",
        "StageName": "Prospecting",
        "converted": 1234567.89,
        "none": None,
    }


def test_a_wrapped_field_of_a_parent_stands_in_the_parent(admin: Caller) -> None:
    account = admin.create("Account", Name="Parent", Industry="Banking")
    contact = admin.create("Contact", LastName="Wrapped", AccountId=account)

    (row,) = admin.rows(f"SELECT toLabel(Account.Industry), Account.Name FROM Contact WHERE Id = '{contact}'")

    assert without_attributes(row["Account"]) == {"Industry": "Banking", "Name": "Parent"}


def test_ids_instead_of_a_limit_bound_all_fields(admin: Caller) -> None:
    account = admin.create("Account", Name="Whole")

    (row,) = admin.rows(f"SELECT FIELDS(ALL) FROM Account WHERE Name = 'Whole' AND Id IN ('{account}')")

    assert row["Name"] == "Whole"


def test_distances_are_measured_along_the_earth(admin: Caller) -> None:
    places = {"Near": (37.78, -122.42), "Far": (40.71, -74.01), "Nowhere": (None, None)}
    for name, (latitude, longitude) in places.items():
        admin.create("Contact", LastName=name, Department="Away", MailingLatitude=latitude, MailingLongitude=longitude)
    here = "DISTANCE(MailingAddress, GEOLOCATION(37.775, -122.418), '{}')"

    rows = admin.rows(
        f"SELECT LastName, {here.format('mi')} miles FROM Contact WHERE Department = 'Away'"
        f" ORDER BY {here.format('km')} NULLS LAST"
    )
    near = admin.rows(f"SELECT LastName FROM Contact WHERE Department = 'Away' AND {here.format('km')} < 10")

    assert [row["LastName"] for row in rows] == ["Near", "Far", "Nowhere"]
    assert 2500 < rows[1]["miles"] < 2600
    assert rows[2]["miles"] is None
    assert [row["LastName"] for row in near] == ["Near"]


@pytest.fixture
def berlin(admin: Caller, rep: Caller) -> Caller:
    """Somebody whose days begin in Berlin and whose weeks begin on Monday."""
    user = admin.http.get(
        f"{rep.url}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {rep.token}"}
    ).json()
    admin.update("User", user["user_id"], TimeZoneSidKey="Europe/Berlin", LocaleSidKey="de_DE")
    return rep


def test_days_of_literals_begin_where_the_user_is(berlin: Caller) -> None:
    today = datetime.now(ZoneInfo("Europe/Berlin")).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = today.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    said = berlin.query("SELECT COUNT() FROM Contact WHERE CreatedDate < TODAY")["totalSize"]
    meant = berlin.query(f"SELECT COUNT() FROM Contact WHERE CreatedDate < {begin}")["totalSize"]

    assert said == meant


def test_weeks_of_literals_begin_as_the_locale_has_it(admin: Caller, berlin: Caller) -> None:
    explained = "SELECT COUNT() FROM Opportunity WHERE CloseDate = {} AND CloseDate = THIS_WEEK AND Name = 'Weekly'"
    today = datetime.now(UTC).date()
    sunday = today.fromordinal(today.toordinal() - (today.weekday() + 1) % 7)
    berlin.create("Opportunity", Name="Weekly", StageName="Prospecting", CloseDate=sunday.isoformat())

    american = admin.query(explained.format(sunday))["totalSize"]
    german = berlin.query(explained.format(sunday))["totalSize"]

    assert american == 1
    assert german == (1 if today.weekday() == 6 else 0)


def test_hours_are_counted_in_utc_unless_converted(admin: Caller, berlin: Caller) -> None:
    contact = berlin.create("Contact", LastName="Hour")
    created = datetime.fromisoformat(berlin.get("Contact", contact)["CreatedDate"])
    local = created.astimezone(ZoneInfo("Europe/Berlin")).hour
    where = f"FROM Contact WHERE Id = '{contact}' AND HOUR_IN_DAY"

    assert berlin.query(f"SELECT COUNT() {where}(CreatedDate) = {created.hour}")["totalSize"] == 1
    assert berlin.query(f"SELECT COUNT() {where}(convertTimezone(CreatedDate)) = {local}")["totalSize"] == 1
    assert admin.query(f"SELECT COUNT() {where}(convertTimezone(CreatedDate)) = {created.hour}")["totalSize"] == 1


IN = "Id IN (SELECT AccountId FROM Contact)"


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        (f"SELECT Id FROM Account WHERE {IN} OR Name = 'x'", "MALFORMED_QUERY", "not allowed with the 'OR' operator"),
        (f"SELECT Id FROM Account WHERE NOT {IN}", "MALFORMED_QUERY", "not allowed with the 'NOT' operator"),
        (f"SELECT Id FROM Account WHERE {IN} AND {IN} AND {IN}", "MALFORMED_QUERY", "sub-selects is 2"),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE Id IN"
            " (SELECT ContactId FROM OpportunityContactRole))",
            "MALFORMED_QUERY",
            "Nesting of semi join",
        ),
        ("SELECT Id FROM Account WHERE Id IN (SELECT OwnerId FROM Contact)", "MALFORMED_QUERY", "same object type"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)", "MALFORMED_QUERY", "same object type"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT Name FROM Contact)", "MALFORMED_QUERY", "only query id fields"),
        ("SELECT Id FROM Account WHERE Name IN (SELECT Id FROM Contact)", "MALFORMED_QUERY", "only query id fields"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT Account.Id FROM Contact)", "MALFORMED_QUERY", "plain id field"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 1)", "MALFORMED_QUERY", "plain id"),
        ("SELECT Id FROM Account WHERE Id IN (SELECT WhatId FROM Task)", "MALFORMED_QUERY", "not supported for semi"),
        ("SELECT Id FROM Account USING SCOPE team", "MALFORMED_QUERY", "'team' is not supported"),
        ("SELECT Id FROM Profile USING SCOPE mine", "MALFORMED_QUERY", "'mine' is not supported"),
        ("SELECT Id FROM Account WITH NOTHING", "MALFORMED_QUERY", "unexpected token: 'NOTHING'"),
        ("SELECT Id FROM Account FOR FUN", "MALFORMED_QUERY", "unexpected token: 'FUN'"),
        ("SELECT Id FROM Account LIMIT 1 ALL ROWS", "MALFORMED_QUERY", "unexpected token: 'ALL'"),
        ("SELECT Id FROM Account LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000"),
        ("SELECT Id FROM Account OFFSET -1", "MALFORMED_QUERY", "unexpected token: '-1'"),
        ("SELECT Name n FROM Account", "MALFORMED_QUERY", "only aggregate expressions use field aliasing"),
        ("SELECT FORMAT(Name), Name FROM Account", "INVALID_FIELD", "duplicate field selected: Name"),
        ("SELECT Id FROM Account WHERE FORMAT(Name) = 'x'", "MALFORMED_QUERY", "unexpected token: 'FORMAT'"),
        ("SELECT Id FROM Account ORDER BY convertCurrency(AnnualRevenue)", "MALFORMED_QUERY", "'convertCurrency'"),
        ("SELECT Id FROM Contact WHERE LastName INCLUDES ('x')", "INVALID_QUERY_FILTER_OPERATOR", "multipicklist"),
        ("SELECT Id FROM Contact WHERE DoNotCall > true", "INVALID_QUERY_FILTER_OPERATOR", "invalid operator"),
        ("SELECT Id FROM Contact WHERE HOUR_IN_DAY(Birthdate) = 1", "MALFORMED_QUERY", "date function HOUR_IN_DAY"),
        ("SELECT Id FROM Contact WHERE CreatedDate = LAST_FISCAL_WEEK", "INVALID_FIELD", "type dateTime"),
        ("SELECT Id FROM Contact, Account.Contacts c", "INVALID_FIELD", "relationship 'Contacts'"),
        ("SELECT TYPEOF Owner WHEN User THEN Id END FROM Contact", "INVALID_FIELD", "not polymorphic"),
        ("SELECT TYPEOF What WHEN Account THEN Owner.Name END FROM Task", "INVALID_FIELD", "'Owner.Name'"),
        ("SELECT Id FROM Contact WHERE LastName = '{}'".format("x" * 4001), "MALFORMED_QUERY", "4000 characters"),
        (
            "SELECT Id FROM Contact WHERE DISTANCE(MailingAddress, GEOLOCATION(91.0, 0), 'km') < 1",
            "MALFORMED_QUERY",
            "unexpected token: 'GEOLOCATION'",
        ),
        (
            "SELECT Id FROM Contact WHERE DISTANCE(LastName, GEOLOCATION(1.0, 0), 'km') < 1",
            "INVALID_FIELD",
            "No such column 'LastName'",
        ),
    ],
)
def test_clauses_that_make_no_sense_are_refused(admin: Caller, query: str, code: str, says: str) -> None:
    error = admin.refusal(query)

    assert error["errorCode"] == code
    assert says in error["message"]


def test_typeof_shows_addresses_as_any_select_does(admin: Caller) -> None:
    account = admin.create("Account", Name="Home", BillingCity="Bilbao")
    admin.create("Task", Subject="Typed", WhatId=account)

    (row,) = admin.rows("SELECT TYPEOF What WHEN Account THEN BillingAddress END FROM Task WHERE Subject = 'Typed'")

    assert row["What"]["BillingAddress"]["city"] == "Bilbao"


def test_sub_queries_nest_five_levels_and_no_deeper(admin: Caller) -> None:
    def nested(levels: int) -> str:
        inner = "SELECT Id FROM ChildAccounts"
        for _ in range(levels - 2):
            inner = f"SELECT Id, ({inner}) FROM ChildAccounts"
        return f"SELECT Id, ({inner}) FROM Account WHERE Name = 'Level 0'"

    parent = None
    for level in range(5):
        parent = admin.create("Account", Name=f"Level {level}", ParentId=parent)

    (row,) = admin.rows(nested(5))
    for _ in range(4):
        (row,) = row["ChildAccounts"]["records"]

    assert row["Id"] == parent
    assert "deeper than 5 levels" in admin.refusal(nested(6))["message"]


@pytest.mark.parametrize("operator", ["AND", "OR"])
def test_long_chains_of_conditions_are_answered(admin: Caller, operator: str) -> None:
    chain = f" {operator} ".join(["Name != null"] * 3000)
    part = {"method": "GET", "url": f"/services/data/v62.0/query?q=SELECT+COUNT()+FROM+Account+WHERE+{chain}"}

    answer = admin.ask("POST", "composite", {"compositeRequest": [part | {"referenceId": "q"}]})

    assert answer.json()["compositeResponse"][0]["body"]["totalSize"] > 0


@pytest.mark.parametrize(
    "where",
    [
        "NOT " * 500 + "Name = 'a'",
        "(Name = 'a' OR (Name = 'b' AND " * 200 + "Name = 'c'" + "))" * 200,
    ],
)
def test_conditions_nested_beyond_reason_are_refused(admin: Caller, where: str) -> None:
    assert admin.refusal(f"SELECT Id FROM Account WHERE {where}")["errorCode"] == "QUERY_TOO_COMPLICATED"


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-02-30T00:00:00Z"])
def test_moments_that_no_calendar_has_are_refused(admin: Caller, moment: str) -> None:
    error = admin.refusal(f"SELECT Id FROM Account WHERE CreatedDate > {moment}")

    assert error["errorCode"] == "INVALID_FIELD"
    assert "invalid date" in error["message"]


def test_a_query_has_at_most_55_parent_relationships(admin: Caller) -> None:
    lookups = ("Account", "Owner", "CreatedBy", "LastModifiedBy", "MasterRecord", "ReportsTo")
    paths = [".".join(path) for path in product(("ReportsTo", "MasterRecord"), ("ReportsTo", "MasterRecord"), lookups)]
    within = ", ".join(f"{path}.CreatedBy.Id" for path in paths)

    assert len(admin.rows(f"SELECT {within}, Owner.Name FROM Contact LIMIT 1")) == 1
    assert "55 parent" in admin.refusal(f"SELECT {within}, Owner.Name, Account.Name FROM Contact")["message"]
