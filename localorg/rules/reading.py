"""An org's setup -> its rulebook. Raises SetupError, which names the key at fault."""

from collections.abc import Iterable
from typing import TypeVar

from localorg import ids
from localorg.formulas import FormulaError, condition
from localorg.rules import standard
from localorg.rules.assignment import AssignmentRule, Entry
from localorg.rules.conditions import Condition
from localorg.rules.duplicates import Comparison, DuplicateRule, Reaction
from localorg.rules.matching import Group, Item, MatchingRule, groups
from localorg.rules.rulebook import Rulebook
from localorg.rules.validation import ValidationRule
from localorg.schema import Schema, SObject
from localorg.setup import Setup, SetupError
from localorg.setup import rules as said

T = TypeVar("T")


def rulebook_of(setup: Setup, schema: Schema) -> Rulebook:
    reader = _Reader(setup, schema)
    reader.check_queues()
    return Rulebook(
        _by_object(reader.validation(rule, n) for n, rule in enumerate(setup.validation_rules, 1) if rule.active),
        _by_object(reader.duplicate(rule, n) for n, rule in enumerate(setup.duplicate_rules, 1) if rule.active),
        _by_object(reader.assignment(rule, n) for n, rule in enumerate(setup.assignment_rules, 1)),
    )


def _by_object(rules: Iterable[tuple[SObject, T]]) -> dict[str, tuple[T, ...]]:
    found: dict[str, tuple[T, ...]] = {}
    for sobject, rule in rules:
        found[sobject.name] = (*found.get(sobject.name, ()), rule)
    return found


class _Reader:
    def __init__(self, setup: Setup, schema: Schema) -> None:
        self.setup = setup
        self.schema = schema
        self.matching = {name: self._standard(name) for name in standard.MATCHING_RULES}
        self.matching |= {rule.name: self._matching(rule, n) for n, rule in enumerate(setup.matching_rules, 1)}

    def check_queues(self) -> None:
        for number, queue in enumerate(self.setup.queues, 1):
            for name in queue.objects:
                if "Group" not in self._object(name, f"queues[{number}].objects").owners:
                    raise SetupError(f"queues[{number}].objects", f"no queue can own {name}")
            for name in queue.members:
                self._user(name, f"queues[{number}].members")

    def validation(self, rule: said.ValidationRule, number: int) -> tuple[SObject, ValidationRule]:
        key = f"validation_rules[{number}]"
        sobject = self._object(rule.object, f"{key}.object")
        if rule.field is not None and sobject.find(rule.field) is None:
            raise SetupError(f"{key}.field", f"{rule.object} has no field {rule.field}")
        is_broken = self._condition(rule.formula, sobject, f"{key}.formula")
        return sobject, ValidationRule(rule.name, is_broken, rule.message, rule.field)

    def duplicate(self, rule: said.DuplicateRule, number: int) -> tuple[SObject, DuplicateRule]:
        key = f"duplicate_rules[{number}]"
        sobject = self._object(rule.object, f"{key}.object")
        comparisons = tuple(self._comparison(sobject, rule, name, key) for name in rule.matching_rules)
        return sobject, DuplicateRule(
            ids.make("0Bm", number),
            rule.name,
            sobject,
            comparisons,
            _reaction(rule.action_on_insert, rule.operations_on_insert),
            _reaction(rule.action_on_update, rule.operations_on_update),
            rule.alert_text,
            self._condition(rule.condition, sobject, f"{key}.condition") if rule.condition else None,
            rule.security_option == "BypassSharingRules",
        )

    def assignment(self, rule: said.AssignmentRule, number: int) -> tuple[SObject, AssignmentRule]:
        key = f"assignment_rules[{number}]"
        sobject = self.schema[rule.object]
        entries = tuple(self._entry(e, sobject, f"{key}.entries[{n}]") for n, e in enumerate(rule.entries, 1))
        default = self._user(rule.default_owner, f"{key}.default_owner") if rule.default_owner else ids.make("005", 1)
        return sobject, AssignmentRule(ids.make("01Q", number), rule.name, entries, default, rule.active)

    def _comparison(self, sobject: SObject, rule: said.DuplicateRule, name: str, key: str) -> Comparison:
        found = self.matching.get(name)
        if found is None:
            known = ", ".join(self.matching)
            raise SetupError(f"{key}.matching_rules", f'there is no matching rule "{name}"; known: {known}')
        comparison = Comparison(found, standard.MAPPINGS.get((sobject.name, found.sobject.name), {}) | rule.mapping)
        for path in comparison.paths:
            self._check_path(sobject, path, f"{key}.mapping")
        return comparison

    def _matching(self, rule: said.MatchingRule, number: int) -> MatchingRule:
        key = f"matching_rules[{number}]"
        if not rule.name.isidentifier():
            raise SetupError(f"{key}.name", f'"{rule.name}" must be made of letters, digits and underscores')
        sobject = self._object(rule.object, f"{key}.object")
        for n, item in enumerate(rule.items, 1):
            self._check_path(sobject, item.field, f"{key}.items[{n}].field")
        items = tuple(Item(item.field, item.method, item.blank_values) for item in rule.items)
        try:
            return MatchingRule(rule.name, sobject, _indexed(groups(items, rule.logic)))
        except ValueError as error:
            raise SetupError(f"{key}.logic" if rule.logic else f"{key}.items", str(error)) from None

    def _standard(self, name: str) -> MatchingRule:
        object_name, alternatives = standard.MATCHING_RULES[name]
        return MatchingRule(name, self.schema[object_name], tuple(Group(items) for items in alternatives))

    def _entry(self, entry: said.AssignmentEntry, sobject: SObject, key: str) -> Entry:
        find = self._queue if entry.assigned_to_type == "Queue" else self._user
        applies = self._condition(entry.formula, sobject, f"{key}.formula") if entry.formula else None
        return Entry(find(entry.assigned_to, f"{key}.assigned_to"), applies)

    def _condition(self, formula: str, sobject: SObject, key: str) -> Condition:
        try:
            return condition(formula, self.schema, sobject)
        except FormulaError as error:
            raise SetupError(key, str(error)) from None

    def _object(self, name: str, key: str) -> SObject:
        if name not in self.schema.sobjects:
            raise SetupError(key, f'there is no object "{name}"')
        return self.schema[name]

    def _check_path(self, sobject: SObject, path: str, key: str) -> None:
        relationship, _, name = path.rpartition(".")
        reference = sobject.by_relationship.get(relationship.lower())
        target = self.schema[reference.targets[0]] if reference else sobject
        if (relationship and reference is None) or not target.has(name) or not target.fields[name].stored:
            raise SetupError(key, f"{sobject.name} has no field {path}")

    def _user(self, username: str, key: str) -> str:
        return _numbered("005", [user.username for user in self.setup.users], username, key)

    def _queue(self, name: str, key: str) -> str:
        return _numbered("00G", [queue.name for queue in self.setup.queues], name, key)


def _numbered(prefix: str, names: list[str], name: str, key: str) -> str:
    """The id of the record that is made from an entry of the file."""
    if name not in names:
        raise SetupError(key, f'there is no "{name}"; known: {", ".join(names)}')
    return ids.make(prefix, names.index(name) + 1)


def _reaction(action: str, operations: tuple[str, ...]) -> Reaction:
    return Reaction(action == "Block", "Alert" in operations, "Report" in operations)


def _indexed(found: tuple[Group, ...]) -> tuple[Group, ...]:
    if not all(group.keys for group in found):
        raise ValueError("every alternative needs a field of the record itself to be found by")
    return found
