"""What administrators' rules do with a save, at the places that Salesforce's order of execution gives them."""

from typing import TYPE_CHECKING

from localorg.formulas import Record
from localorg.rules import assignment, duplicates, validation
from localorg.rules.duplicates import Finding
from localorg.schema import SObject

if TYPE_CHECKING:
    from localorg.dml.work import Row, Work


def before(work: "Work", sobject: SObject, row: "Row", old: "Row | None") -> list[Finding]:
    """Validation, then duplicate rules; what these have to report once it is saved. Raises RecordRefused."""
    rules = work.rulebook.validation.get(sobject.name)
    if rules:
        validation.validate(rules, Record(work, {**(old or {}), **row}, old))
    return duplicates.check(work, sobject, row, old) if work.minds_duplicates else []


def after(work: "Work", sobject: SObject, record_id: str, row: "Row", old: "Row | None", found: list[Finding]) -> None:
    """The report of duplicates, then assignment."""
    duplicates.report(work, record_id, found)
    assignment.assign(work, sobject, record_id, row, old)
