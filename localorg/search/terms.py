"""What somebody looks for -> what FTS5 understands.

Words are joined by AND unless OR or AND NOT stands between; "phrases" stay together; * stands for any letters and ?
for one, in the middle of a word or at its end.
"""

import re
import sqlite3
from collections.abc import Iterator

from localorg.errors import Refused, refuse
from localorg.schema import SObject
from localorg.search.index import vocabulary

MOST_WORDS = 500  # that a wildcard stands for
SHORTEST = 2  # characters of what is looked for
DEEPEST = 50  # parentheses

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|(?:[^\s()"\\]|\\.)+', re.S)
_ESCAPED = re.compile(r"\\(.)", re.S)
_WORD_SIGN = re.compile(r"\w")
_OPERATORS = {"AND", "OR", "NOT"}


def expression(db: sqlite3.Connection, sobject: SObject, text: str) -> str:
    """The MATCH expression for an object's index. Raises Refused (INVALID_SEARCH, MALFORMED_SEARCH)."""
    if len(_WORD_SIGN.findall(text)) < SHORTEST:
        raise refuse("INVALID_SEARCH", f"search term must be longer than one character: {text}")
    return _Reader(db, sobject, text).whole()


class _Reader:
    """Recursive descent: OR binds least, then AND NOT, then AND, which may be left out."""

    def __init__(self, db: sqlite3.Connection, sobject: SObject, text: str) -> None:
        self.db = db
        self.sobject = sobject
        # signs alone are no words: Smith & Sons
        self.tokens = [token for token in _TOKEN.findall(text) if token in ("(", ")") or _WORD_SIGN.search(token)]
        self.depth = 0

    def whole(self) -> str:
        found = self._alternatives()
        if self.tokens:
            raise _malformed(self.tokens[0])
        return found

    def _alternatives(self) -> str:
        parts = [self._restricted()]
        while self._takes("OR"):
            parts.append(self._restricted())
        return " OR ".join(parts) if len(parts) > 1 else parts[0]

    def _restricted(self) -> str:
        found = self._together()
        while self._takes("NOT"):
            found = f"({found} NOT {self._together()})"
        return found

    def _together(self) -> str:
        parts = [self._one()]
        while True:
            joined = self._takes("AND")
            if joined and self._upcoming() == "NOT":
                break  # AND NOT
            if not joined and self._upcoming() in ("", ")", "OR", "NOT"):
                break
            parts.append(self._one())
        return f"({' AND '.join(parts)})" if len(parts) > 1 else parts[0]

    def _one(self) -> str:
        if not self.tokens or self._upcoming() in (*_OPERATORS, ")"):
            raise _malformed(self.tokens[0] if self.tokens else "<EOF>")
        first = self.tokens.pop(0)
        if first == "(":
            return self._nested()
        return _quoted(_plain(first[1:-1])) if first.startswith('"') else self._word(first)

    def _nested(self) -> str:
        self.depth += 1
        if self.depth > DEEPEST:
            raise _malformed("(")
        found = self._alternatives()
        if not self._takes(")"):
            raise _malformed(self.tokens[0] if self.tokens else "<EOF>")
        self.depth -= 1
        return f"({found})"

    def _word(self, token: str) -> str:
        bare = _ESCAPED.sub("", token)
        inner = bare.rstrip("*")
        if "*" not in inner and "?" not in inner:
            star = "*" if bare.endswith("*") else ""
            return _quoted(_plain(token.rstrip("*") if star else token)) + star
        words = list(self._known_words(_plain(token)))
        return f"({' OR '.join(map(_quoted, words))})" if words else _quoted("")

    def _known_words(self, pattern: str) -> Iterator[str]:
        """The words of the index that a pattern with wildcards within means."""
        start = re.split(r"[*?]", pattern.lower(), maxsplit=1)[0]
        sql = f"SELECT term FROM {vocabulary(self.sobject)} WHERE term >= ? AND term < ? AND term GLOB ? LIMIT ?"
        glob = "".join(f"[{sign}]" if sign in "[]" else sign for sign in pattern.lower())
        wanted = (start, start + "\U0010ffff", glob, MOST_WORDS)
        return (row[0] for row in self.db.execute(sql, wanted))

    def _upcoming(self) -> str:
        return self.tokens[0].upper() if self.tokens else ""

    def _takes(self, word: str) -> bool:
        if self._upcoming() != word:
            return False
        self.tokens.pop(0)
        return True


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _quoted(text: str) -> str:
    """An FTS5 string: its words in a row. Without any word it would match everything, and shall match nothing."""
    if not _WORD_SIGN.search(text):
        return '"\ue000"'  # a sign of private use, which nobody writes
    return '"' + text.replace('"', '""').replace("\0", " ") + '"'


def _malformed(token: str) -> Refused:
    return refuse("MALFORMED_SEARCH", f"unexpected token: '{token}'")
