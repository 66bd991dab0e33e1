"""Pages of sub-queries: long lists of children, and parents whose children fill the page."""

from simple_salesforce import Salesforce

from tests.localorg.client import Caller, Json


def with_contacts(admin: Caller, name: str, count: int) -> str:
    account = admin.create("Account", Name=name)
    people = [{"attributes": {"type": "Contact"}, "LastName": f"{n:04}", "AccountId": account} for n in range(count)]
    for start in range(0, count, 200):
        body = {"allOrNone": True, "records": people[start : start + 200]}
        assert all(row["success"] for row in admin.ask("POST", "composite/sobjects", body).json())
    return account


def children(record: Json) -> list[str]:
    return [child["LastName"] for child in record["Contacts"]["records"]]


QUERY = (
    "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account"
    " WHERE Name LIKE 'Family%' ORDER BY Name"
)


def test_a_parent_shows_499_children_and_a_locator_for_the_rest(admin: Caller) -> None:
    with_contacts(admin, "Family 1", 620)
    with_contacts(admin, "Family 2", 2)

    found = admin.query(QUERY)
    many, few = found["records"]

    assert (found["totalSize"], found["done"]) == (2, True)
    assert (many["Contacts"]["totalSize"], many["Contacts"]["done"]) == (620, False)
    assert (few["Contacts"]["done"], len(children(few))) == (True, 2)
    assert many["Contacts"]["nextRecordsUrl"].endswith("-499")
    rest = admin.http.get(admin.url + many["Contacts"]["nextRecordsUrl"]).json()
    assert (rest["totalSize"], rest["done"]) == (620, True)
    assert children(many) + [row["LastName"] for row in rest["records"]] == [f"{n:04}" for n in range(620)]


def test_wide_children_come_199_at_first(admin: Caller) -> None:
    account = admin.create("Account", Name="Family")
    mail = {"attributes": {"type": "EmailMessage"}, "RelatedToId": account, "Subject": "S", "Status": "3"}
    for size in (200, 20):
        assert all(row["success"] for row in admin.ask("POST", "composite/sobjects", {"records": [mail] * size}).json())

    (family,) = admin.rows(f"SELECT (SELECT TextBody, HtmlBody FROM Emails) FROM Account WHERE Id = '{account}'")

    assert family["Emails"]["totalSize"] == 220
    assert len(family["Emails"]["records"]) == 199


def test_children_count_towards_the_page_of_their_parents(admin: Caller) -> None:
    for number in range(4):
        with_contacts(admin, f"Family {number}", 120)

    first = admin.query(QUERY, **{"Sforce-Query-Options": "batchSize=200"})
    second = admin.http.get(admin.url + first["nextRecordsUrl"]).json()

    assert (first["totalSize"], first["done"]) == (4, False)
    assert [record["Name"] for record in first["records"]] == ["Family 0", "Family 1"]
    assert [record["Name"] for record in second["records"]] == ["Family 2", "Family 3"]
    assert all(len(children(record)) == 120 for record in first["records"] + second["records"])
    assert second["done"] is True


def test_limit_and_offset_of_a_sub_query_count_for_each_parent(admin: Caller) -> None:
    for number in range(2):
        with_contacts(admin, f"Family {number}", 5)
    some = QUERY.replace("ORDER BY LastName)", "ORDER BY LastName LIMIT 2 OFFSET 1)")

    assert [children(record) for record in admin.rows(some)] == [["0001", "0002"], ["0001", "0002"]]


def test_a_locator_of_children_is_its_users_own(admin: Caller, rep: Caller) -> None:
    with_contacts(admin, "Family", 510)

    (family,) = admin.rows(QUERY)

    assert (
        rep.http.get(rep.url + family["Contacts"]["nextRecordsUrl"]).json()[0]["errorCode"] == "INVALID_QUERY_LOCATOR"
    )


def test_simple_salesforce_reads_parents_page_by_page(admin: Caller) -> None:
    for number in range(3):
        with_contacts(admin, f"Family {number}", 150)
    client: Salesforce = admin.simple_salesforce()

    found = client.query_all(QUERY, headers={"Sforce-Query-Options": "batchSize=200"})

    assert [len(record["Contacts"]["records"]) for record in found["records"]] == [150, 150, 150]
