"""SOQL text. Every value goes through ``quote`` or ``moment``, every name that is not ours through ``name``: nothing
that a person typed reaches a query raw."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

WHERE_LIMIT = 3_900  # characters; Salesforce takes 4,000 in one WHERE string
_ESCAPES = str.maketrans({"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"})
_LIKE_ESCAPES = _ESCAPES | str.maketrans({"%": "\\%", "_": "\\_"})


_NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", re.ASCII)


def name(text: str) -> str:
    """The API name of an object or field. Raises ValueError: what is none would be read as a part of the query."""
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is not a name of Salesforce's.")
    return text


def quote(text: str) -> str:
    return f"'{text.translate(_ESCAPES)}'"


def containing(text: str) -> str:
    """A LIKE pattern for a field that contains ``text``."""
    return f"'%{text.translate(_LIKE_ESCAPES)}%'"


def moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def among(values: Iterable[str]) -> str:
    return f"({','.join(map(quote, values))})"


def chunks(conditions: Sequence[str], joiner: str = " OR ", limit: int = WHERE_LIMIT) -> Iterator[list[str]]:
    """Conditions in groups whose joined text stays below ``limit``."""
    group: list[str] = []
    size = 0
    for condition in conditions:
        if group and size + len(condition) > limit:
            yield group
            group, size = [], 0
        group.append(condition)
        size += len(condition) + len(joiner)
    if group:
        yield group
