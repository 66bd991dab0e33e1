"""SOSL and parameterized search."""

from typing import Any

import pytest
import requests

from tests.localorg.client import Caller, Json, without_attributes


def search(caller: Caller, sosl: str) -> list[Json]:
    answer = caller.ask("GET", "search", params={"q": sosl})
    assert answer.status_code == 200, answer.text
    return answer.json()["searchRecords"]


def names(caller: Caller, sosl: str) -> list[str]:
    return sorted(record["Name"] for record in search(caller, sosl))


def refusal(caller: Caller, sosl: str) -> Json:
    answer = caller.ask("GET", "search", params={"q": sosl})
    assert answer.status_code == 400, answer.text
    (error,) = answer.json()
    return error


@pytest.fixture
def zoo(admin: Caller) -> Caller:
    """People and a company that nobody else's words lead to."""
    zebra = admin.create("Account", Name="Zebra & Gnu Zoo", Phone="+49 (30) 555-0199")
    admin.create("Contact", FirstName="Çelik", LastName="Zwick", Email="zw@zebra.example", AccountId=zebra)
    admin.create("Contact", LastName="Zwickau", Description="Met at the zebra enclosure", Title="Zookeeper")
    admin.create("Lead", LastName="Zwicky", Company="Zebra Crossing")
    return admin


def test_a_search_looks_through_all_objects_for_all_words(zoo: Caller) -> None:
    found = search(zoo, "FIND {zebra}")

    assert [record["attributes"]["type"] for record in found] == ["Account", "Contact", "Contact", "Lead"]
    assert all(set(record) == {"attributes", "Id"} for record in found)
    assert found[0]["attributes"]["url"] == f"/services/data/v62.0/sobjects/Account/{found[0]['Id']}"


def test_returning_says_which_objects_and_fields(zoo: Caller) -> None:
    returning = "Contact(Id, Name, Account.Name WHERE Email != null), Account(Name)"

    person, company = search(zoo, f"FIND {{zebra}} IN ALL FIELDS RETURNING {returning}")

    assert person["Name"] == "Çelik Zwick"
    assert person["Account"]["Name"] == company["Name"] == "Zebra & Gnu Zoo"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("zwick", ["Çelik Zwick"]),
        ("ZWICK*", ["Zwickau", "Çelik Zwick"]),
        ("zw?ckau", ["Zwickau"]),
        ("z*au", ["Zwickau"]),
        ("celik", ["Çelik Zwick"]),
        ("zebra enclosure", ["Zwickau"]),
        ("enclosure zebra", ["Zwickau"]),
        ('"zebra enclosure"', ["Zwickau"]),
        ('"enclosure zebra"', []),
        ("zwick OR zwickau", ["Zwickau", "Çelik Zwick"]),
        ("zebra AND NOT enclosure", ["Çelik Zwick"]),
        ("zebra AND (enclosure OR nothing)", ["Zwickau"]),
        ("zw@zebra.example", ["Çelik Zwick"]),
        ("zebra & enclosure -", ["Zwickau"]),
        ("zebra\\*", ["Zwickau", "Çelik Zwick"]),
        ("nobody", []),
    ],
)
def test_words_phrases_wildcards_and_operators(zoo: Caller, words: str, found: list[str]) -> None:
    assert names(zoo, f"FIND {{{words}}} RETURNING Contact(Name)") == found


@pytest.mark.parametrize(
    ("group", "words", "found"),
    [
        ("NAME", "zwickau", ["Zwickau"]),
        ("NAME", "enclosure", []),
        ("EMAIL", "zebra", ["Çelik Zwick"]),
        ("ALL", "zookeeper", ["Zwickau"]),
        ("SIDEBAR", "zookeeper", []),
    ],
)
def test_field_groups_narrow_a_search(zoo: Caller, group: str, words: str, found: list[str]) -> None:
    assert names(zoo, f"FIND {{{words}}} IN {group} FIELDS RETURNING Contact(Name)") == found


@pytest.mark.parametrize("number", ["555-0199", "49 30 555 0199", "49305550199"])
def test_phone_numbers_are_found_however_they_are_set_apart(zoo: Caller, number: str) -> None:
    assert names(zoo, f"FIND {{{number}}} IN PHONE FIELDS RETURNING Account(Name)") == ["Zebra & Gnu Zoo"]


