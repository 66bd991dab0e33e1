"""Words as people mean them: without case and accents, the same in Python and in PostgreSQL.

"Élan" is found as "elan" and sorts under E, on every server: neither the operating system's locale nor an extension has
a say. Letters are taken apart (NFKD), their accents dropped, capitals made small; what sorts is compared by code point.
"""

import re
import unicodedata
from typing import Any

from django.db.models import CharField, Func, GeneratedField, TextField
from django.db.models.functions import Left

ACCENTS = "[\u0300-\u036f]"
# What taking apart leaves as it is: capitals of the alphabets that have them, and letters with a stroke.
_CAPITALS = [chr(code) for start, end in ((0x80, 0x250), (0x370, 0x530), (0x531, 0x557)) for code in range(start, end)]
_SMALL = {
    letter: letter.lower()
    for letter in _CAPITALS
    if unicodedata.normalize("NFKD", letter) == letter and letter != letter.lower()
}
SINGLE = _SMALL | dict(zip("øØłŁđĐħĦŧŦıŋŊðÐς", "oollddhhttinnddσ", strict=True))
SEVERAL = {"ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "þ": "th", "Þ": "th"}
_TABLE = str.maketrans(SINGLE | SEVERAL | {chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})


def fold(text: str) -> str:
    """``text`` as the database compares it."""
    if text.isascii():
        return text.lower()
    bare = re.sub(ACCENTS, "", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFKC", bare).translate(_TABLE)


def _template() -> str:
    text = "NORMALIZE(REGEXP_REPLACE(NORMALIZE({0}, NFKD), '[\\u0300-\\u036f]', '', 'g'), NFKC)"
    for letter, letters in SEVERAL.items():
        text = f"REPLACE({text}, '{letter}', '{letters}')"
    text = f"TRANSLATE({text}, '{''.join(SINGLE)}', '{''.join(SINGLE.values())}')"
    # Most names are plain ASCII, and cost next to nothing.
    plain = "OCTET_LENGTH({0}) = CHAR_LENGTH({0})"
    return f'LOWER((CASE WHEN {plain} THEN {{0}} ELSE {text} END) COLLATE "C")'.format("(%(expressions)s)")


class Fold(Func):
    """A text as ``fold`` has it; immutable, as a generated column must be."""

    template = _template()
    output_field = TextField()

    def as_sql(self, *args: Any, **kwargs: Any) -> tuple[str, tuple[Any, ...]]:
        sql, params = super().as_sql(*args, **kwargs)
        return sql, (*params,) * self.template.count("%(expressions)s")


def sort_field(text: Any, length: int) -> GeneratedField:
    """A stored column to sort by: ``text``, folded. Taken apart, letters may need more room than they had."""
    column = CharField(max_length=length, db_collation="C")
    return GeneratedField(expression=Left(Fold(text), length), output_field=column, db_persist=True)
