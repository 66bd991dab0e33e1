"""Any text survives the way through a SOQL literal, and conditions match what Python says they should."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simple_salesforce import format_soql

from tests.localorg.client import Caller

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# Salesforce trims text and stores nothing for what is left empty; control characters never come back from any client.
TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=40
).filter(lambda text: text == text.strip())
WORDS = ("Adams", "adams", "ADAM", "Brown", "50%", "a_b", "O'Dell", "Çelik", "çelik", "back\\slash", "")


@QUICK
@given(text=TEXT)
def test_any_title_can_be_found_by_itself(admin: Caller, text: str) -> None:
    record_id = admin.create("Contact", LastName="Literal", Title=text)

    found = admin.rows(format_soql("SELECT Id FROM Contact WHERE Title = {} AND LastName = 'Literal'", text))

    assert record_id in [row["Id"] for row in found]
    assert admin.get("Contact", record_id)["Title"] == text


@QUICK
@given(text=TEXT)
def test_a_pattern_made_of_text_matches_the_text(admin: Caller, text: str) -> None:
    record_id = admin.create("Contact", LastName="Pattern", Title=text)

    found = admin.rows(
        format_soql("SELECT Id FROM Contact WHERE Title LIKE '%{:like}%' AND LastName = 'Pattern'", text)
    )

    assert record_id in [row["Id"] for row in found]


def literal(text: str) -> str:
    return format_soql("{}", text)


comparisons = st.one_of(
    st.tuples(st.sampled_from(("=", "!=", "<", ">")), st.sampled_from(WORDS)),
    st.tuples(st.sampled_from(("IN", "NOT IN")), st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)),
    st.tuples(st.just("LIKE"), st.sampled_from(("a%", "%S", "_rown", "%\\%", "%\\_b", "ç%", "%"))),
    st.tuples(st.sampled_from(("=", "!=")), st.none()),
)
conditions: st.SearchStrategy[Any] = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.tuples(st.just("NOT"), inner),
        st.tuples(st.sampled_from(("AND", "OR")), st.lists(inner, min_size=2, max_size=3)),
    ),
    max_leaves=6,
)


def soql(condition: Any) -> str:
    operator, value = condition
    match operator:
        case "NOT":
            return f"(NOT {soql(value)})"
        case "AND" | "OR":
            return "(" + f" {operator} ".join(soql(part) for part in value) + ")"
        case "LIKE":
            return f"Title LIKE '{value}'"
        case "IN" | "NOT IN":
            return f"Title {operator} ({', '.join(literal(word) for word in value)})"
    return f"Title {operator} {'null' if value is None else literal(value)}"


def holds(condition: Any, title: str | None) -> bool:
    """The same condition by an evaluator that shares nothing with the org."""
    operator, value = condition
    own = title.casefold() if title else None
    match operator:
        case "NOT":
            return not holds(value, title)
        case "AND":
            return all(holds(part, title) for part in value)
        case "OR":
            return any(holds(part, title) for part in value)
        case "LIKE":
            return own is not None and re.fullmatch(_pattern(value), own, re.S) is not None
        case "IN" | "NOT IN":
            return (own in {word.casefold() or None for word in value}) == (operator == "IN")
    other = value.casefold() or None if value is not None else None
    if operator in ("=", "!="):
        return (own == other) == (operator == "=")
    if own is None or other is None:
        return False
    return own < other if operator == "<" else own > other


def _pattern(like: str) -> str:
    parts = re.findall(r"\\.|.", like.casefold())
    return "".join(".*" if p == "%" else "." if p == "_" else re.escape(p[-1]) for p in parts)


@QUICK
@given(condition=conditions)
def test_random_conditions_are_answered_as_an_independent_evaluator_answers_them(
    titled: dict[str, str | None], admin: Caller, condition: Any
) -> None:
    rows = admin.rows(f"SELECT Id FROM Contact WHERE LastName = 'Random' AND {soql(condition)}")

    assert {row["Id"] for row in rows} == {record_id for record_id, title in titled.items() if holds(condition, title)}


@pytest.fixture
def titled(admin: Caller) -> dict[str, str | None]:
    return {admin.create("Contact", LastName="Random", Title=word): word or None for word in WORDS}
