"""Duplicate rules: whether a record that is like others is saved, and what is told or noted of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localorg.errors import Problem, RecordRefused
from localorg.formulas import Record
from localorg.rules.conditions import Condition, holds
from localorg.rules.headers import options
from localorg.rules.matching import MatchingRule, column_of, value_at
from localorg.schema import Schema, SObject

if TYPE_CHECKING:
    from localorg.dml.work import Row, Work

HEADER = "sforce-duplicate-rule-header"


@dataclass(frozen=True, slots=True)
class Reaction:
    """To duplicates, on create or on edit. ``blocks``: whatever the caller says; ``alerts``: unless he insists."""

    blocks: bool
    alerts: bool
    reports: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """A matching rule and how the paths of its object are called on the object that is saved."""

    rule: MatchingRule
    mapping: Mapping[str, str]

    @property
    def paths(self) -> list[str]:
        return [self.mapping.get(path, path) for path in self.rule.paths]


@dataclass(frozen=True, slots=True)
class DuplicateRule:
    """``sees_all``: whether records are compared that the saver may not see."""

    id: str
    name: str
    sobject: SObject
    comparisons: tuple[Comparison, ...]
    on_create: Reaction
    on_edit: Reaction
    alert: str
    applies: Condition | None = None
    sees_all: bool = False

    @property
    def columns(self) -> frozenset[str]:
        """Of the saved object: a change of any makes the rule run."""
        paths = [path for comparison in self.comparisons for path in comparison.paths]
        return frozenset(column_of(self.sobject, path) for path in paths)


@dataclass(frozen=True, slots=True)
class Matches:
    """What one matching rule found: id -> confidence."""

    rule: MatchingRule
    records: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one duplicate rule found."""

    rule: DuplicateRule
    reaction: Reaction
    matches: tuple[Matches, ...]


class DuplicatesDetected(RecordRefused):
    """Not saved, for it is like other records. ``details``: whether the caller asked for these records whole."""

    def __init__(self, findings: list[Finding], details: bool) -> None:
        super().__init__([Problem("DUPLICATES_DETECTED", finding.rule.alert) for finding in findings])
        self.findings = findings
        self.details = details


def check(work: "Work", sobject: SObject, row: "Row", old: "Row | None") -> list[Finding]:
    """What is to be reported once the record is saved. Raises DuplicatesDetected."""
    given = options(work.options.get(HEADER, ""))
    now = {**(old or {}), **row}
    found = []
    for rule in work.rulebook.duplicates.get(sobject.name, ()):
        if _runs(work, rule, now, old):
            found += _found(work, rule, now, old, given)
    insists = given.get("allowsave") == "true"
    refused = [f for f in found if f.reaction.blocks or (f.reaction.alerts and not insists)]
    if refused:
        raise DuplicatesDetected(refused, given.get("includerecorddetails") == "true")
    return [finding for finding in found if finding.reaction.reports]


def _runs(work: "Work", rule: DuplicateRule, now: "Row", old: "Row | None") -> bool:
    """An edit must touch a field that is compared. A rule does not run for users who may not see all of these."""
    seen = work.view.find(rule.sobject.name)
    if seen is None or not all(seen.has(name) for name in rule.columns):
        return False
    if old is not None and all(now.get(name) == old.get(name) for name in rule.columns):
        return False
    return holds(rule.applies, Record(work, now, old))


def _found(work: "Work", rule: DuplicateRule, now: "Row", old: "Row | None", given: Mapping[str, str]) -> list[Finding]:
    sees_all = rule.sees_all and given.get("runascurrentuser") != "true"
    view = work.schema if sees_all else work.view
    compared = (_matches(work, comparison, rule.sobject, now, view) for comparison in rule.comparisons)
    matches = tuple(each for each in compared if each.records)
    return [Finding(rule, rule.on_create if old is None else rule.on_edit, matches)] if matches else []


def _matches(work: "Work", comparison: Comparison, sobject: SObject, now: "Row", view: Schema) -> Matches:
    """Records saved together are not compared with each other, nor is a record with itself."""
    rule = comparison.rule
    wanted = dict(zip(rule.paths, (value_at(work, sobject, now, path) for path in comparison.paths), strict=True))
    found = rule.find(work, wanted, view)
    others = {i: score for i, score in found.items() if i != now.get("Id") and i not in work.created}
    return Matches(rule, others)


def report(work: "Work", record_id: str, findings: list[Finding]) -> None:
    """Note the record and what it is like in a duplicate record set: one that these are in already, or a new one."""
    for finding in findings:
        same = [other for matches in finding.matches for other in matches.records]
        set_id = _known_set(work, finding.rule.id, same) or _new_set(work, finding.rule.id)
        for each in (record_id, *same):
            _note(work, set_id, each)
        count = work.db.execute(f"SELECT count(*) {_ITEMS}", (set_id,)).fetchone()[0]
        work.update(work.schema["DuplicateRecordSet"], set_id, {"RecordCount": count})


_ITEMS = 'FROM "DuplicateRecordItem" WHERE "DuplicateRecordSetId" = ? AND NOT "IsDeleted"'


def _known_set(work: "Work", rule_id: str, records: list[str]) -> str | None:
    sql = (
        'SELECT s."Id" FROM "DuplicateRecordSet" s JOIN "DuplicateRecordItem" i ON i."DuplicateRecordSetId" = s."Id" '
        'WHERE s."DuplicateRuleId" = ? AND NOT s."IsDeleted" AND NOT i."IsDeleted" '
        f'AND i."RecordId" IN ({", ".join("?" * len(records))}) LIMIT 1'
    )
    found = work.db.execute(sql, (rule_id, *records)).fetchone()
    return found[0] if found else None


def _new_set(work: "Work", rule_id: str) -> str:
    return _numbered(work, "DuplicateRecordSet", "DRS", {"DuplicateRuleId": rule_id, "RecordCount": 0})


def _note(work: "Work", set_id: str, record_id: str) -> None:
    if work.db.execute(f'SELECT 1 {_ITEMS} AND "RecordId" = ?', (set_id, record_id)).fetchone() is None:
        _numbered(work, "DuplicateRecordItem", "DRI", {"DuplicateRecordSetId": set_id, "RecordId": record_id})


def _numbered(work: "Work", name: str, letters: str, values: "Row") -> str:
    sobject = work.schema[name]
    record_id = work.insert(sobject, values)
    number = work.db.execute(f'SELECT _n FROM "{name}" WHERE "Id" = ?', (record_id,)).fetchone()[0]
    work.store(sobject, record_id, {"Name": f"{letters}-{number:06d}"})
    return record_id
