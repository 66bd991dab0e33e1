"""The records that rules have in the org: record types, queues, duplicate, matching and assignment rules."""

from collections.abc import Iterable, Iterator
from typing import Any

from localorg import ids
from localorg.rules import standard
from localorg.setup import Setup

Row = dict[str, Any]


def records(setup: Setup) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "RecordType", _record_types(setup)
    yield "DuplicateRule", _duplicate_rules(setup)
    yield "MatchingRule", _matching_rules(setup)
    yield "MatchingRuleItem", _matching_rule_items(setup)
    yield "Group", _queues(setup)
    yield "QueueSobject", _queue_objects(setup)
    yield "GroupMember", _queue_members(setup)
    yield "AssignmentRule", _assignment_rules(setup)


def _record_types(setup: Setup) -> Iterator[Row]:
    for each in setup.record_types:
        yield {
            "Name": each.label or _label(each.name),
            "DeveloperName": each.name,
            "Description": each.description,
            "SobjectType": each.object,
            "IsActive": int(each.active),
        }


def _duplicate_rules(setup: Setup) -> Iterator[Row]:
    for each in setup.duplicate_rules:
        yield _metadata(each.name, each.label, each.object) | {"IsActive": int(each.active)}


def _matching_rules(setup: Setup) -> Iterator[Row]:
    for name, (sobject, _) in standard.MATCHING_RULES.items():
        yield _metadata(name, None, sobject) | {"BooleanFilter": None, "RuleStatus": "Active"}
    for each in setup.matching_rules:
        row = _metadata(each.name, each.label, each.object)
        yield row | {"BooleanFilter": each.logic, "RuleStatus": "Active"}


def _matching_rule_items(setup: Setup) -> Iterator[Row]:
    for number, each in enumerate(setup.matching_rules, len(standard.MATCHING_RULES) + 1):
        for order, item in enumerate(each.items, 1):
            yield {
                "MatchingRuleId": ids.make("0JD", number),
                "SortOrder": order,
                "Field": item.field,
                "MatchingMethod": item.method,
                "BlankValueBehavior": item.blank_values,
            }


def _metadata(name: str, label: str | None, sobject: str) -> Row:
    row = {"DeveloperName": name, "MasterLabel": label or _label(name), "SobjectType": sobject}
    return row | {"Language": "en_US", "SobjectSubtype": "None"}


def _label(name: str) -> str:
    return name.replace("_", " ")


def _queues(setup: Setup) -> Iterator[Row]:
    for each in setup.queues:
        row = {"Name": each.label or _label(each.name), "DeveloperName": each.name, "Type": "Queue"}
        yield row | {"Email": each.email}


def _queue_objects(setup: Setup) -> Iterator[Row]:
    for number, each in enumerate(setup.queues, 1):
        for sobject in each.objects:
            yield {"QueueId": ids.make("00G", number), "SobjectType": sobject}


def _queue_members(setup: Setup) -> Iterator[Row]:
    numbers = {user.username: number for number, user in enumerate(setup.users, 1)}
    for number, each in enumerate(setup.queues, 1):
        for member in each.members:
            yield {"GroupId": ids.make("00G", number), "UserOrGroupId": ids.make("005", numbers[member])}


def _assignment_rules(setup: Setup) -> Iterator[Row]:
    for each in setup.assignment_rules:
        yield {"Name": each.name, "SobjectType": each.object, "Active": int(each.active)}
