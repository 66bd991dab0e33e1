"""What the doctor says of one trouble."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Weight(StrEnum):
    PROBLEM = "problem"  # something stands still, or the two sides differ
    NOTICE = "notice"  # worth knowing


@dataclass
class Finding:
    """``why``: what it means if it stays; ``remedy``: what a person does. ``mend``: what is safe to do without one;
    it returns how many it mended.
    """

    code: str
    what: str
    why: str
    remedy: str
    count: int = 1
    since: datetime | None = None
    weight: Weight = Weight.PROBLEM
    details: list[str] = field(default_factory=list)
    mend: Callable[[], int] | None = None
    mended: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether it still needs somebody."""
        return self.weight == Weight.PROBLEM and self.mended is None

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "weight": str(self.weight),
            "what": self.what,
            "count": self.count,
            "since": self.since.isoformat() if self.since else None,
            "why": self.why,
            "remedy": self.remedy,
            "details": self.details,
            "can_be_mended": self.mend is not None,
            "mended": self.mended,
        }
