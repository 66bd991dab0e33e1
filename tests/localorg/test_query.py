"""SOQL over REST: answers, pages, errors."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.localorg.client import Caller, Json, without_attributes


def names(admin: Caller, where: str, **headers: str) -> list[str]:
    rows = admin.query(
        f"SELECT LastName FROM Contact WHERE Department = 'Testing' AND ({where}) ORDER BY LastName", **headers
    )
    return [row["LastName"] for row in rows["records"]]


@pytest.fixture
def people(admin: Caller) -> Caller:
    """Four contacts that no other test's query sees."""
    acme = admin.create("Account", Name="Acme", NumberOfEmployees=10)
    rows: list[Json] = [
        {"LastName": "Adams", "Email": "a@x.example", "AccountId": acme, "DoNotCall": True, "Birthdate": "1980-02-29"},
        {"LastName": "Brown", "Title": "50% off_er", "AccountId": acme},
        {"LastName": "Çelik", "Email": "c@y.example", "LeadSource": "Web"},
        {"LastName": "O'Dell\\", "LeadSource": "Other"},
    ]
    for row in rows:
        admin.create("Contact", Department="Testing", **row)
    return admin


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("LastName = 'ADAMS'", ["Adams"]),
        ("LastName = 'çELİK'", []),
        ("LastName = 'ÇELIK'", ["Çelik"]),
        ("LastName LIKE 'ç%'", ["Çelik"]),
        ("LastName LIKE '_rown'", ["Brown"]),
        ("Title LIKE '%0\\% off\\_%'", ["Brown"]),
        ("Title LIKE '%0\\%off%'", []),
        ("LastName = 'O\\'Dell\\\\'", ["O'Dell\\"]),
        ("LastName = '\\u00c7elik'", ["Çelik"]),
        ("LastName IN ('adams', 'BROWN', 'nobody')", ["Adams", "Brown"]),
        ("LastName NOT IN ('adams', 'BROWN')", ["O'Dell\\", "Çelik"]),
        ("LeadSource NOT IN ('Web')", ["Adams", "Brown", "O'Dell\\"]),
        ("LeadSource != 'Web'", ["Adams", "Brown", "O'Dell\\"]),
        ("NOT LeadSource = 'Web'", ["Adams", "Brown", "O'Dell\\"]),
        ("Email = null", ["Brown", "O'Dell\\"]),
        ("Email = ''", ["Brown", "O'Dell\\"]),
        ("Email != NULL", ["Adams", "Çelik"]),
        ("DoNotCall = true", ["Adams"]),
        ("DoNotCall = null", ["Brown", "O'Dell\\", "Çelik"]),
        ("Account.Name = 'acme'", ["Adams", "Brown"]),
        ("Account.Name = null", ["O'Dell\\", "Çelik"]),
        ("Account.NumberOfEmployees >= 10.0", ["Adams", "Brown"]),
        ("Birthdate = 1980-02-29", ["Adams"]),
        ("Birthdate < 1980-03-01", ["Adams"]),
        (
            "CreatedDate = TODAY AND CreatedDate = THIS_WEEK AND CreatedDate >= LAST_N_DAYS:1",
            ["Adams", "Brown", "O'Dell\\", "Çelik"],
        ),
        ("CreatedDate = YESTERDAY OR CreatedDate > TODAY OR CreatedDate = NEXT_N_MONTHS:2", []),
        ("CALENDAR_YEAR(Birthdate) = 1980", ["Adams"]),
        ("(LastName = 'Adams' AND Email = null) OR LastName = 'Brown'", ["Brown"]),
        ("AccountId IN (SELECT Id FROM Account WHERE Name = 'Acme')", ["Adams", "Brown"]),
        ("AccountId NOT IN (SELECT Id FROM Account WHERE Name = 'Acme')", ["O'Dell\\", "Çelik"]),
    ],
)
def test_conditions_mean_what_they_mean_in_salesforce(people: Caller, where: str, found: list[str]) -> None:
    assert names(people, where) == found


def test_datetimes_compare_in_any_offset(people: Caller) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=1)).astimezone(tz=None)
    later = ahead.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.123456Z")

    assert len(names(people, f"CreatedDate < {later}")) == 4
    assert names(people, "CreatedDate > 2090-01-01T00:00:00+01:00") == []


def test_columns_come_in_the_order_of_select_with_parents_nested(people: Caller) -> None:
    where = "LastName = 'Adams' AND Department = 'Testing'"

    (row,) = people.rows(f"SELECT name, account.owner.name, Account.Name, id FROM Contact WHERE {where}")

    assert list(row) == ["attributes", "Name", "Account", "Id"]
    assert list(row["Account"]) == ["attributes", "Owner", "Name"]
    assert row["Account"]["attributes"]["type"] == "Account"
    assert without_attributes(row["Account"]["Owner"]) == {"Name": "Ada Admin"}


