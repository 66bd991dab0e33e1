"""Ids of Salesforce: 15 characters in which case counts, or 18 with a checksum of the case."""

import re

CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
PREFIXES = {"001": "Account", "003": "Contact", "00Q": "Lead", "006": "Opportunity"}
_SHORT = re.compile(r"[0-9A-Za-z]{15}")


def object_of(text: str) -> str:
    """The object that an id is of; "" for what is none, or of an object that is not synced."""
    is_id = re.fullmatch(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?", text.strip())
    return PREFIXES.get(text.strip()[:3], "") if is_id else ""


def to_18(text: str) -> str:
    """The long form of a short id; anything else as it is."""
    text = text.strip()
    if not _SHORT.fullmatch(text):
        return text
    fives = (text[:5], text[5:10], text[10:])
    return text + "".join(CHECKSUM[sum(char.isupper() << place for place, char in enumerate(five))] for five in fives)