def test_a_search_finds_what_was_just_written_and_not_what_is_gone(zoo: Caller) -> None:
    assert names(zoo, "FIND {okapi} RETURNING Contact(Name)") == []
    okapi = zoo.create("Contact", LastName="Okapi")
    assert names(zoo, "FIND {okapi} RETURNING Contact(Name)") == ["Okapi"]
    zoo.update("Contact", okapi, LastName="Tapir")
    assert names(zoo, "FIND {okapi} RETURNING Contact(Name)") == []
    assert names(zoo, "FIND {tapir} RETURNING Contact(Name)") == ["Tapir"]
    zoo.delete("Contact", okapi)
    assert names(zoo, "FIND {tapir} RETURNING Contact(Name)") == []


def test_what_a_reset_took_back_is_not_found(zoo: Caller) -> None:
    assert search(zoo, "FIND {zwickau}")

    zoo.control("reset")

    assert search(zoo, "FIND {zwickau}") == []


def test_rows_of_a_composite_that_was_undone_are_not_found(zoo: Caller) -> None:
    search(zoo, "FIND {quagga}")
    base = "/services/data/v62.0"
    parts = [
        {"method": "POST", "url": f"{base}/sobjects/Contact", "referenceId": "a", "body": {"LastName": "Quagga"}},
        {"method": "GET", "url": f"{base}/search?q=FIND+%7Bquagga%7D", "referenceId": "b"},
        {"method": "POST", "url": f"{base}/sobjects/Contact", "referenceId": "c", "body": {}},
    ]

    kept = zoo.ask("POST", "composite", {"compositeRequest": parts}).json()["compositeResponse"]
    zoo.control("reset")
    zoo.ask("POST", "composite", {"allOrNone": True, "compositeRequest": parts})

    assert len(kept[1]["body"]["searchRecords"]) == 1
    assert search(zoo, "FIND {quagga}") == []


def test_limits_count_for_an_object_and_for_all(zoo: Caller) -> None:
    assert len(search(zoo, "FIND {zebra} RETURNING Contact(Id LIMIT 1), Account")) == 2
    assert len(search(zoo, "FIND {zebra} LIMIT 3")) == 3
    assert names(zoo, "FIND {zwick*} RETURNING Contact(Name ORDER BY Name LIMIT 1 OFFSET 1)") == ["Çelik Zwick"]


def test_before_version_37_the_answer_is_a_bare_array(zoo: Caller) -> None:
    url = f"{zoo.url}/services/data/v36.0/search"

    answer = zoo.http.get(url, params={"q": "FIND {zwickau} RETURNING Contact(Name)"}, timeout=30)

    assert [record["Name"] for record in answer.json()] == ["Zwickau"]


def test_simple_salesforce_searches(zoo: Caller) -> None:
    client = zoo.simple_salesforce()

    assert len(client.quick_search("zwickau")["searchRecords"]) == 1
    assert client.search("FIND {nobodyatall}")["searchRecords"] == []


