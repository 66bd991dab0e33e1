"""Functions of text. Positions count from 1."""

from decimal import Decimal, InvalidOperation
from typing import Any

import regex

from localorg import ids
from localorg.formulas.errors import EvaluationError
from localorg.formulas.library.signature import BOOLEAN, NUMBER, TEXT, Signature, Signatures

LONGEST = 32_000
PATIENCE = 1  # seconds for one regular expression
NUMERAL = regex.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?")

ONE, TWO = (TEXT,), (TEXT, TEXT)


def _begins(text: str | None, start: str | None) -> bool | None:
    """Everything begins with nothing; whether nothing begins with something is unknown."""
    if start is None:
        return True
    return None if text is None else text.startswith(start)


def _contains(text: str | None, part: str | None) -> bool:
    return part is None or part in (text or "")


def _find(part: str | None, text: str | None, start: Decimal | None = Decimal(1)) -> Decimal | None:
    if start is None:
        return None
    if part is None or text is None or start < 1:
        return Decimal(0)
    return Decimal(text.find(part, int(start) - 1) + 1)


def _mid(text: str, start: Decimal, length: Decimal) -> str:
    first = max(int(start), 1) - 1
    return text[first : first + max(int(length), 0)]


def _left(text: str, length: Decimal) -> str:
    return text[: max(int(length), 0)]


def _right(text: str, length: Decimal) -> str:
    return text[max(len(text) - max(int(length), 0), 0) :]


def _substitute(text: str | None, old: str | None, new: str | None) -> str | None:
    return text if text is None or old is None else _bounded(text.replace(old, new or ""))


def _filling(text: str, length: Decimal, pad: str) -> str:
    missing = min(int(length), LONGEST) - len(text)
    return (pad * missing)[:missing] if missing > 0 else ""


def _left_pad(text: str, length: Decimal, pad: str = " ") -> str:
    return _filling(text, length, pad) + _left(text, length)


def _right_pad(text: str, length: Decimal, pad: str = " ") -> str:
    return _left(text, length) + _filling(text, length, pad)


def _bounded(text: str) -> str:
    if len(text) > LONGEST:
        raise EvaluationError("Text is too long")
    return text


def _is_number(text: str | None) -> bool:
    return text is not None and NUMERAL.fullmatch(text) is not None


def _value(text: str) -> Decimal:
    if not _is_number(text):
        raise EvaluationError(f'For input string: "{text}"')
    try:
        return Decimal(text)
    except InvalidOperation:
        raise EvaluationError(f'For input string: "{text}"') from None


def _matches(text: str | None, pattern: str) -> bool:
    """The whole text, by a regular expression of Java's dialect as far as the ``regex`` package speaks it."""
    try:
        return regex.fullmatch(pattern, text or "", flags=regex.V1, timeout=PATIENCE) is not None
    except regex.error as error:
        raise EvaluationError(f"Invalid regular expression: {error}") from None
    except TimeoutError:
        raise EvaluationError("Regex too complicated") from None


def _case_safe_id(text: str) -> str:
    return ids.parse(text) or text


def _character(code: Decimal) -> str:
    try:
        return chr(int(code))
    except (ValueError, OverflowError):
        raise EvaluationError("Character code out of range") from None


def _length(text: Any) -> Decimal:
    return Decimal(len(text or ""))


FUNCTIONS: Signatures = {
    "ASCII": (Signature(ONE, NUMBER, lambda text: Decimal(ord(text[0]))),),
    "BEGINS": (Signature(TWO, BOOLEAN, _begins, blanks=True),),
    "BR": (Signature((), TEXT, lambda: "\n"),),
    "CASESAFEID": (Signature(ONE, TEXT, _case_safe_id),),
    "CHR": (Signature((NUMBER,), TEXT, _character),),
    "CONTAINS": (Signature(TWO, BOOLEAN, _contains, blanks=True),),
    "FIND": (Signature((TEXT, TEXT, NUMBER), NUMBER, _find, optional=1, blanks=True),),
    "INITCAP": (Signature(ONE, TEXT, str.title),),
    "ISNUMBER": (Signature(ONE, BOOLEAN, _is_number, blanks=True),),
    "LEFT": (Signature((TEXT, NUMBER), TEXT, _left),),
    "LEN": (Signature(ONE, NUMBER, _length, blanks=True),),
    "LOWER": (Signature(TWO, TEXT, lambda text, locale="": text.lower(), optional=1),),
    "LPAD": (Signature((TEXT, NUMBER, TEXT), TEXT, _left_pad, optional=1),),
    "MID": (Signature((TEXT, NUMBER, NUMBER), TEXT, _mid),),
    "REGEX": (Signature(TWO, BOOLEAN, lambda text, pattern: _matches(text, pattern or ""), blanks=True),),
    "REVERSE": (Signature(ONE, TEXT, lambda text: text[::-1]),),
    "RIGHT": (Signature((TEXT, NUMBER), TEXT, _right),),
    "RPAD": (Signature((TEXT, NUMBER, TEXT), TEXT, _right_pad, optional=1),),
    "SUBSTITUTE": (Signature((TEXT, TEXT, TEXT), TEXT, _substitute, blanks=True),),
    "TRIM": (Signature(ONE, TEXT, str.strip),),
    "UPPER": (Signature(TWO, TEXT, lambda text, locale="": text.upper(), optional=1),),
    "VALUE": (Signature(ONE, NUMBER, _value),),
}
