"""Record ids: 15 base-62 characters that tell the object by their first three, plus a checksum of three."""

import re

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # in ASCII order, so ids sort as they grow
CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
INSTANCE = "Lo0"
SHORT = 15
MASTER_RECORD_TYPE = "012000000000000AAA"

_WELL_FORMED = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?\Z")


# Whether each character is a capital, as 1 or 0; and the sign that stands for five of them, the first one lowest.
_CAPITALS = str.maketrans({digit: str(int(digit.isupper())) for digit in DIGITS})
_SIGNS = {f"{number:05b}"[::-1]: sign for number, sign in enumerate(CHECKSUM)}


def to18(id15: str) -> str:
    """The 18-character form of a 15-character id."""
    capitals = id15.translate(_CAPITALS)
    return f"{id15}{_SIGNS[capitals[:5]]}{_SIGNS[capitals[5:10]]}{_SIGNS[capitals[10:]]}"


def parse(text: str) -> str | None:
    """The canonical 18-character id, or None if ``text`` is none.

    The checksum says which letters are capitals, so an id whose case was lost is repaired.
    """
    if not _WELL_FORMED.match(text):
        return None
    return to18(text) if len(text) == SHORT else _repair(text)


def make(prefix: str, number: int) -> str:
    """The id of the ``number``-th record of the object with this key prefix."""
    return to18(prefix + INSTANCE + _base62(number, 9))


def _base62(number: int, width: int) -> str:
    out = ""
    while number:
        number, rest = divmod(number, 62)
        out = DIGITS[rest] + out
    return out.rjust(width, "0")


def _repair(id18: str) -> str | None:
    body, checksum = id18[:15], id18[15:].upper()
    if to18(body)[15:] == checksum:
        return body + checksum
    if any(c not in CHECKSUM for c in checksum):
        return None
    capitals = [bool(CHECKSUM.index(checksum[n // 5]) >> (n % 5) & 1) for n in range(15)]
    repaired = "".join(c.upper() if up else c.lower() for c, up in zip(body, capitals, strict=True))
    return repaired + checksum if to18(repaired)[15:] == checksum else None


ORG_ID = make("00D", 1)
