"""The rules in force, and which of them act on a request, a row or a job."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from localorg.calllog import CURRENT
from localorg.errors import RecordRefused, refuse_record
from localorg.faults.answers import row_message
from localorg.faults.rule import JOB_ACTIONS, REQUEST_ACTIONS, ROW_ACTIONS, Rule

OWN_DELAY = {"late", "trickle"}  # what delay_ms means is theirs to say
LOCKED = "UNABLE_TO_LOCK_ROW"


@dataclass(frozen=True, slots=True)
class Fired:
    """The rules that act on one request, in their order."""

    rules: tuple[Rule, ...] = ()

    def __contains__(self, do: str) -> bool:
        return self.get(do) is not None

    def get(self, do: str) -> Rule | None:
        return next((rule for rule in self.rules if rule.do == do), None)

    @property
    def delay(self) -> float:
        """Seconds to wait before anything else."""
        return sum(rule.delay_ms for rule in self.rules if rule.do not in OWN_DELAY) / 1000


NONE = Fired()


@dataclass(slots=True)
class Faults:
    rules: list[Rule] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def replace(self, rules: list[Rule]) -> None:
        with self._lock:
            self.rules = rules

    def fire(self, method: str, path: str, objects: frozenset[str]) -> Fired:
        """The rules that act on a request; each counts as used once more."""
        return Fired(tuple(self._take(REQUEST_ACTIONS, method, path, objects))) if self.rules else NONE

    def refusal(self, method: str, path: str, sobject: str, record_id: str) -> RecordRefused | None:
        """What a rule says against writing this row. Asked once a row, so ``times`` and the like count rows."""
        found = self._take(ROW_ACTIONS, method, path, frozenset({sobject.lower()})) if self.rules else []
        if not found:
            return None
        code = found[0].code if found[0].do == "refuse" and found[0].code else LOCKED
        return refuse_record(code, found[0].message or row_message(code, record_id))

    def held(self, method: str, path: str, sobject: str, record_id: str) -> RecordRefused | None:
        """What a rule says against locking this row while another, that belongs to it, is written."""
        found = self._take(("hold",), method, path, frozenset({sobject.lower()})) if self.rules else []
        return refuse_record(LOCKED, found[0].message or row_message(LOCKED, record_id)) if found else None

    def job(self, method: str, path: str, sobject: str) -> str | None:
        """What goes wrong with a bulk job, asked once when it is closed or queued: "job_fail" or "job_stall"."""
        found = self._take(JOB_ACTIONS, method, path, frozenset({sobject.lower()})) if self.rules else []
        return found[0].do if found else None

    def _take(self, actions: Iterable[str], method: str, path: str, objects: frozenset[str]) -> list[Rule]:
        with self._lock:
            rules = [rule for rule in self.rules if rule.do in actions and rule.matches(method, path, objects)]
            taken = [rule for rule in rules if rule.takes()]
        entry = CURRENT.get()
        if entry is not None:
            entry.faults += [rule.do for rule in taken if rule.do not in entry.faults]
        return taken
