"""Which e-mails an exclusion rule keeps out."""

from typing import Any

import pytest

from integrations.activity_rules.addresses import plain_address, plain_domain
from integrations.activity_rules.exclusions import Email, excluding
from integrations.models import ExclusionRule


def keeps_out(sender: str = "", to: tuple[str, ...] = (), subject: str = "", **rule: Any) -> bool:
    return excluding(Email(sender, to, subject), [ExclusionRule(name="A rule", **rule)]) is not None


@pytest.mark.parametrize(
    ("sender", "is_out"),
    [
        ("ann@acme.example", True),
        ("Ann Roe <ANN@Acme.Example>", True),
        ('"Roe, Ann" <ann@acme.example>', True),
        ("ann@mail.acme.example", True),
        ("ann@notacme.example", False),
        ("ann@acme.example.org", False),
        ("acme.example@other.example", False),
        ("", False),
        ("no address", False),
    ],
)
def test_a_domain_means_itself_and_those_below_it(sender: str, is_out: bool) -> None:
    assert keeps_out(sender, from_domains=["acme.example"]) == is_out


@pytest.mark.parametrize("written", ["bücher.example", "BÜCHER.example", "xn--bcher-kva.example", "@bücher.example."])
def test_a_domain_with_umlauts_is_the_same_however_it_is_written(written: str) -> None:
    assert keeps_out("ann@bücher.example", from_domains=[written])
    assert keeps_out("ann@xn--bcher-kva.example", from_domains=[written])


def test_an_address_is_that_person_only() -> None:
    assert keeps_out("Ann <ann@acme.example>", from_addresses=["ANN@acme.example"])
    assert not keeps_out("joann@acme.example", from_addresses=["ann@acme.example"])


@pytest.mark.parametrize(
    ("keyword", "subject", "is_out"),
    [
        ("confidential", "Re: CONFIDENTIAL figures", True),
        ("HR", "A look through the figures", False),
        ("HR", "From HR: your leave", True),
        ("board meeting", "Minutes of the  board\tmeeting", True),
        ("board meeting", "The board is not meeting", False),
        ("resume", "My résumé", True),
        ("C++ (draft)", "Notes on C++ (draft), v2", True),
        ("机密", "这是机密文件", True),
        (".*", "Hello", False),
    ],
)
def test_words_of_a_subject_are_whole_words_without_regard_to_case_and_accents(
    keyword: str, subject: str, is_out: bool
) -> None:
    assert keeps_out("ann@acme.example", subject=subject, from_keywords=[keyword]) == is_out


def test_values_of_one_kind_are_alternatives_and_every_kind_must_fit() -> None:
    rule = {"from_domains": ["acme.example", "ymail.example"], "from_keywords": ["Confidential", "Secret"]}

    assert keeps_out("a@ymail.example", subject="Secret", **rule)
    assert not keeps_out("a@ymail.example", subject="Lunch", **rule)
    assert not keeps_out("a@other.example", subject="Secret", **rule)


def test_the_kinds_may_fit_different_recipients() -> None:
    rule = {"to_domains": ["board.example"], "to_addresses": ["lawyer@law.example"]}

    assert keeps_out(to=("x@board.example", "lawyer@law.example"), **rule)
    assert not keeps_out(to=("x@board.example",), **rule)


@pytest.mark.parametrize("join", ["and", "or"])
@pytest.mark.parametrize("from_fits", [False, True])
@pytest.mark.parametrize("to_fits", [False, True])
def test_from_and_to_are_joined_as_the_rule_says(join: str, from_fits: bool, to_fits: bool) -> None:
    sender = "a@acme.example" if from_fits else "a@other.example"
    to = ("b@other.example", "b@board.example" if to_fits else "c@other.example")

    is_out = keeps_out(sender, to, from_domains=["acme.example"], to_domains=["board.example"], join=join)

    assert is_out == ((from_fits and to_fits) if join == "and" else (from_fits or to_fits))


@pytest.mark.parametrize("join", ["and", "or"])
def test_a_side_that_says_nothing_has_no_say(join: str) -> None:
    assert keeps_out("a@acme.example", ("b@other.example",), from_domains=["acme.example"], join=join)
    assert not keeps_out("a@other.example", ("b@acme.example",), from_domains=["acme.example"], join=join)


def test_a_rule_that_says_nothing_keeps_nothing_out() -> None:
    assert not keeps_out("a@acme.example", ("b@acme.example",), "Hello")


def test_the_first_rule_that_fits_is_named() -> None:
    rules = [
        ExclusionRule(name="Board", from_domains=["board.example"]),
        ExclusionRule(name="Acme", from_domains=["acme.example"]),
        ExclusionRule(name="Everything of Ann", from_addresses=["ann@acme.example"]),
    ]

    assert excluding(Email("ann@acme.example", (), ""), rules) == rules[1]


def test_what_is_no_address_or_domain_stays_as_harmless() -> None:
    assert plain_address("@acme.example") == plain_address("ann@") == plain_address("\n") == ""
    assert plain_domain("bü..cher.example") == "bü..cher.example"
    assert plain_domain("*.acme.example") == plain_domain(" ACME.example. ") == "acme.example"
