"""All rules of an org, by the object that they are about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from localorg.rules.assignment import AssignmentRule
from localorg.rules.duplicates import DuplicateRule
from localorg.rules.validation import ValidationRule


@dataclass(frozen=True)
class Rulebook:
    """Validation and duplicate rules: the active ones, in the order in which they run."""

    validation: Mapping[str, tuple[ValidationRule, ...]] = field(default_factory=dict)
    duplicates: Mapping[str, tuple[DuplicateRule, ...]] = field(default_factory=dict)
    assignment: Mapping[str, tuple[AssignmentRule, ...]] = field(default_factory=dict)

    def indexes(self) -> Iterator[str]:
        """Statements for the indexes that duplicates are found by."""
        used = (c.rule for rules in self.duplicates.values() for rule in rules for c in rule.comparisons)
        for rule in {rule.name: rule for rule in used}.values():
            yield from rule.indexes()


EMPTY = Rulebook()
