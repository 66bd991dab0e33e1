"""What data sources write into cells, in the words that the directory has for it."""

import re

from django.core.exceptions import ValidationError

from common.domains import registrable_domain
from common.folding import fold
from directory.models import Prospect

SCALES = {"k": 1_000, "m": 1_000_000, "mn": 1_000_000, "mio": 1_000_000, "b": 10**9, "bn": 10**9}
_SCALED = re.compile(r"([^\d-]*)([\d.,]+)\s*(k|mio|mn|m|bn|b)\b.*", re.IGNORECASE)
_FIRST_NUMBER = re.compile(r"\d[\d.,\u00a0\u202f' ]*")
VERIFIED = frozenset({"verified", "valid", "deliverable", "ok", "yes", "true", "confirmed"})
UNKNOWN = frozenset({"", "-", "—", "unknown", "none", "n/a", "unavailable"})


def amount(text: str) -> str:
    """ "$1.5M" and "12k", written out; any other text as it is."""
    if not (found := _SCALED.fullmatch(text.strip())):
        return text
    number = found[2].replace(",", "." if "." not in found[2] else "")
    try:
        return f"{float(number) * SCALES[found[3].lower()]:.0f}"
    except ValueError:
        return text


def employees(text: str) -> str:
    """Of a range its lower end: "1,001-5,000 employees"."""
    scaled = amount(text.partition("-")[0].partition("–")[0].rstrip("+ "))
    found = _FIRST_NUMBER.search(scaled)
    return re.sub(r"\D", "", found[0]) if found else text


def year(text: str) -> str:
    """The year of a date, too."""
    found = re.search(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)", text)
    if not found:
        raise ValidationError("Not a year.")
    return found[0]


def domain(text: str) -> str:
    """The registered one of a website, a host or an address."""
    if found := registrable_domain(text):
        return found
    raise ValidationError(f"“{text[:80]}” has no domain.")


def email_status(text: str) -> str:
    """Whatever is not said to be verified is not."""
    word = fold(text).strip()
    if word in UNKNOWN:
        return ""
    return Prospect.EmailStatus.VERIFIED if word in VERIFIED else Prospect.EmailStatus.UNVERIFIED
