"""The types of formulas. A value is None when blank; text is never empty but None."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum

Value = str | Decimal | bool | date | datetime | None


class Kind(Enum):
    """The value is the name that the formula editor gives the type."""

    TEXT = "Text"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    DATE = "Date"
    DATETIME = "DateTime"
    PICKLIST = "Picklist"
    MULTIPICKLIST = "Multi-select Picklist"
    NULL = "Null"  # of the word NULL, which fits everywhere


def common(one: Kind, other: Kind) -> Kind | None:
    """The type of a value that may be either; None if there is none."""
    if one is Kind.NULL:
        return other
    return one if other in (one, Kind.NULL) else None