def test_a_missing_parent_is_null_as_a_whole(people: Caller) -> None:
    (row,) = people.rows(
        "SELECT Account.Name, Account.Owner.Name FROM Contact WHERE LastName LIKE 'Çelik' AND Department = 'Testing'"
    )

    assert row["Account"] is None


def test_children_come_as_a_result_of_their_own_or_null(people: Caller) -> None:
    acme, alone = (
        people.rows("SELECT Id FROM Account WHERE Name = 'Acme'")[0]["Id"],
        people.create("Account", Name="Alone"),
    )
    ids = f"('{acme}', '{alone}')"

    first, second = people.rows(
        "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC LIMIT 1) FROM Account "
        f"WHERE Id IN {ids} ORDER BY Name"
    )

    assert first["Contacts"]["totalSize"] == 1
    assert first["Contacts"]["records"][0]["LastName"] == "Brown"
    assert second["Contacts"] is None


def test_polymorphic_parents_show_their_name_and_type(admin: Caller) -> None:
    lead, account = admin.create("Lead", LastName="L", Company="C"), admin.create("Account", Name="Acme")
    admin.create("Task", Subject="poly", WhoId=lead)
    admin.create("Task", Subject="poly", WhatId=account)

    first, second = admin.rows(
        "SELECT Who.Name, Who.Type, What.Name, What.Type FROM Task WHERE Subject = 'poly' ORDER BY Id"
    )

    assert first["Who"]["attributes"]["type"] == "Lead"
    assert without_attributes(first["Who"]) == {"Name": "L", "Type": "Lead"}
    assert first["What"] is None
    assert without_attributes(second["What"]) == {"Name": "Acme", "Type": "Account"}
    assert admin.query("SELECT COUNT() FROM Task WHERE Subject = 'poly' AND Who.Type = 'Lead'")["totalSize"] == 1


def test_typeof_chooses_fields_by_the_parents_type(admin: Caller) -> None:
    account = admin.create("Account", Name="Acme", Industry="Banking")
    deal = admin.create("Opportunity", Name="Deal", StageName="Prospecting", CloseDate="2026-01-01")
    for what in (account, deal):
        admin.create("Task", Subject="typeof", WhatId=what)
    what = "TYPEOF What WHEN Opportunity THEN StageName ELSE Name END"

    rows = admin.rows(f"SELECT {what} FROM Task WHERE Subject = 'typeof' ORDER BY Id")

    found = [without_attributes(row["What"]) for row in rows]

    assert found == [{"Name": "Acme"}, {"StageName": "Prospecting"}]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("Email", ["Brown", "O'Dell\\", "Adams", "Çelik"]),
        ("Email DESC", ["Brown", "O'Dell\\", "Çelik", "Adams"]),
        ("Email NULLS LAST", ["Adams", "Çelik", "Brown", "O'Dell\\"]),
        ("Email DESC NULLS LAST", ["Çelik", "Adams", "Brown", "O'Dell\\"]),
    ],
)
def test_nulls_come_first_unless_said_otherwise(people: Caller, order: str, found: list[str]) -> None:
    rows = people.rows(f"SELECT LastName FROM Contact WHERE Department = 'Testing' ORDER BY {order}, LastName")

    assert [row["LastName"] for row in rows] == found


def test_aggregates_are_named_by_alias_or_number(people: Caller) -> None:
    rows = people.rows(
        "SELECT LeadSource, COUNT(Id), MIN(LastName) least FROM Contact WHERE Department = 'Testing' "
        "GROUP BY LeadSource ORDER BY LeadSource"
    )

    assert rows[0] == {"attributes": {"type": "AggregateResult"}, "LeadSource": None, "expr0": 2, "least": "Adams"}


def test_having_filters_groups(people: Caller) -> None:
    rows = people.rows(
        "SELECT Account.Name n, COUNT(Id) c FROM Contact WHERE Department = 'Testing' "
        "GROUP BY Account.Name HAVING COUNT(Id) > 1 AND Account.Name != null"
    )

    assert [without_attributes(row) for row in rows] == [{"n": "Acme", "c": 2}]


def test_count_alone_answers_no_records(people: Caller) -> None:
    assert people.query("SELECT COUNT() FROM Contact WHERE Department = 'Testing'") == {
        "totalSize": 4,
        "done": True,
        "records": [],
    }
    assert people.query("SELECT COUNT() FROM Contact WHERE Department = 'Testing' LIMIT 3")["totalSize"] == 3


