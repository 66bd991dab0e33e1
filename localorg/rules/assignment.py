"""Assignment rules: who gets a lead that comes in."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localorg import ids
from localorg.errors import refuse_record
from localorg.formulas import Record
from localorg.rules.conditions import Condition, holds
from localorg.schema import SObject

if TYPE_CHECKING:
    from localorg.dml.work import Row, Work

HEADER = "sforce-auto-assign"


@dataclass(frozen=True, slots=True)
class Entry:
    """``applies``: None takes every record."""

    owner_id: str
    applies: Condition | None = None


@dataclass(frozen=True, slots=True)
class AssignmentRule:
    """``default_owner_id``: of what no entry takes."""

    id: str
    name: str
    entries: tuple[Entry, ...]
    default_owner_id: str
    active: bool = True


def assign(work: "Work", sobject: SObject, record_id: str, row: "Row", old: "Row | None") -> None:
    """Give the record to whom the rule says, whatever owner the caller named; also on updates, as in a real org."""
    rule = _chosen(work, sobject)
    if rule is not None:
        owner_id = _owner(rule, Record(work, {**(old or {}), **row, "Id": record_id}, old))
        work.store(sobject, record_id, {"OwnerId": owner_id})


def _chosen(work: "Work", sobject: SObject) -> AssignmentRule | None:
    """By the header: no rule, a certain one, or the active one. Raises RecordRefused for an id of no rule."""
    rules = work.rulebook.assignment.get(sobject.name, ())
    wanted = work.options.get(HEADER, "").strip()
    if not rules or wanted.lower() == "false":
        return None
    rule_id = ids.parse(wanted)
    if rule_id is None:
        return next((rule for rule in rules if rule.active), None)
    for rule in rules:
        if rule.id == rule_id:
            return rule
    raise refuse_record("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")


def _owner(rule: AssignmentRule, record: Record) -> str:
    return next((entry.owner_id for entry in rule.entries if holds(entry.applies, record)), rule.default_owner_id)
