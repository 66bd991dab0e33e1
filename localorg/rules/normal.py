"""How matching rules see values: brought into one form, and cut down to the keys by which records are found.

Methods, algorithms, thresholds and keys are those that Salesforce documents for its matching methods.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import jellyfish

COMPANY_NOISE = {"ag", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated", "limited", "llc"}
COMPANY_NOISE |= {"llp", "ltd", "nv", "plc", "pty", "sa", "sarl", "se", "spa", "srl", "the"}
NICKNAMES = {  # variant -> the name it stands for
    variant: name
    for name, variants in {
        "alexander": "alex sasha",
        "andrew": "andy drew",
        "anthony": "tony",
        "benjamin": "ben",
        "catherine": "cathy kate katherine kathy",
        "charles": "charlie chuck",
        "christopher": "chris",
        "daniel": "dan danny",
        "david": "dave",
        "edward": "ed eddie ted",
        "elizabeth": "beth betty liz lisa",
        "james": "jim jimmy",
        "jennifer": "jen jenny",
        "john": "jack johnny",
        "jonathan": "jon",
        "joseph": "joe joey",
        "margaret": "maggie meg peggy",
        "matthew": "matt",
        "michael": "mick mike",
        "nicholas": "nick",
        "patricia": "pat patty tricia",
        "richard": "dick rich rick",
        "robert": "bob bobby rob robbie",
        "samuel": "sam",
        "stephen": "steve steven",
        "susan": "sue suzy",
        "theodore": "theo",
        "thomas": "tom tommy",
        "timothy": "tim",
        "william": "bill billy will",
    }.items()
    for variant in variants.split()
}
_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Lower case, without accents."""
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    return _WORD.findall(plain(text))


def first_name(text: str) -> str:
    """The first word, nicknames as the names they stand for."""
    found = words(text)
    return NICKNAMES.get(found[0], found[0]) if found else ""


def company(text: str) -> list[str]:
    """Words of a company's name that tell something."""
    found = words(text)
    return [word for word in found if word not in COMPANY_NOISE] or found


def digits(text: str) -> str:
    """Of a telephone number, without the country code of North America."""
    found = "".join(c for c in plain(text) if c.isdigit())
    return found[1:] if found.startswith("1") else found


def email(text: str) -> str:
    """Without dots and underscores before the @, and without subdomains behind it."""
    local, _, domain = plain(text).strip().partition("@")
    return re.sub(r"[._]", "", local) + "@" + ".".join(domain.split(".")[-2:])


@lru_cache(maxsize=4096)
def sound(text: str) -> str:
    """How a name sounds in English; the name itself where that says nothing."""
    name = "".join(words(text))
    return jellyfish.metaphone(name) or name


def key(method: str, value: object) -> str | None:
    """What a value must share with another to be compared with it; None for blanks."""
    text = str(value).strip() if value is not None else ""
    return (_KEYS[method](text) or None) if text else None


def _initials(found: list[str], count: int, length: int) -> str:
    return "".join(word[:length] for word in found[:count])


_KEYS: dict[str, Callable[[str], str]] = {
    "Exact": plain,
    "Email": email,
    "FirstName": lambda text: first_name(text)[:1],
    "LastName": sound,
    "CompanyName": lambda text: _initials(company(text), 1, 5),
    "Phone": lambda text: digits(text)[:-4] or digits(text),
    "City": lambda text: "".join(words(text))[:3],
    "Street": lambda text: _initials(words(text), 2, 10),
    "Zip": lambda text: "".join(words(text))[:3],
    "Title": lambda text: _initials(words(text), 1, 1),
}