def test_pages_follow_the_batch_size_between_200_and_2000(admin: Caller) -> None:
    query = "SELECT Id FROM Contact ORDER BY Id"

    whole = admin.query(query)
    small = admin.query(query, **{"Sforce-Query-Options": "batchSize=10"})

    assert (len(whole["records"]), whole["done"]) == (2000, True)
    assert "nextRecordsUrl" not in whole
    assert (len(small["records"]), small["totalSize"], small["done"]) == (200, 2000, False)
    assert small["nextRecordsUrl"].endswith("-200")


def test_all_pages_together_are_the_result(admin: Caller) -> None:
    query = "SELECT Id FROM Contact ORDER BY LastName DESC, Id"
    wanted = [row["Id"] for row in admin.rows(query)]
    page = admin.query(query, "queryAll", **{"Sforce-Query-Options": "batchSize=700"})
    found = [row["Id"] for row in page["records"]]

    while not page["done"]:
        assert page["nextRecordsUrl"].startswith("/services/data/v62.0/query/01g")
        # an unknown parameter is ignored: tap-salesforce sends the query along
        page = admin.http.get(admin.url + page["nextRecordsUrl"] + "?q=nonsense", timeout=30).json()
        found += [row["Id"] for row in page["records"]]

    assert found == wanted


def test_a_page_shows_values_as_they_are_when_it_is_read(admin: Caller) -> None:
    page = admin.query("SELECT Id, Title FROM Contact ORDER BY Id", **{"Sforce-Query-Options": "batchSize=1000"})
    last = admin.rows("SELECT Id FROM Contact ORDER BY Id DESC LIMIT 1")[0]["Id"]
    admin.update("Contact", last, Title="Changed meanwhile")

    rows = admin.http.get(admin.url + page["nextRecordsUrl"], timeout=30).json()["records"]

    assert (rows[-1]["Id"], rows[-1]["Title"]) == (last, "Changed meanwhile")


