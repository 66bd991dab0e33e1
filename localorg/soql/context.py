"""What all parts of one query share while it is compiled."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

from localorg.schema import Schema
from localorg.soql.calendar import GMT, Calendar


@dataclass(frozen=True)
class Context:
    """``schema``: as the caller sees it; ``text``: of the query, for the carets of errors."""

    schema: Schema
    text: str
    deleted: bool = False  # whether rows in the recycle bin are seen, as by queryAll
    calendar: Calendar = GMT
    next_alias: Callable[[], int] = field(default_factory=lambda: count().__next__)
