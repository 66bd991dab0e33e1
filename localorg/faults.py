"""Faults on demand. Rules come from POST /localorg/faults; the first ones that match act."""

import random
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ACTIONS = {
    "delay",
    "drop_before",
    "drop_after",
    "status",
    "html",
    "lock",
    "limit",
    "expire",
    "revoke",
    "duplicate_page",
}
OAUTH = "/services/oauth2/"


@dataclass
class Rule:
    do: str
    method: str | None = None
    path: str | None = None
    object: str | None = None
    times: int | None = None
    probability: float = 1.0
    delay_ms: int = 0
    status: int | None = None

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "Rule":
        """Raises ValueError for a rule that could never mean anything."""
        match = given.get("match") or {}
        do = str(given.get("do"))
        if do not in ACTIONS:
            raise ValueError(f"do must be one of {', '.join(sorted(ACTIONS))}, not {do}")
        if unknown := set(match) - {"method", "path", "object"}:
            raise ValueError(f"match knows method, path and object, not {', '.join(sorted(unknown))}")
        try:
            re.compile(match.get("path") or "")
        except re.error as error:
            raise ValueError(f"match.path is no regular expression: {error}") from None
        numbers = {
            name: given[name] for name in ("times", "probability", "delay_ms", "status") if given.get(name) is not None
        }
        return cls(do, match.get("method"), match.get("path"), match.get("object"), **numbers)

    def as_json(self) -> dict[str, Any]:
        match = {name: getattr(self, name) for name in ("method", "path", "object") if getattr(self, name)}
        rest = {name: getattr(self, name) for name in ("do", "times", "probability", "delay_ms", "status")}
        return {"match": match, **rest}

    def matches(self, method: str, path: str, objects: frozenset[str]) -> bool:
        if path.startswith("/localorg/") or (path.startswith(OAUTH) and "oauth2" not in (self.path or "")):
            return False
        if self.method and self.method.upper() != method:
            return False
        if self.path and not re.search(self.path, path):
            return False
        return self.object is None or self.object.lower() in objects


@dataclass(slots=True)
class Faults:
    rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _random: random.Random = field(default_factory=random.Random)

    def replace(self, rules: list[Rule]) -> None:
        with self._lock:
            self.rules = rules

    def fire(self, method: str, path: str, objects: frozenset[str]) -> list[Rule]:
        """The rules that act on a request, row locks aside; each counts as used once more."""
        with self._lock:
            return list(
                self._take(rule for rule in self.rules if rule.do != "lock" and rule.matches(method, path, objects))
            )

    def is_locked(self, method: str, path: str, sobject: str) -> bool:
        """Whether this row of the object is locked now: asked once a row, so ``times`` counts rows."""
        if not self.rules:
            return False
        with self._lock:
            found = (r for r in self.rules if r.do == "lock" and r.matches(method, path, frozenset({sobject.lower()})))
            return any(True for _ in self._take(found))

    def _take(self, rules: Iterator[Rule]) -> Iterator[Rule]:
        for rule in rules:
            if rule.times == 0 or self._random.random() >= rule.probability:
                continue
            if rule.times is not None:
                rule.times -= 1
            yield rule
