"""What planning came to, by object and direction: the counts of a preview."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.models import Run, RunLine

OUTCOMES = (*Run.OUTCOMES, "conflicts")
SHOWN = ("created", "updated", "deleted", "conflicts", "failed", "skipped", "unchanged")
MOVED = ("created", "updated", "deleted")
WORDS = {"deleted": "deleted or unlinked", "failed": "refused"}


@dataclass
class Part:
    """What becomes of the records of one object in one direction; ``here`` and ``there``: how many change on a side.

    ``total``: how many there are to be looked at; ``left_out``: how many more are skipped unseen; ``anyway``: how many
    would be touched without the change that is tried, too. ``is_estimated``: the total itself is not counted.
    """

    direction: str
    remote_object: str
    counts: Counter[str] = field(default_factory=Counter)
    here: int = 0
    there: int = 0
    total: int = 0
    left_out: int = 0
    anyway: int = 0
    is_estimated: bool = False

    @property
    def looked_at(self) -> int:
        return sum(self.counts[name] for name in Run.OUTCOMES)

    @property
    def expected(self) -> int:
        return max(self.total, self.looked_at)

    @property
    def share(self) -> float:
        """How many times as much there is as was looked at."""
        return self.total / self.looked_at if self.total > self.looked_at > 0 else 1.0

    def scaled(self, name: str) -> int:
        return round(self.counts[name] * self.share) + (self.left_out if name == "skipped" else 0)

    @property
    def touched(self) -> int:
        if self.direction == RunLine.Direction.THEN:
            return 0  # a second step, which somebody has yet to ask for
        return max(0, sum(map(self.scaled, MOVED)) - round(self.anyway * self.share))

    def add(self, run: Run, lines: Sequence[RunLine]) -> None:
        self.counts.update({name: getattr(run, name) for name in OUTCOMES})
        self.here += sum(_changes(line, RunLine.Side.HERE) for line in lines)
        self.there += sum(_changes(line, RunLine.Side.THERE) for line in lines)

    def as_json(self) -> dict[str, Any]:
        return vars(self) | {"counts": dict(self.counts)}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Part":
        return cls(**content | {"counts": Counter(content["counts"])})


def _changes(line: RunLine, side: str) -> bool:
    return any(change["side"] == side for change in line.changes)


def parts_of(run: Run | None) -> list[Part]:
    return [Part.from_json(content) for content in run.found.get("parts", ())] if run else []


def touched(parts: Sequence[Part]) -> int:
    return sum(part.touched for part in parts)


def differences(shown: Sequence[Part], now: Sequence[Part]) -> list[str]:
    """What planning again found otherwise, in words."""
    before = {(part.direction, part.remote_object): part for part in shown}
    after = {(part.direction, part.remote_object): part for part in now}
    told = []
    for key in dict.fromkeys([*before, *after]):
        old, new = before.get(key, Part(*key)), after.get(key, Part(*key))
        counts = [
            f"{new.scaled(name):,} {WORDS.get(name, name)} instead of {old.scaled(name):,}"
            for name in OUTCOMES
            if new.scaled(name) != old.scaled(name)
        ]
        told += [f"{key[1]}, {RunLine.Direction(key[0]).label}: {', '.join(counts)}."] if counts else []
    return told
