"""From the text of a cell to the value of a field, forgiving how people and spreadsheets write."""

import re
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.postgres.forms import SimpleArrayField
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils.dateparse import parse_datetime

from common.folding import fold
from common.sheets import FORMULA

YES = frozenset({"yes", "y", "true", "t", "1", "x", "on", "ja", "oui", "si"})
NO = frozenset({"no", "n", "false", "f", "0", "off", "nein", "non"})
DAY_FIRST = ("%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%y", "%d/%m/%y")
MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y")
ANY_ORDER = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")
TIMES = ("", " %H:%M", " %H:%M:%S", " %I:%M %p")
GROUPED = {",": re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?"), ".": re.compile(r"-?\d{1,3}(\.\d{3})+,\d+")}


def bare(text: str) -> str:
    """Without the apostrophe by which our own exports mark what a spreadsheet would compute."""
    text = text.strip()
    return text[1:] if text.startswith("'") and text[1:].lstrip(" ").startswith(FORMULA) else text


def name_parts(text: str) -> tuple[str, str]:
    """First and last name, of "Ann Roe" and of "Roe, Ann"; a single word is a last name."""
    if "," in text:
        last, _, first = text.partition(",")
    else:
        first, _, last = text.rpartition(" ")
    return first.strip(), last.strip()


def value_of(field: forms.Field, text: str, *, day_first: bool) -> Any:
    """Raises ValidationError. ``text`` is not empty."""
    match field:
        case forms.NullBooleanField() | forms.BooleanField():
            return _yes_or_no(text)
        case forms.DateTimeField():
            return _moment(text, day_first)
        case forms.DateField():
            return _moment(text, day_first).date()
        case forms.MultipleChoiceField():
            return field.clean([_choice(field, part) for part in re.split(r"\s*[;\n]\s*", text) if part])
        case forms.ChoiceField():
            return field.clean(_choice(field, text))
        case SimpleArrayField():
            return field.clean(re.sub(r"\s*[;,\s]\s*", ",", text).strip(","))
        case forms.IntegerField() | forms.DecimalField():
            return field.clean(_number(text))
    return field.clean(text)


def _yes_or_no(text: str) -> bool:
    word = fold(text)
    if word in YES or word in NO:
        return word in YES
    raise ValidationError("Write yes or no.")


def _choice(field: Any, text: str) -> str:
    """The choice that is meant, whatever its case; what is none is left for the field to refuse."""
    wanted = fold(text)
    for value, label in field.choices:
        if wanted in (fold(str(value)), fold(str(label))):
            return value
    return text


def _number(text: str) -> str:
    """Without currency, spaces and thousands separators: 1,234.50 and 1.234,50 and 1 234,50 are one number."""
    plain = re.sub(r"[\s\u00a0\u202f']", "", text)
    plain = re.sub(r"^(-?)[^\d.,-]{1,3}|[^\d.,]{1,3}$", r"\1", plain)
    if GROUPED[","].fullmatch(plain):
        return plain.replace(",", "")
    if GROUPED["."].fullmatch(plain):
        return plain.replace(".", "").replace(",", ".")
    return plain.replace(",", ".")


def _moment(text: str, day_first: bool) -> datetime:
    """In the time zone of whoever imports, unless it says another."""
    orders = (*ANY_ORDER, *(DAY_FIRST if day_first else MONTH_FIRST))
    try:
        if found := parse_datetime(text):
            return found if found.tzinfo else from_current_timezone(found)
    except ValueError:
        pass
    for time in TIMES:
        for order in orders:
            try:
                return from_current_timezone(datetime.strptime(text, order + time))  # noqa: DTZ007 - it follows
            except ValueError:
                continue
    order = "day first (31/12/2026)" if day_first else "month first (12/31/2026)"
    raise ValidationError(f"Not a date that is read as year first (2026-12-31) or {order}.")
