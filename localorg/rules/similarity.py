"""How alike two values are, from 0 to 100, and from where on they count as the same."""

from collections.abc import Callable

import jellyfish

from localorg.rules import normal

EXACT = 100.0
THRESHOLDS = {
    "Exact": 100,
    "Email": 100,
    "FirstName": 85,
    "LastName": 90,
    "CompanyName": 70,
    "Phone": 80,
    "City": 85,
    "Street": 80,
    "Zip": 80,
    "Title": 50,
}
NATIONAL = 10  # digits of a telephone number in North America


def score(method: str, one: str, other: str) -> float:
    if normal.plain(one.strip()) == normal.plain(other.strip()):
        return EXACT
    compare = _METHODS.get(method)
    return compare(one, other) if compare else 0.0


def _email(one: str, other: str) -> float:
    return EXACT if normal.email(one) == normal.email(other) else 0.0


def _first_name(one: str, other: str) -> float:
    a, b = normal.first_name(one), normal.first_name(other)
    if not a or not b:
        return 0.0
    is_initial = len(a) == 1 or len(b) == 1
    return EXACT if a == b or (is_initial and a[0] == b[0]) else 100 * jellyfish.jaro_winkler_similarity(a, b)


def _last_name(one: str, other: str) -> float:
    return EXACT if normal.sound(one) == normal.sound(other) else _edited(_joined(one), _joined(other))


def _company(one: str, other: str) -> float:
    a, b = normal.company(one), normal.company(other)
    if "".join(a) == "".join(b) or _is_acronym(a, b) or _is_acronym(b, a):
        return EXACT
    return _edited(" ".join(a), " ".join(b))


def _is_acronym(short: list[str], long: list[str]) -> bool:
    return len(short) == 1 and len(long) > 1 and short[0] == "".join(word[0] for word in long)


def _phone(one: str, other: str) -> float:
    """Country code 10 %, area code 50 %, next three digits 30 %, last four 10 %."""
    a, b = (normal.digits(text).rjust(NATIONAL) for text in (one, other))
    parts = ((slice(0, -10), 10), (slice(-10, -7), 50), (slice(-7, -4), 30), (slice(-4, None), 10))
    return float(sum(weight for part, weight in parts if a[part] == b[part]))


def _street(one: str, other: str) -> float:
    """The house number is worth a third of the name."""
    (a, number), (b, other_number) = _house(one), _house(other)
    return 0.75 * _edited(a, b) + (25 if number == other_number else 0)


def _house(street: str) -> tuple[str, str]:
    found = normal.words(street)
    return " ".join(w for w in found if not w[0].isdigit()), next((w for w in found if w[0].isdigit()), "")


def _zip(one: str, other: str) -> float:
    """The first five 90 %, the rest 10 %."""
    a, b = _joined(one), _joined(other)
    return 90.0 * (a[:5] == b[:5]) + 10.0 * (a[5:] == b[5:])


def _title(one: str, other: str) -> float:
    a, b = normal.words(one), normal.words(other)
    return EXACT if _is_acronym(a, b) or _is_acronym(b, a) else _shared(set(a), set(b))


def _shared(one: set[str], other: set[str]) -> float:
    return 100 * len(one & other) / max(1, len(one | other))


def _edited(one: str, other: str) -> float:
    return 100 * (1 - jellyfish.levenshtein_distance(one, other) / max(1, len(one), len(other)))


def _joined(text: str) -> str:
    return "".join(normal.words(text))


_METHODS: dict[str, Callable[[str, str], float]] = {
    "Email": _email,
    "FirstName": _first_name,
    "LastName": _last_name,
    "CompanyName": _company,
    "Phone": _phone,
    "City": lambda one, other: _edited(_joined(one), _joined(other)),
    "Street": _street,
    "Zip": _zip,
    "Title": _title,
}