@pytest.mark.parametrize(
    ("sosl", "code", "says"),
    [
        ("", "MALFORMED_SEARCH", "The search term must be enclosed in braces."),
        ("FIND 'x'", "MALFORMED_SEARCH", "The search term must be enclosed in braces."),
        ("FIND {open", "MALFORMED_SEARCH", "The search term must be enclosed in braces."),
        ("FIND {a}", "INVALID_SEARCH", "search term must be longer than one character: a"),
        ("FIND {***}", "INVALID_SEARCH", "longer than one character"),
        ("FIND {ab AND}", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {(ab}", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {ab)}", "MALFORMED_SEARCH", "unexpected token: ')'"),
        ("FIND {ab} IN NO FIELDS", "MALFORMED_SEARCH", "unexpected token: 'NO'"),
        ("FIND {ab} RETURNING", "MALFORMED_SEARCH", "unexpected token: 'RETURNING'"),
        ("FIND {ab} RETURNING Contact(Id", "MALFORMED_SEARCH", "unexpected token: '<EOF>'"),
        ("FIND {ab} RETURNING Contact()", "MALFORMED_SEARCH", "unexpected token"),
        ("FIND {ab} RETURNING Contact(COUNT())", "MALFORMED_SEARCH", "not supported in a search"),
        ("FIND {ab} RETURNING Contact(Id) LIMIT x", "MALFORMED_SEARCH", "unexpected token: 'LIMIT'"),
        ("FIND {ab} RETURNING Missing", "INVALID_TYPE", "sObject type 'Missing' is not supported"),
        ("FIND {ab} RETURNING Profile", "INVALID_TYPE", "'Profile' is not searchable"),
        ("FIND {ab} RETURNING Contact(Missing)", "INVALID_FIELD", "No such column 'Missing' on entity 'Contact'"),
        ("FIND {ab} RETURNING Contact(Id WHERE Id = 'x')", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID field: x"),
    ],
)
def test_what_is_no_search_is_refused(admin: Caller, sosl: str, code: str, says: str) -> None:
    error = refusal(admin, sosl)

    assert error["errorCode"] == code
    assert says in error["message"]


def test_parameters_say_the_same_as_sosl(zoo: Caller) -> None:
    asked = zoo.ask(
        "GET",
        "parameterizedSearch",
        params={
            "q": "zebra",
            "sobject": "Contact,Account",
            "Contact.fields": "Name,Title",
            "Contact.where": "Title != null",
            "Account.limit": 1,
            "fields": "Name",
        },
    )
    posted = zoo.ask(
        "POST",
        "parameterizedSearch",
        {
            "q": "zebra",
            "fields": ["Name"],
            "sobjects": [
                {"name": "Contact", "fields": ["Name", "Title"], "where": "Title != null"},
                {"name": "Account"},
            ],
            "overallLimit": 5,
        },
    )

    assert [without_attributes(record) for record in asked.json()["searchRecords"]] == [
        {"Name": "Zwickau", "Title": "Zookeeper"},
        {"Name": "Zebra & Gnu Zoo"},
    ]
    assert posted.json() == asked.json()


def test_parameters_name_groups_and_limits(zoo: Caller) -> None:
    body = {"q": "zwick*", "in": "NAME", "defaultLimit": 1, "sobjects": [{"name": "Contact"}, {"name": "Lead"}]}

    found = zoo.ask("POST", "parameterizedSearch", body).json()["searchRecords"]

    assert [record["attributes"]["type"] for record in found] == ["Contact", "Lead"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"q": 5},
        {"q": "  "},
        {"q": "ab", "sobjects": 5},
        {"q": "ab", "sobjects": [5]},
        {"q": "ab", "fields": "Id"},
        {"q": "ab", "overallLimit": "x"},
        {"q": "ab", "in": "NOWHERE"},
        {"q": "ab", "sobjects": [{"name": "Contact", "limit": -1}]},
        {"q": "ab", "sobjects": [{"name": "Contact", "where": "("}]},
    ],
)
def test_parameters_that_mean_nothing_are_refused(admin: Caller, body: Any) -> None:
    assert admin.ask("POST", "parameterizedSearch", body).status_code == 400


def test_what_surrounds_a_search(zoo: Caller) -> None:
    order = zoo.ask("GET", "search/scopeOrder").json()
    (layout,) = zoo.ask("GET", "search/layout", params={"q": "Contact"}).json()
    suggested = zoo.ask("GET", "search/suggestions", params={"q": "Zwi", "sobject": "Contact", "limit": 1}).json()

    assert {"type": "Contact", "url": "/services/data/v62.0/sobjects/Contact/describe"} in order
    assert layout["searchColumns"][0] == {"field": "Contact.Name", "format": None, "label": "Full Name", "name": "Name"}
    assert [record["Name"] for record in suggested["autoSuggestResults"]] == ["Çelik Zwick"]
    assert suggested["hasMoreResults"] is True
    assert zoo.ask("GET", "search/suggestions", params={"q": "Zwi", "sobject": "Profile"}).status_code == 404


def test_a_search_needs_a_session(fresh: Any) -> None:
    answer = requests.get(f"{fresh.url}/services/data/v62.0/search", params={"q": "FIND {ab}"}, timeout=30)

    assert answer.status_code == 401
