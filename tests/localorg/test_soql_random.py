"""Random SOQL of the whole grammar is answered as an independent evaluator answers it, or refused rightly."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.localorg.client import Caller, Json, Server
from tests.localorg.conftest import sign_in
from tests.localorg.soql.evaluator import Evaluator, cut, folded, in_order
from tests.localorg.soql.query import Item, Query
from tests.localorg.soql.strategies import FROM, Grammar, quoted, spoilt
from tests.localorg.soql.world import World

PLAIN = Path(__file__).parents[2] / "localorg" / "orgs" / "plain.toml"
FIELDS = """
[[fields]]
object = "Contact"
name = "Hobbies__c"
label = "Hobbies"
type = "MultiselectPicklist"
values = ["Art", "Biking", "Chess", "Dance"]
"""
ODD_PEOPLE: list[Json] = [
    {"LastName": "Adams", "Title": "50% off_er", "Hobbies__c": "Art;Chess"},
    {"LastName": "ADAMS", "Title": "back\\slash", "Hobbies__c": "Art"},
    {"LastName": "O'Dell", "Title": 'say "hi"', "Hobbies__c": "Dance;Biking;Art"},
    {"LastName": "Çelik", "Title": "naïve", "Email": "c@example.com", "Birthdate": "1980-02-29"},
    {"LastName": "Null", "FirstName": "N", "DoNotCall": True, "MailingCity": "Bilbao"},
    {"LastName": "null", "Department": "adams"},
]
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=2000)
KNOWN_CODES = {
    "INVALID_FIELD",
    "INVALID_TYPE",
    "MALFORMED_QUERY",
    "INVALID_QUERY_FILTER_OPERATOR",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "EXCEEDED_ID_LIMIT",
    "QUERY_TOO_COMPLICATED",
}


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """The administrator of a small org with some odd people in it."""
    folder = tmp_path_factory.mktemp("random")
    (folder / "org.toml").write_text(PLAIN.read_text() + FIELDS)
    server = Server(folder / "data", "--org", str(folder / "org.toml"), "--seed", "60")
    caller = sign_in(server, "System Administrator")
    for person in ODD_PEOPLE:
        caller.create("Contact", **person)
    yield caller
    server.stop()


@pytest.fixture(scope="module")
def world(asker: Caller) -> World:
    return World(asker, (*FROM, "User", "Profile", "UserRole"))


@pytest.fixture(scope="module")
def grammar(world: World) -> Grammar:
    return Grammar(world)


@QUICK
@given(data=st.data())
def test_random_queries_are_answered_as_the_evaluator_answers_them(grammar: Grammar, asker: Caller, data: Any) -> None:
    check_answer(grammar, asker, data.draw(grammar.queries()))


@pytest.mark.long
@LONG
@given(data=st.data())
def test_thousands_of_random_queries_are_answered_as_well(grammar: Grammar, asker: Caller, data: Any) -> None:
    check_answer(grammar, asker, data.draw(grammar.queries()))


def check_answer(grammar: Grammar, asker: Caller, query: Query) -> None:
    status, told = ask(asker, str(query))

    assert status == 200, (str(query), told)
    if query.group or any(isinstance(i, Item) and not isinstance(i.operand, tuple) for i in query.select):
        check_groups(Evaluator(grammar.world), query, told)
    else:
        check_records(Evaluator(grammar.world), query, told)


def check_records(evaluator: Evaluator, query: Query, told: Json) -> None:
    """What sorts alike may come in any order, so a page is compared by its sort keys and row by row."""
    table = evaluator.world[query.source]
    rows = evaluator.matching(table, table.rows, query.where)
    expected = cut(evaluator.sorted(table, rows, query.order), query)
    shown = told["records"]
    records = {row["Id"]: evaluator.record(table, row, query) for row in rows}
    found = [record["attributes"]["url"].rsplit("/", 1)[1] for record in shown]

    assert told["totalSize"] == len(shown) == len(expected)
    assert len(set(found)) == len(found)
    for record_id, record in zip(found, shown, strict=True):
        assert loosened(record, query) == loosened(records[record_id], query)
        assert list(record) == list(records[record_id])
    ranks = [[evaluator.rank(table, table.by_id[i], o.operand) for o in query.order] for i in found]
    assert ranks == [[evaluator.rank(table, row, o.operand) for o in query.order] for row in expected]


def loosened(record: Json, query: Query) -> Json:
    """Children without an order of their own, as a set; those cut off by LIMIT then may be any."""
    shown = dict(record)
    for item in query.select:
        if isinstance(item, Query) and (found := shown[item.source]) is not None:
            sizes = {name: found[name] for name in ("totalSize", "done")}
            shown[item.source] = sizes | {"records": None if item.limit else sorted(map(str, found["records"]))}
    return shown


def check_groups(evaluator: Evaluator, query: Query, told: Json) -> None:
    expected = evaluator.groups(query)
    names = [item.alias or "" for item in query.select if isinstance(item, Item)]
    shown = [[value for name, value in row.items() if name != "attributes"] for row in told["records"]]

    assert all(alias in row for row in told["records"] for alias in names if alias)
    assert (
        told["totalSize"] == len(shown) == (len(expected) if query.limit is None else min(query.limit, len(expected)))
    )
    assert not Counter(map(comparable, shown)) - Counter(comparable(row[: len(names)]) for row in expected)
    for order in query.order[:1]:
        column = [item.operand for item in query.select if isinstance(item, Item)].index(order.operand)
        is_text = evaluator.kind(evaluator.world[query.source], order.operand) == "text"
        ranks = [folded(row[column]) if is_text else row[column] for row in shown]
        assert all(in_order(a, b, order) <= 0 for a, b in pairwise(ranks))


def comparable(row: list[Any]) -> tuple[Any, ...]:
    """Groups are made without regard to case, and sums of floats depend on their order."""
    return tuple(f"{value:.6g}" if isinstance(value, (int, float)) else str(folded(value)) for value in row)


@QUICK
@given(data=st.data())
def test_random_mistakes_are_refused_with_the_right_error(grammar: Grammar, asker: Caller, data: Any) -> None:
    check_refusal(asker, *data.draw(spoilt(grammar)))


@pytest.mark.long
@LONG
@given(data=st.data())
def test_thousands_of_random_mistakes_are_refused_as_well(grammar: Grammar, asker: Caller, data: Any) -> None:
    check_refusal(asker, *data.draw(spoilt(grammar)))


def check_refusal(asker: Caller, query: str, code: str) -> None:
    status, told = ask(asker, query)

    assert status == 400, (query, told)
    assert [error["errorCode"] for error in told] == [code], (query, told)
    assert all(set(error) == {"message", "errorCode"} for error in told)


WORDS = (
    "SELECT Id Name FROM Account Contact Contacts WHERE = != < ( ) ( ) , , 'x' 5 2026-01-01 null TODAY AND OR NOT IN"
)
WORDS += " LIKE GROUP BY ROLLUP COUNT( SUM( HAVING ORDER BY LIMIT OFFSET FIELDS(ALL) TYPEOF WHEN THEN END INCLUDES"
WORDS += (
    " FOR VIEW WITH USING SCOPE mine Amount Account.Name CALENDAR_YEAR( CreatedDate . ; \\ ' % \u00e7 \x00 -1 1e400"
)


@settings(QUICK, max_examples=150)
@given(
    words=st.lists(st.sampled_from(WORDS.split(" ")), max_size=20), start=st.sampled_from(("", "SELECT Id FROM Lead "))
)
def test_any_words_at_all_are_answered_or_refused(asker: Caller, words: list[str], start: str) -> None:
    status, told = ask(asker, start + " ".join(words))

    assert status in (200, 400), told
    if status == 400:
        assert told[0]["errorCode"] in KNOWN_CODES


# Salesforce trims text and stores nothing for what is left empty; control characters never come back from any client.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=40
).filter(lambda text: text == text.strip())


@settings(QUICK, max_examples=40)
@given(text=TEXT)
def test_any_text_can_be_found_by_itself_and_by_a_pattern(asker: Caller, text: str) -> None:
    record_id = asker.create("Lead", LastName="Literal", Company="Literal", Title=text)
    pattern = re.sub(r"([%_])", r"\\\1", quoted(text)[1:-1])

    equal = asker.rows(f"SELECT Id FROM Lead WHERE Company = 'Literal' AND Title = {quoted(text)}")
    alike = asker.rows(f"SELECT Id FROM Lead WHERE Company = 'Literal' AND Title LIKE '%{pattern}%'")

    assert record_id in [row["Id"] for row in equal]
    assert record_id in [row["Id"] for row in alike]
    asker.delete("Lead", record_id)


def ask(asker: Caller, query: str) -> tuple[int, Any]:
    """Status and body; asked as a part of a composite, where a query may be of any length."""
    escaped = "".join(f"%{byte:02X}" for byte in query.encode())
    part = {"method": "GET", "url": f"/services/data/v62.0/query?q={escaped}", "referenceId": "q"}
    (answer,) = asker.ask("POST", "composite", {"compositeRequest": [part]}).json()["compositeResponse"]
    return answer["httpStatusCode"], answer["body"]
