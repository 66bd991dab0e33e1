"""Merge fields: {!Account.Id}, {!$User.Email}, {!URLENCODE(Account.Name)}.

How long ids come out is a recorded fact: a merge field alone gives 15 characters, one within other text 18; those of
$User and $Organization are always short; CASESAFEID makes the long form of either.
"""

import html
import json
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

from localorg import ids

FUNCTIONS: dict[str, Callable[[str], str]] = {
    "CASESAFEID": lambda text: ids.parse(text) or text,
    "HTMLENCODE": html.escape,
    "JSENCODE": lambda text: json.dumps(text)[1:-1],
    "URLENCODE": lambda text: quote(text, safe=""),
}

_FIELD = re.compile(r"\{!\s*([^{}]*?)\s*\}")
_CALL = re.compile(r"(\w+)\s*\((.*)\)\Z", re.S)
_NAME = re.compile(r"\$?\w+(?:\.\w+)+\Z")

Values = Callable[[str], str]  # of a name such as Account.Name; ids in their long form


class ExpressionError(ValueError):
    """What is no merge field, in words for whoever wrote it."""


def names(text: str) -> Iterator[str]:
    """The names that a text's merge fields ask for. Raises ExpressionError."""
    if "{!" in _FIELD.sub("", text):
        raise ExpressionError(f"Syntax error: a merge field is not closed in '{text.strip()[:80]}'")
    for found in _FIELD.finditer(text):
        yield _split(found[1])[1]


def fill(text: str, value_of: Values) -> str:
    """The text with the values of its merge fields."""
    is_alone = _FIELD.fullmatch(text.strip()) is not None

    def value(found: re.Match[str]) -> str:
        calls, name = _split(found[1])
        result = value_of(name)
        if ids.parse(result) == result and (is_alone or name.startswith("$")):
            result = result[: ids.SHORT]
        for call in calls:
            result = FUNCTIONS[call](result)
        return result

    return _FIELD.sub(value, text)


def _split(expression: str) -> tuple[list[str], str]:
    """The functions, innermost first, and the name they are called on."""
    calls: list[str] = []
    while call := _CALL.match(expression):
        if call[1].upper() not in FUNCTIONS:
            raise ExpressionError(f"Unknown function {call[1]}")
        calls.insert(0, call[1].upper())
        expression = call[2].strip()
    if not _NAME.match(expression):
        raise ExpressionError(f"Syntax error: {{!{expression[:80]}}}")
    return calls, expression