@pytest.mark.parametrize("locator", ["01gLo0000000001MAA-200", "nonsense"])
def test_a_locator_of_nobodys_is_refused(admin: Caller, locator: str) -> None:
    assert admin.ask("GET", f"query/{locator}").json() == [
        {"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}
    ]


def test_limit_and_offset(people: Caller) -> None:
    query = "SELECT LastName FROM Contact WHERE Department = 'Testing' ORDER BY LastName LIMIT 2 OFFSET 1"

    assert [row["LastName"] for row in people.rows(query)] == ["Brown", "O'Dell\\"]
    assert people.refusal("SELECT Id FROM Contact OFFSET 2001")["errorCode"] == "NUMBER_OUTSIDE_VALID_RANGE"


def test_fields_stands_for_all_of_them(admin: Caller) -> None:
    (row,) = admin.rows("SELECT FIELDS(CUSTOM), Id FROM Account LIMIT 1")

    assert set(row) == {"attributes", "Account_Status__c", "Tandem_Id__c", "Id"}
    assert admin.refusal("SELECT FIELDS(ALL) FROM Account")["message"].endswith("must have a LIMIT of at most 200")
    assert admin.refusal("SELECT Id, FIELDS(ALL) FROM Account LIMIT 1")["message"] == "duplicate field selected: Id"


def test_the_permission_query_of_a_sync_works(admin: Caller, rep: Caller) -> None:
    query = (
        "SELECT PermissionSet.Name, PermissionSet.IsOwnedByProfile, PermissionSet.Profile.Name, "
        "PermissionSet.PermissionsModifyAllData, PermissionSet.PermissionsViewAllData, "
        "PermissionSet.PermissionsApiEnabled, PermissionSet.PermissionsCustomizeApplication, "
        "PermissionSet.PermissionsManageUsers FROM PermissionSetAssignment WHERE AssigneeId = '{}'"
    )
    for caller, is_admin in ((admin, True), (rep, False)):
        user_id = caller.ask("GET", "").json()["identity"].rsplit("/", 1)[1]
        (row,) = caller.rows(query.format(user_id))
        assert row["PermissionSet"]["PermissionsModifyAllData"] is is_admin


UNKNOWN = (
    "use a custom field, be sure to append the '__c' after the custom field name. "
    "Please reference your WSDL or the describe call for the appropriate names."
)


def test_an_unknown_column_is_pointed_at(admin: Caller) -> None:
    assert admin.refusal("SELECT Id,Foo FROM Account") == {
        "message": "\nSELECT Id,Foo FROM Account\n          ^\nERROR at Row:1:Column:11\n"
        f"No such column 'Foo' on entity 'Account'. If you are attempting to {UNKNOWN}",
        "errorCode": "INVALID_FIELD",
    }


def test_an_unknown_object_is_pointed_at(admin: Caller) -> None:
    error = admin.refusal("SELECT Id FROM Foo")

    assert error["errorCode"] == "INVALID_TYPE"
    assert error["message"].startswith(
        "\nSELECT Id FROM Foo\n               ^\nERROR at Row:1:Column:16\nsObject type 'Foo' is not supported."
    )


@pytest.mark.parametrize(
    ("query", "code", "says"),
    [
        ("", "MALFORMED_QUERY", "SOQL statements cannot be empty or null"),
        ("SELECT Id FORM Account", "MALFORMED_QUERY", "unexpected token: 'FORM'"),
        (
            "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'",
            "MALFORMED_QUERY",
            "unexpected token: 'OR'",
        ),
        ("SELECT Id FROM Account WHERE Id IN ()", "MALFORMED_QUERY", "unexpected token: ')'"),
        ("SELECT Id FROM Account ALL ROWS", "MALFORMED_QUERY", "unexpected token: 'ROWS'"),
        ("SELECT Id FROM Account WHERE Name = 'a\\x'", "MALFORMED_QUERY", "Illegal character sequence '\\x'"),
        ("SELECT Id FROM Account WHERE Name = 'open", "MALFORMED_QUERY", "expecting '''"),
        ("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "must be grouped or aggregated: Name"),
        ("SELECT COUNT(Id) FROM Account LIMIT 5", "MALFORMED_QUERY", "cannot also use LIMIT"),
        (
            "SELECT Id FROM Account ORDER BY Description",
            "MALFORMED_QUERY",
            "field 'Description' can not be sorted in a query call",
        ),
        (
            "SELECT Id FROM Account WHERE Description = 'x'",
            "INVALID_FIELD",
            "field 'Description' can not be filtered in a query call",
        ),
        ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: abc"),
        (
            "SELECT Id FROM Account WHERE Id LIKE '001%'",
            "INVALID_QUERY_FILTER_OPERATOR",
            "invalid operator on id field",
        ),
        (
            "SELECT Id FROM Account WHERE CreatedDate > '2026-01-01'",
            "INVALID_FIELD",
            "must be of type dateTime and should not be enclosed in quotes",
        ),
        ("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "INVALID_FIELD", "must be of type dateTime"),
        ("SELECT Id FROM Contact WHERE Birthdate > 2026-01-01T00:00:00Z", "INVALID_FIELD", "must be of type date"),
        (
            "SELECT Id FROM Account WHERE Name = 5",
            "INVALID_FIELD",
            "must be of type string and should be enclosed in quotes",
        ),
        ("SELECT Foo.Name FROM Account", "INVALID_FIELD", "Didn't understand relationship 'Foo' in field path."),
        (
            "SELECT Id, (SELECT Id FROM Foos) FROM Account",
            "INVALID_TYPE",
            "Didn't understand relationship 'Foos' in FROM part",
        ),
        (
            "SELECT Id FROM Account WHERE Id IN (SELECT WhatId FROM Task)",
            "MALFORMED_QUERY",
            "not supported for semi join",
        ),
        ("SELECT Id FROM Account WHERE COUNT(Id) > 1", "MALFORMED_QUERY", "unexpected token: 'COUNT'"),
        ("SELECT Id FROM Account ORDER BY COUNT(Id)", "MALFORMED_QUERY", "unexpected token: 'COUNT'"),
        ("SELECT Id FROM Account LIMIT -1", "MALFORMED_QUERY", "unexpected token: '-1'"),
        ("SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS:999999999999", "MALFORMED_QUERY", "invalid date"),
        ("SELECT Id FROM Account WHERE " + "NOT " * 1500 + "Name = 'a'", "QUERY_TOO_COMPLICATED", "too complicated"),
        ("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id"),
    ],
)
def test_bad_queries_are_refused_with_the_right_code(admin: Caller, query: str, code: str, says: str) -> None:
    error = admin.refusal(query)

    assert error["errorCode"] == code
    assert says in error["message"]
    assert "fields" not in error


def test_deleted_rows_are_seen_by_query_all_only(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="Deleted")
    admin.delete("Contact", record_id)
    query = f"SELECT IsDeleted FROM Contact WHERE Id = '{record_id}'"

    assert admin.rows(query) == []
    assert [row["IsDeleted"] for row in admin.rows(query, "queryAll")] == [True]


def test_archived_activities_are_seen_by_query_all_only(admin: Caller) -> None:
    query = "SELECT COUNT() FROM Task WHERE IsArchived = true"

    assert admin.query(query)["totalSize"] == 0
    assert admin.query(query, "queryAll")["totalSize"] > 0
