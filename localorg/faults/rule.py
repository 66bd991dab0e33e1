"""One rule: what it matches, what it does, how often; and how it is read from JSON."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import count
from random import Random
from typing import Any

REQUEST_ACTIONS = {
    "delay": "waits delay_ms",
    "drop_before": "closes the connection; nothing is carried out",
    "drop_after": "carries it out, then closes the connection",
    "late": "waits until the caller has given up, then delay_ms more, and only then carries it out",
    "status": "answers with a status of your choice (503 unless said), nothing is carried out",
    "html": "answers a page of the edge (502 unless said), nothing is carried out",
    "limit": "answers 403 REQUEST_LIMIT_EXCEEDED",
    "expire": "ends the caller's access tokens",
    "revoke": "ends the caller's access and refresh tokens",
    "truncate": "breaks the connection in the middle of the reply's body",
    "trickle": "sends the reply's body in drops, over delay_ms",
    "duplicate_page": "a page of a query is followed by itself",
    "reorder_page": "from this page on the rows of a query come in another order",
}
ROW_ACTIONS = {
    "lock": "refuses a row with UNABLE_TO_LOCK_ROW",
    "hold": "refuses a row, and rows that belong to it, with UNABLE_TO_LOCK_ROW",
    "refuse": "refuses a row with an error code of your choice",
}
JOB_ACTIONS = {
    "job_fail": "a bulk job fails half-way",
    "job_stall": "a bulk job stays in progress",
}
ACTIONS = REQUEST_ACTIONS | ROW_ACTIONS | JOB_ACTIONS
MATCHED = ("method", "path", "object")
OAUTH = "/services/oauth2/"
LONGEST_DELAY = 600_000  # ms: Salesforce ends a request after ten minutes


@dataclass
class Rule:
    do: str
    method: str | None = None
    path: str | None = None
    object: str | None = None
    after: int = 0
    times: int | None = None
    probability: float = 1.0
    seed: int | None = None
    delay_ms: int = 0
    status: int | None = None
    code: str | None = None
    message: str | None = None
    fired: int = 0
    id: int = field(default_factory=count(1).__next__)
    random: Random = field(default_factory=Random, repr=False)

    @classmethod
    def read(cls, given: Any) -> "Rule":
        """Raises ValueError for a rule that could never mean anything."""
        if not isinstance(given, dict):
            raise ValueError("a rule is an object")
        match = given.get("match") or {}
        if not isinstance(match, dict) or set(match) - set(MATCHED):
            raise ValueError(f"match is an object with some of {', '.join(MATCHED)}")
        rest = {name: value for name, value in given.items() if name not in ("match", *TOLD)}
        if unknown := set(rest) - set(SHOWN):
            raise ValueError(f"no such key: {', '.join(sorted(unknown))}")
        rule = cls(**{name: value for name, value in {"do": "", **rest, **match}.items() if value is not None})
        rule._check()
        rule.random.seed(rule.seed)
        return rule

    def as_json(self) -> dict[str, Any]:
        match = {name: getattr(self, name) for name in MATCHED if getattr(self, name)}
        return {"match": match, **{name: getattr(self, name) for name in (*SHOWN, *TOLD)}}

    def matches(self, method: str, path: str, objects: frozenset[str]) -> bool:
        if path.startswith("/localorg/") or (path.startswith(OAUTH) and "oauth2" not in (self.path or "")):
            return False
        if self.method and self.method.upper() != method:
            return False
        if self.path and not re.search(self.path, path):
            return False
        return self.object is None or self.object.lower() in objects

    def takes(self) -> bool:
        """Whether the rule acts on something that matches it; counts it as matched and used."""
        if self.after:
            self.after -= 1
            return False
        if self.times == 0 or self.random.random() >= self.probability:
            return False
        if self.times is not None:
            self.times -= 1
        self.fired += 1
        return True

    def _check(self) -> None:
        for name in ("do", *MATCHED, "code", "message"):
            if not isinstance(getattr(self, name), str | None):
                raise ValueError(f"{name} must be text")
        if self.do not in ACTIONS:
            raise ValueError(f"do must be one of {', '.join(sorted(ACTIONS))}, not {self.do}")
        for name, (kind, low, high) in NUMBERS.items():
            value = getattr(self, name)
            if value is not None and not (_is(kind, value) and low <= value <= high):
                raise ValueError(f"{name} must be a number from {low} to {high}, not {value!r}")
        try:
            re.compile(self.path or "")
        except re.error as error:
            raise ValueError(f"match.path is no regular expression: {error}") from None


TOLD = ("fired", "id")  # by us; when they are given they mean nothing
SHOWN = tuple(f.name for f in fields(Rule) if f.name not in (*MATCHED, *TOLD, "random"))
MANY = 2**53
NUMBERS: Mapping[str, tuple[type, int, int]] = {
    "after": (int, 0, MANY),
    "times": (int, 0, MANY),
    "probability": (float, 0, 1),
    "seed": (int, -MANY, MANY),
    "delay_ms": (int, 0, LONGEST_DELAY),
    "status": (int, 200, 599),
}


def _is(kind: type, value: Any) -> bool:
    return isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
