"""Whether a rule keeps an e-mail out. Pure functions on plain addresses."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from common.folding import fold
from integrations.activity_rules.addresses import is_under, plain_address, plain_domain
from integrations.models import ExclusionRule

SHOWN = 3  # values of one kind, in words


@dataclass(frozen=True)
class Email:
    """What rules look at: never who gets a copy. Addresses in any form in which a header may have them."""

    sender: str
    recipients: tuple[str, ...]
    subject: str


def excluding(email: Email, rules: Iterable[ExclusionRule]) -> ExclusionRule | None:
    """The first rule that keeps an e-mail out; None where all let it pass."""
    sides = (_plain([email.sender]), _plain(email.recipients))
    subject = fold(email.subject)
    return next((rule for rule in rules if _matches(rule, *sides, subject)), None)


def told(rule: ExclusionRule) -> list[tuple[str, str]]:
    """Each side that says something, in words."""
    sides = (
        ("From", rule.from_domains, rule.from_addresses, rule.from_keywords),
        ("To", rule.to_domains, rule.to_addresses, rule.to_keywords),
    )
    return [(side, text) for side, *kinds in sides if (text := _side(*kinds))]


def _side(domains: Sequence[str], addresses: Sequence[str], keywords: Sequence[str]) -> str:
    quoted = [f"“{word}”" for word in keywords]
    parts = [(domains, ""), (addresses, ""), (quoted, "subject with ")]
    return ", and ".join(f"{before}{_some(values)}" for values, before in parts if values)


def _some(values: Sequence[str]) -> str:
    shown = " or ".join(values[:SHOWN])
    return f"{shown} or {len(values) - SHOWN:,} more" if len(values) > SHOWN else shown


def _plain(addresses: Iterable[str]) -> list[str]:
    return [plain for one in addresses if (plain := plain_address(one))]


def _matches(rule: ExclusionRule, sender: Sequence[str], recipients: Sequence[str], subject: str) -> bool:
    """A side that says nothing has no say."""
    found = [
        _fits(sender, subject, rule.from_domains, rule.from_addresses, rule.from_keywords),
        _fits(recipients, subject, rule.to_domains, rule.to_addresses, rule.to_keywords),
    ]
    said = [one for one in found if one is not None]
    return bool(said) and (any(said) if rule.join == ExclusionRule.Join.OR else all(said))


def _fits(
    people: Sequence[str], subject: str, domains: Sequence[str], addresses: Sequence[str], keywords: Sequence[str]
) -> bool | None:
    """Whether each kind of values that is filled in has one that fits; None where none is filled in."""
    if not (domains or addresses or keywords):
        return None
    of_domain = not domains or any(is_under(one, plain_domain(domain)) for one in people for domain in domains)
    of_address = not addresses or bool({plain_address(one) for one in addresses} & set(people))
    return of_domain and of_address and (not keywords or any(_is_said(word, subject) for word in keywords))


def _is_said(keyword: str, subject: str) -> bool:
    """Whether whole words of the subject are these, without regard to case and accents: “HR” is not in “through”."""
    words = r"\s+".join(re.escape(word) for word in fold(keyword).split())
    return bool(words) and bool(re.search(f"{_edge(keyword[:1])}{words}{_edge(keyword[-1:])}", subject))


def _edge(letter: str) -> str:
    """Words end at spaces and signs only in alphabets that have capitals; elsewhere a text is found anywhere."""
    return r"\b" if letter.isdigit() or letter.lower() != letter.upper() else ""
