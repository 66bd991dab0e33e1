"""FIND {words} IN NAME FIELDS RETURNING Contact(Id, Name WHERE … ORDER BY … LIMIT 5), Account LIMIT 20 -> its parts."""

import re
from dataclasses import dataclass

from localorg.errors import Refused, refuse

SCOPES = {
    "ALL": ("name", "email", "phone", "other"),
    "NAME": ("name",),
    "EMAIL": ("email",),
    "PHONE": ("phone",),
    "SIDEBAR": ("name", "email", "phone"),
}
LONGEST = 100_000  # characters

_FIND = re.compile(r"\s*FIND\s*\{((?:[^\\{}]|\\.)*)\}\s*", re.I | re.S)
_SCOPE = re.compile(r"IN\s+(\w+)\s+FIELDS\b\s*", re.I)
_RETURNING = re.compile(r"RETURNING\s+", re.I)
_NAME = re.compile(r"[A-Za-z]\w*")
# what asks for more about the records than they are: accepted, and without effect here
_WITH = r"WITH\s+(?:HIGHLIGHT|SNIPPET|SPELL_CORRECTION\s*=\s*(?:true|false)|METADATA\s*=\s*'LABELS')\s*"
_TAIL = re.compile(rf"\s*(?:{_WITH})*(?:LIMIT\s+(\d{{1,9}})\s*)?\Z", re.I)
_CLAUSE = re.compile(r"\b(?:WHERE|ORDER\s+BY|LIMIT|OFFSET)\b", re.I)
_SIGN = re.compile(r"'(?:[^'\\]|\\.)*'|[()]|[^'()]+", re.S)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object to search: the columns of its records and the clauses they must obey, as SOQL has them."""

    name: str
    columns: str = ""
    clauses: str = ""

    @property
    def soql(self) -> str:
        return f"SELECT {self.columns or 'Id'} FROM {self.name} {self.clauses}"


@dataclass(frozen=True, slots=True)
class Search:
    """``groups``: field groups to look into; no ``wanted``: every object that can be searched."""

    text: str
    groups: tuple[str, ...] = SCOPES["ALL"]
    wanted: tuple[Wanted, ...] = ()
    limit: int | None = None


def parse(text: str) -> Search:
    """Raises Refused (MALFORMED_SEARCH)."""
    if len(text) > LONGEST:
        raise refuse("MALFORMED_SEARCH", f"SOSL statements cannot be longer than {LONGEST} characters.")
    match = _FIND.match(text)
    if match is None:
        message = "No search term found. The search term must be enclosed in braces."
        raise refuse("MALFORMED_SEARCH", message)
    looked_for, rest = match[1], text[match.end() :]
    groups = SCOPES["ALL"]
    if scope := _SCOPE.match(rest):
        groups, rest = scope_of(scope[1]), rest[scope.end() :]
    wanted: list[Wanted] = []
    if returning := _RETURNING.match(rest):
        rest = rest[returning.end() :]
        while True:
            one, rest = _wanted(rest)
            wanted.append(one)
            if not rest.lstrip().startswith(","):
                break
            rest = rest.lstrip()[1:]
    tail = _TAIL.match(rest)
    if tail is None:
        raise _unexpected(rest)
    return Search(looked_for, groups, tuple(wanted), int(tail[1]) if tail[1] else None)


def scope_of(name: str) -> tuple[str, ...]:
    groups = SCOPES.get(name.upper())
    if groups is None:
        raise _unexpected(name)
    return groups


def _wanted(text: str) -> tuple[Wanted, str]:
    """The first object of a RETURNING clause, and what follows it."""
    text = text.lstrip()
    name = _NAME.match(text)
    if name is None:
        raise _unexpected(text)
    rest = text[name.end() :].lstrip()
    if not rest.startswith("("):
        return Wanted(name[0]), rest
    inner, rest = _parenthesis(rest)
    clause = _CLAUSE.search(inner)
    start = clause.start() if clause else len(inner)
    columns = inner[:start].strip()
    if not columns:
        raise _unexpected(inner)
    return Wanted(name[0], columns, inner[start:]), rest


def _parenthesis(text: str) -> tuple[str, str]:
    """What stands in the parenthesis that a text begins with, and what stands behind it."""
    depth, end = 0, 0
    for sign in _SIGN.findall(text):
        end += len(sign)
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return text[1 : end - 1], text[end:]
    raise _unexpected("<EOF>")


def _unexpected(text: str) -> Refused:
    token = (text.split() or ["<EOF>"])[0]
    return refuse("MALFORMED_SEARCH", f"unexpected token: '{token}'")
