"""Values in the other side's words and back: faithful both ways, and refused where they don't fit."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.sync.limits import problems
from integrations.sync.mapping import MISSING, Pair, Vocabulary, normal, read_column, to_local, to_remote
from integrations.sync.plan import Rule
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import Field, Type
from integrations.sync.value_map import ValueMap

WORDS = Vocabulary()
FIRST, LAST = datetime.fromisoformat("1700-01-02"), datetime.fromisoformat("3999-12-30")
MAP = ValueMap.of(
    [
        {"ours": "IT", "theirs": "Technology", "way": "both"},
        {"ours": "Software", "theirs": "Technology", "way": "out"},
        {"ours": "IT", "theirs": "Electronics", "way": "in"},
    ]
)


def remote(type_: str, **more: Any) -> RemoteField:
    return RemoteField("X__c", "X", type_, **more)


def pair(local: Field, there: RemoteField, values: ValueMap | None = None) -> Pair:
    return Pair(local, there, Rule(), values or ValueMap())


def refused(there: RemoteField, value: Any) -> list[str]:
    return [problem.message for problem in problems({"X__c": value}, _object(there), is_create=False)]


def _object(there: RemoteField) -> Description:
    return Description("Thing", "Thing", True, True, {there.name: there})


@pytest.mark.parametrize(
    ("type_", "scale", "value", "kept"),
    [
        ("double", 2, Decimal("0.125"), 0.13),
        ("double", 2, "2.675", 2.68),
        ("currency", 2, -0.005, -0.01),
        ("int", 0, 2.5, 3),
        ("percent", 0, Decimal("49.5"), 50.0),
        ("currency", 2, 1e300, 1e300),
    ],
)
def test_numbers_are_rounded_as_salesforce_rounds(type_: str, scale: int, value: Any, kept: float) -> None:
    assert normal(remote(type_, scale=scale), value) == kept


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=-8))), "2026-03-29T09:30:00.000+0000"),
        ("2026-03-29T09:30:00+02:00", "2026-03-29T07:30:00.000+0000"),
        ("2026-03-29T01:30:00", "2026-03-29T01:30:00.000+0000"),
        (datetime(33, 1, 1, tzinfo=UTC), "0033-01-01T00:00:00.000+0000"),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "0001-01-01T00:00:00.000+0000"),
    ],
)
def test_moments_are_kept_in_utc_to_the_second(value: Any, kept: str) -> None:
    assert normal(remote("datetime"), value) == kept


def test_choices_have_no_order_and_no_doubles() -> None:
    assert normal(remote("multipicklist"), ["Red", " Blue", "Red"]) == "Blue;Red"
    assert normal(remote("multipicklist"), "Red;Blue;") == "Blue;Red"
    assert normal(remote("multipicklist"), [" "]) is None


def test_long_text_keeps_its_lines() -> None:
    assert normal(remote("textarea"), "one\r\ntwo\r\n") == "one\ntwo"


@pytest.mark.parametrize(
    ("there", "value", "words"),
    [
        (remote("string", length=3), "four", "4 characters, Salesforce takes 3 at most: “four”"),
        (remote("currency", digits=0, precision=5, scale=2), 1000.0, "1000.0 has more than the 3 digits"),
        (remote("date"), "1492-10-12", "1492-10-12 is outside of what Salesforce takes, 1700-01-01 to 4000-12-31"),
        (remote("datetime"), "4001-01-01T00:00:00.000+0000", "is outside of what"),
        (remote("email"), "nobody", "“nobody” is not an e-mail address"),
        (remote("multipicklist", is_restricted=True, values=("Red",)), "Blue;Red", "“Blue;Red” is not among"),
    ],
)
def test_what_salesforce_can_not_hold_names_the_field_the_limit_and_the_value(
    there: RemoteField, value: Any, words: str
) -> None:
    (message,) = refused(there, value)

    assert message.startswith("X: ")
    assert words in message


def test_a_number_that_comes_with_more_decimals_is_rounded_not_cut() -> None:
    whole = Field("custom.score", "Score", Type.NUMBER)

    assert to_local(pair(whole, remote("double", scale=2)), 2.75, WORDS, None) == 3


@given(st.dates(date(1700, 1, 1), date(4000, 12, 31)))
def test_every_day_comes_back_as_it_went(day: date) -> None:
    days = pair(Field("close_on", "Closes", Type.DATE), remote("date"))

    assert to_local(days, to_remote(days, day, WORDS), WORDS, None) == day  # type: ignore[arg-type]


@given(st.datetimes(FIRST, LAST, timezones=st.timezones()))
def test_every_moment_comes_back_as_the_same_moment(moment: datetime) -> None:
    moments = pair(Field("custom.met", "Met", Type.DATETIME), remote("datetime"))
    there = to_remote(moments, moment, WORDS)

    here = to_local(moments, there, WORDS, None)  # type: ignore[arg-type]
    assert datetime.fromisoformat(here) == moment.astimezone(UTC).replace(microsecond=0)
    assert to_remote(moments, here, WORDS) == there


@given(st.decimals(-(10**12), 10**12, places=2))
def test_every_amount_comes_back_to_the_cent(amount: Decimal) -> None:
    amounts = pair(
        Field("amount", "Amount", Type.NUMBER, decimals=2, max_digits=18), remote("currency", scale=2, digits=16)
    )

    assert to_local(amounts, to_remote(amounts, amount, WORDS), WORDS, None) == amount  # type: ignore[arg-type]


def industry() -> Pair:
    return pair(Field("industry", "Industry", Type.TEXT, 255, empty=""), remote("picklist"), MAP)


@pytest.mark.parametrize(
    ("ours", "theirs"), [("IT", "Technology"), ("Software", "Technology"), ("Banking", "Banking"), ("", None)]
)
def test_a_value_of_ours_is_said_in_their_words(ours: str, theirs: str | None) -> None:
    assert to_remote(industry(), ours, WORDS) == theirs


@pytest.mark.parametrize(
    ("theirs", "current", "ours"),
    [
        ("Technology", "", "IT"),
        ("Technology", "Software", "Software"),
        ("Electronics", "Software", "IT"),
        ("Banking", "IT", "Banking"),
        (None, "IT", ""),
    ],
)
def test_a_value_of_theirs_that_several_of_ours_mean_keeps_the_present_one(
    theirs: str | None, current: str, ours: str
) -> None:
    assert to_local(industry(), theirs, WORDS, current) == ours


def test_each_of_several_choices_is_translated() -> None:
    many = pair(Field("custom.tags", "Tags", Type.MULTI_PICKLIST), remote("multipicklist"), MAP)

    assert to_remote(many, ["Software", "Banking"], WORDS) == "Banking;Technology"
    assert to_local(many, "Banking;Technology", WORDS, None) == ["Banking", "IT"]
    assert to_local(many, "Banking;Technology", WORDS, ["Software", "Banking"]) == ["Software", "Banking"]


def test_a_column_of_new_records_is_translated_too() -> None:
    assert read_column(industry(), ["Technology", None, "Banking"], WORDS, "") == ["IT", "", "Banking"]


def test_what_is_translated_into_something_too_long_does_not_fit() -> None:
    short = pair(
        Field("ticker", "Ticker", Type.TEXT, 4, empty=""),
        remote("picklist"),
        ValueMap.of([{"ours": "much too long", "theirs": "Ok", "way": "both"}]),
    )

    assert to_local(short, "Ok", WORDS, "") is MISSING
