"""SOQL is put together in one place: whatever people typed stays a value, and no name brings a clause along."""

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.salesforce import soql
from localorg.soql.literals import text_of
from localorg.soql.parse import parse

ROOT = Path(__file__).parents[2]
ASKS = {"query", "page", "queries", "try_queries"}
# What stands between the words of a query: names and values that soql made, or text that was put together of such.
# A new one is looked at before it is written here.
LOOKED_AT = {
    "soql.name(remote_object)", "soql.name(field)", "soql.name(within[0])", "soql.name(name)",
    "soql.quote(remote_id)", "soql.quote(self.user_id)", "soql.quote(within[1])", "soql.quote(campaign_id)",
    "soql.quote(after.id)", "soql.moment(since)", "soql.containing(domain)", "soql.containing(word)",
    "soql.among(ids[start:start + WRITE_LIMIT])",
    "self._select(remote_object, fields)", "self._select(remote_object, ())",
    "self._select(remote_object, fields[remote_object])",
    "where", "_since(remote_object, since)", "condition", "', '.join(columns)", "','.join(group)",
    "' AND '.join(conditions)", "select", "question.limit", "field", "at", "who", "names", "fields",
    "SHOWN + 1", "STATUSES", "user", "record",
}  # fmt: skip
WORDS = ("SELECT ", " FROM ", "WHERE ", " AND ", " IN (", " LIKE ", " LIMIT ", " = ", " > ", " >= ")
anything = st.text(max_size=80) | st.text(alphabet="'\\\"%_\n\r\t )(;,SELECT", max_size=40)


@given(anything)
def test_whatever_was_typed_is_one_value_of_the_query(text: str) -> None:
    found = parse(f"SELECT Id FROM Contact WHERE LastName = {soql.quote(text)} AND Email = 'x'")

    first, second = found.where.parts
    assert text_of(first.value) == text
    assert text_of(second.value) == "x"


@given(st.lists(anything, min_size=1, max_size=5))
def test_many_values_stay_as_many(texts: list[str]) -> None:
    found = parse(f"SELECT Id FROM Contact WHERE LastName IN {soql.among(texts)}")

    assert [text_of(value) for value in found.where.values] == texts


@given(anything)
def test_a_pattern_is_one_value_too(text: str) -> None:
    found = parse(f"SELECT Id FROM Contact WHERE Name LIKE {soql.containing(text)} AND Email = 'x'")

    assert len(found.where.parts) == 2


@given(st.text(max_size=40))
def test_a_name_that_passes_brings_nothing_along(text: str) -> None:
    try:
        name = soql.name(text)
    except ValueError:
        return
    assert all(part.isidentifier() and part.isascii() for part in name.split("."))


@pytest.mark.parametrize("text", ["", "Id FROM User", "Id,Name", "Na me", "Id--", "1d", "Owner.", "Id\n", "Ünal__c"])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        soql.name(text)


def test_queries_hold_nothing_that_was_not_made_by_the_builder() -> None:
    found = {
        f"{path.name}:{node.lineno} {{{ast.unparse(part.value)}}}"
        for path in (ROOT / "integrations" / "salesforce").glob("*.py")
        if path.name != "soql.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr) and any(word in _words(node) for word in WORDS)
        for part in node.values
        if isinstance(part, ast.FormattedValue) and ast.unparse(part.value) not in LOOKED_AT
    }
    assert not found


def test_nobody_else_asks_an_org_in_soql() -> None:
    """The client is asked by integrations/salesforce alone; no query is put together by % or format either."""
    found = [
        f"{path}:{node.lineno}"
        for path in (ROOT / "integrations").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if (_is_asking(node.func) and path.parent.name != "salesforce") or _is_formatting(node)
    ]
    assert not found


def _words(node: ast.JoinedStr) -> str:
    return "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))


def _is_asking(function: ast.Attribute) -> bool:
    return function.attr in ASKS and ast.unparse(function.value).endswith("client")


def _is_formatting(call: ast.Call) -> bool:
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and function.attr == "format"
        and isinstance(function.value, ast.Constant)
        and "SELECT " in str(function.value.value)
    )
